"""What holds for any chunks, marks, voices and cuts."""

import asyncio
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage

from course_utils.passages import Passage, Reader, passages
from course_utils.timing import measure

WORDS = st.text(max_size=8)
BLOCKS = st.one_of(
    WORDS,
    st.lists(
        st.one_of(
            WORDS.map(lambda text: {"type": "text", "text": text, "index": 1}),
            WORDS.map(lambda text: {"type": "thinking", "thinking": text, "index": 0}),
            st.just({"type": "image", "url": "x"}),
        ),
        max_size=3,
    ),
)
MARKS = st.fixed_dictionaries(
    {},
    optional={
        "additional_kwargs": WORDS.map(lambda text: {"reasoning_content": text}),
        "response_metadata": st.sampled_from(
            [{"finish_reason": "stop"}, {"model_provider": "openai"}, {"status": None}]
        ),
        "usage_metadata": st.integers(0, 99).map(
            lambda n: {"input_tokens": 9, "output_tokens": n, "total_tokens": 9 + n}
        ),
        "tool_call_chunks": WORDS.map(
            lambda text: [{"name": "pay", "args": text, "id": "call", "index": 2}]
        ),
    },
)
VOICES = st.sampled_from(["lc_run-a", "lc_run-b", "c"])
CHUNKS = st.lists(st.tuples(BLOCKS, MARKS, VOICES), max_size=12)


KEYS = st.sampled_from(
    [
        "type",
        "ns",
        "data",
        "event",
        "run_id",
        "method",
        "params",
        "namespace",
        "messages",
        "name",
        "id",
        "result",
        "input",
        "interrupts",
        "triggers",
        "step",
        "timestamp",
        "payload",
        "config",
        "values",
        "tool_call_id",
        "content",
        "index",
        "delta",
        "usage",
        "metadata",
        "__interrupt__",
        "chunk",
        "output",
    ]
)
MODES = st.sampled_from(
    [
        "values",
        "updates",
        "messages",
        "custom",
        "checkpoints",
        "tasks",
        "debug",
        "tools",
        "event",
    ]
)
EVENTS = st.sampled_from(
    [
        "on_chat_model_stream",
        "on_chain_stream",
        "on_tool_end",
        "on_custom_event",
        "message-start",
        "content-block-start",
        "content-block-delta",
        "content-block-finish",
        "message-finish",
        "tool-started",
        "tool-finished",
        "tool-error",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.integers(),
    WORDS,
    MODES,
    EVENTS,
    st.binary(max_size=2),
    st.just(AIMessage("Hi")),
    st.builds(AIMessageChunk, WORDS),
    st.just(ToolMessage("Hi", tool_call_id="1")),
)
ITEMS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, max_size=6),
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=12,
)


@given(st.lists(ITEMS, max_size=4))
def test_any_item_is_told_or_refused_with_the_next_step(items):
    reader = Reader()
    for item in items:
        with suppress(Refused):
            found = read(reader, item)
            assert all(isinstance(passage, Passage) for passage in found)
            assert all(isinstance(passage.text, str) for passage in found)


class Refused(Exception):
    """The item was refused as it should be."""


def read(reader, item):
    try:
        return reader.read(item)
    except TypeError as error:
        if str(error).startswith("passages() reads streams of LangChain, got"):
            raise Refused from error
        raise


def made(drawn):
    return [AIMessageChunk(content=c, id=i, **marks) for c, marks, i in drawn]


def wrapped(chunks, form):
    """The same chunks as a model, a graph in v1 and in v2 give them."""
    meta = {"langgraph_node": "model", "langgraph_checkpoint_ns": "model:1"}
    for chunk in chunks:
        pair = (chunk, meta)
        yield {
            "model": chunk,
            "messages": pair,
            "list": ("messages", pair),
            "subgraphs": ((), "messages", pair),
            "v2": {"type": "messages", "ns": (), "data": pair},
        }[form]


FORMS = st.sampled_from(["model", "messages", "list", "subgraphs", "v2"])


def texts(found):
    """The text of each message."""
    said = {}
    for passage in found:
        if passage.kind == "text":
            said[passage.message] = said.get(passage.message, "") + passage.text
    return said


@given(CHUNKS, FORMS)
def test_each_voice_keeps_its_text_whatever_stands_between(drawn, form):
    chunks = made(drawn)
    said = {}
    for chunk in chunks:
        said[chunk.id] = said.get(chunk.id, "") + chunk.text
    found = texts(passages(wrapped(chunks, form)))
    assert found == {key: text for key, text in said.items() if text}


@given(CHUNKS, FORMS)
def test_sync_and_async_tell_the_same(drawn, form):
    async def stream():
        for item in wrapped(made(drawn), form):
            yield item

    async def read():
        return [passage async for passage in passages(stream())]

    assert asyncio.run(read()) == list(passages(wrapped(made(drawn), form)))


@given(CHUNKS, FORMS)
def test_the_form_changes_nothing_but_the_source(drawn, form):
    plain = list(passages(wrapped(made(drawn), "model")))
    found = list(passages(wrapped(made(drawn), form)))
    assert [passage._replace(source="") for passage in found] == plain


@given(CHUNKS, st.integers(0, 12))
def test_a_cut_stream_tells_what_came_before_the_cut(drawn, after):
    chunks = made(drawn)
    reader = Reader()
    told = [passage for chunk in chunks[:after] for passage in reader.read(chunk)]
    whole = list(passages(iter(chunks)))
    assert whole[: len(told)] == told


@given(CHUNKS)
def test_measure_has_the_text_of_the_passages(drawn):
    found = texts(passages(iter(made(drawn))))
    assert measure(made(drawn)).text == "\n\n".join(found.values())


@given(st.lists(st.text(), max_size=9))
def test_strings_are_one_text(words):
    assert "".join(p.text for p in passages(iter(words))) == "".join(words)


@given(CHUNKS)
def test_the_last_usage_of_a_message_is_the_newest(drawn):
    counts = {}
    for chunk in made(drawn):
        if chunk.usage_metadata:
            counts[chunk.id] = max(
                counts.get(chunk.id, 0), chunk.usage_metadata["output_tokens"]
            )
    found = {
        p.message: p.value["output_tokens"]
        for p in passages(iter(made(drawn)))
        if p.kind == "usage"
    }
    assert all(found[key] >= count for key, count in counts.items())
