"""What holds for any chunks, marks, voices and cuts."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk

from course_utils.passages import Reader, passages
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
