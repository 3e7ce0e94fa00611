"""One call for many readers: whoever leaves, in whatever way, holds up nobody."""

import asyncio
import copy
import gc
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.exceptions import ModelConnectionError
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

import course_utils
from course_utils.cache import SQLiteStreamCache, cached
from course_utils.cache.source import desk_of
from course_utils.fake import Reply
from course_utils.reliability import reliable
from tests.support.asking import PATIENCE, fake, texts

ASK = {"messages": [("user", "Hi")]}
WORDS = ["One", " two", " three", "."]
WHOLE = "".join(WORDS)


class Plays(BaseChatModel):
    """A model that plays chunks; it waits before each, until the test lets it go on."""

    chunks: list[AIMessageChunk]
    steps: bool = False  # whether each chunk waits for the test

    def model_post_init(self, context, /):
        super().model_post_init(context)
        self._go = threading.Semaphore(0)
        self._asked = 0

    @property
    def _llm_type(self):
        return "plays"

    def let(self, chunks):
        self._go.release(chunks)

    def _generate(self, *args, **kwargs):
        return generate_from_stream(self._stream())

    def _stream(self, *args, **kwargs):
        self._asked += 1
        for chunk in self.chunks:
            if self.steps:
                assert self._go.acquire(timeout=PATIENCE)
            yield ChatGenerationChunk(message=chunk.model_copy(deep=True))


class AsyncPlays(Plays):
    """The same, in an event loop."""

    async def _astream(self, *args, **kwargs):
        self._asked += 1
        for chunk in self.chunks:
            if self.steps:
                assert await asyncio.to_thread(self._go.acquire, timeout=PATIENCE)
            yield ChatGenerationChunk(message=chunk.model_copy(deep=True))


def part(text="", **fields):
    return AIMessageChunk(content=text, **fields)


def end(reason="stop"):
    return part(response_metadata={"finish_reason": reason})


def fragment(args, index=0, name="pay", call_id="1"):
    call = {"name": name, "args": args, "id": call_id, "index": index}
    return part(tool_call_chunks=[{**call, "type": "tool_call_chunk"}])


SPOKEN = [part(word) for word in WORDS]


def bounded(work, *args):
    """What `work` returns on a thread; a test that hangs fails instead."""
    done = []
    thread = threading.Thread(target=lambda: done.append(work(*args)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert done, "still waiting"
    return done[0]


# Every way a reader leaves, at every stage, beside another reader

STAGES = {"waiting": 0, "mid-stream": 2, "at the finish": 5, "after": 6}


class Own(Exception):
    """A reader's own error."""


def leave_by_close(stream):
    stream.close()


def leave_by_exception(stream):
    with suppress(Own), closing(stream):
        raise Own


def leave_by_throw(stream):
    with suppress(Own):
        stream.throw(Own)


def leave_by_interrupt(stream):
    with suppress(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)


def leave_by_collection(stream):
    del stream


LEAVING = [
    leave_by_close,
    leave_by_exception,
    leave_by_throw,
    leave_by_interrupt,
    leave_by_collection,
]


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("leader", [True, False])
def test_a_thread_that_leaves_holds_up_no_other(leave, stage, leader):
    inner = Plays(chunks=[*SPOKEN, end()])
    model = cached(inner)
    streams = [model.stream("Hi"), model.stream("Hi")]
    seen = "" if leader else next(streams[1]).text
    leaving = streams.pop(0)
    for _ in range(STAGES[stage]):
        next(leaving, None)
    leave(leaving)
    del leaving
    if leave is leave_by_collection:
        gc.collect()
    assert seen + "".join(bounded(texts, streams.pop())) == WHOLE
    assert "".join(bounded(texts, model.stream("Hi"))) == WHOLE
    assert len(desk_of(model.store)) == 0


async def read(stream, count):
    for _ in range(count):
        await anext(stream, None)


@pytest.mark.parametrize("kind", [Plays, AsyncPlays])
@pytest.mark.parametrize("how", ["aclose", "cancel", "exception", "collection"])
@pytest.mark.parametrize("stage", STAGES)
async def test_a_task_that_leaves_holds_up_no_other(kind, how, stage):
    inner = kind(chunks=[*SPOKEN, end()])
    model = cached(inner)
    leaving, staying = model.astream("Hi"), model.astream("Hi")
    await read(staying, 1)
    await read(leaving, STAGES[stage])
    if how == "cancel":
        task = asyncio.create_task(read(leaving, 100))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    elif how == "exception":
        with suppress(Own):
            await leaving.athrow(Own)
    elif how == "aclose":
        await leaving.aclose()
    del leaving
    if how == "collection":
        gc.collect()
    async with asyncio.timeout(PATIENCE):
        rest = [chunk.text async for chunk in staying]
        assert "".join(rest) in (WHOLE, "".join(WORDS[1:]))
        assert (await model.ainvoke("Hi")).text == WHOLE
        for _ in range(100):  # the worker's last turns
            await asyncio.sleep(0)
    assert len(desk_of(model.store)) == 0


@pytest.mark.parametrize("kind", [Plays, AsyncPlays])
@pytest.mark.parametrize("turns", range(12))
async def test_a_task_may_be_cancelled_at_any_await(kind, turns):
    inner = kind(chunks=[*SPOKEN, end()])
    model = cached(inner)
    leaving = asyncio.create_task(model.ainvoke("Hi"))
    staying = asyncio.create_task(model.ainvoke("Hi"))
    for _ in range(turns):
        await asyncio.sleep(0)
    leaving.cancel()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(leaving, return_exceptions=True)
        assert (await staying).text == WHOLE


def interrupting(at):
    """A trace function that raises KeyboardInterrupt at the so-many-th line of ours."""
    package = course_utils.__path__[0]
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        if not frame.f_code.co_filename.startswith(package):
            return None
        if event == "line":
            count += 1
            if count == at:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    return trace


def lines_of_a_stream(model):
    """How many lines of ours a reader runs through: so many may be interrupted."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        if not frame.f_code.co_filename.startswith(course_utils.__path__[0]):
            return None
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        texts(model.stream("Hi"))
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize("followed", [False, True])
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_reader_may_be_interrupted_at_any_line(followed):
    lines = lines_of_a_stream(cached(fake(WHOLE)))
    assert lines > 100
    for at in range(1, lines + 1):
        model = cached(fake(WHOLE))
        follower = model.stream("Hi")
        seen = next(follower).text if followed else ""
        sys.settrace(interrupting(at))
        try:
            with suppress(KeyboardInterrupt):
                texts(model.stream("Hi"))
        finally:
            sys.settrace(None)
        if followed:
            assert seen + "".join(bounded(texts, follower)) == WHOLE, at
        assert "".join(bounded(texts, model.stream("Hi"))) == WHOLE, at


# Loops and threads, executors and stores


def steadily(model):
    return reliable(reliable(model, between_tokens_timeout=5), fallbacks=[model])


@pytest.mark.parametrize("store", ["memory", "SQLite"])
@pytest.mark.parametrize("kind", [Plays, AsyncPlays])
@pytest.mark.parametrize("around", [lambda model: model, steadily], ids=["", "steady"])
async def test_readers_that_fill_the_loops_executor_hold_up_no_task(
    store, kind, around, tmp_path
):
    cache = SQLiteStreamCache(tmp_path / "a.db") if store == "SQLite" else None
    model = cached(around(kind(chunks=[*SPOKEN, end()])), cache)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(2))
    asking = [asyncio.to_thread(model.invoke, "Hi") for _ in range(8)]
    asking += [model.ainvoke("Hi") for _ in range(8)]
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*asking)
    assert {answer.text for answer in answers} == {WHOLE}


@pytest.mark.parametrize("kind", [Plays, AsyncPlays])
@pytest.mark.parametrize("around", [lambda model: model, steadily], ids=["", "steady"])
async def test_an_executor_that_is_full_for_ever_holds_up_no_task(
    kind, around, tmp_path
):
    loop = asyncio.get_running_loop()
    let_go = threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    stuck = loop.run_in_executor(None, let_go.wait)
    inner = kind(chunks=[*SPOKEN, end()])
    model = cached(around(inner), SQLiteStreamCache(tmp_path / "a.db"))
    try:
        async with asyncio.timeout(PATIENCE):
            assert (await model.ainvoke("Hi")).text == WHOLE
            assert (await model.ainvoke("Hi")).text == WHOLE
    finally:
        let_go.set()
        await stuck
    assert inner._asked == 1


def test_two_event_loops_never_wait_for_each_other():
    inner = AsyncPlays(chunks=[*SPOKEN, end()], steps=True)
    model = cached(inner)

    async def halfway():
        stream = model.astream("Hi")
        inner.let(1)
        await anext(stream)
        inner.let(100)
        return bounded(lambda: asyncio.run(model.ainvoke("Hi")).text)

    assert asyncio.run(halfway()) == WHOLE


ENDS_BY_ITSELF = """
import sys, threading
from course_utils.cache import cached
from course_utils.fake import FakeStreamingChatModel, Reply

stuck = Reply("One two three.", stall_after=1)
model = cached(FakeStreamingChatModel(replies=[stuck]))
stream = model.stream("Hi")
next(stream), next(stream)
threading.Thread(target=lambda: list(model.stream("Hi")), daemon=True).start()
raise ZeroDivisionError("my own")
"""


@pytest.mark.slow
def test_a_program_that_ends_ends_with_its_own_traceback():
    command = [sys.executable, "-c", ENDS_BY_ITSELF]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stderr.rstrip().endswith("ZeroDivisionError: my own")


# What was taken back never comes back

HALF = Reply("Half of it", drop_after=2)


def restarting(*replies):
    inner = fake(*replies, "never")
    return inner, reliable(inner, after_first_token="restart", wait_initial=0)


def test_followers_of_a_restart_get_a_new_message():
    _, sturdy = restarting(HALF, "The whole.")
    model = cached(sturdy)
    streams = [model.stream("Hi"), model.stream("Hi")]
    seen = [[], []]
    for first, second in zip(*streams, strict=True):
        seen[0].append(first)
        seen[1].append(second)
    for chunks in seen:
        restart = [bool(one.response_metadata.get("restart")) for one in chunks]
        at = restart.index(True)
        before, after = {c.id for c in chunks[:at]}, {c.id for c in chunks[at:]}
        assert len(before) == len(after) == 1
        assert before != after
        assert "".join(one.text for one in chunks[at:]) == "The whole."
    assert {one.id for one in seen[0]}.isdisjoint(one.id for one in seen[1])


async def test_an_answer_asked_for_whole_beside_a_stream_has_nothing_taken_back():
    _, sturdy = restarting(HALF, "The whole.")
    model = cached(sturdy)
    stream = model.astream("Hi")
    await anext(stream)
    asked = asyncio.create_task(model.ainvoke("Hi"))
    [chunk async for chunk in stream]
    assert (await asked).text == "The whole."


@pytest.mark.parametrize("hits", [0, 1])
def test_a_graphs_state_holds_nothing_taken_back(hits):
    _, sturdy = restarting(HALF, "The whole.")
    agent = create_agent(cached(sturdy), [])
    for _ in range(hits + 1):
        *_, (_, state) = agent.stream(ASK, stream_mode=["messages", "values"])
    assert state["messages"][-1].text == "The whole."


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_protocol_events_never_mix_two_answers():
    _, sturdy = restarting(HALF, "The whole.", "The whole.")
    model = cached(sturdy)
    with pytest.raises(ModelConnectionError, match="began anew"):
        "".join(model.stream_events("Hi", version="v3").text)
    again = "".join(model.stream_events("Hi", version="v3").text)
    assert again in ("The whole.", "never")


# Private to its reader


def spoil(value):
    """Edit all that can be edited, however deep."""
    if isinstance(value, dict):
        for one in list(value.values()):
            spoil(one)
        value["spoilt"] = "spoilt"
        for key in list(value):
            if isinstance(value[key], str):
                value[key] = "spoilt"
    elif isinstance(value, list):
        for one in value:
            spoil(one)
        value[:] = ["spoilt" if isinstance(one, str) else one for one in value]


EDITABLE = (
    *("tool_call_chunks", "tool_calls", "invalid_tool_calls", "additional_kwargs"),
    *("response_metadata", "usage_metadata", "content"),
)
CALLING = [
    part(additional_kwargs={"deep": {"er": ["kept"]}}),
    part(response_metadata={"deep": {"er": ["kept"]}}),
    AIMessageChunk(content=[{"type": "text", "text": "Now", "index": 0}]),
    fragment('{"amount": '),
    fragment('{"to": {"name": "Bob"}}', index=1, call_id="2"),
    fragment("10}", name=None, call_id=None),
    end("tool_calls"),
]


def told(chunks):
    """What a reader can edit in these chunks, as it is now."""
    return copy.deepcopy(
        [[getattr(one, name, None) for name in EDITABLE] for one in chunks]
    )


def unmarked(parts):
    """The same without the mark of a kept answer."""
    for one in parts:
        one[4].pop("cached", None)
    return parts


@pytest.mark.parametrize("store", ["memory", "SQLite"])
@pytest.mark.parametrize("who", ["asker", "follower", "hit"])
def test_what_a_reader_edits_is_its_own(store, who, tmp_path):
    make = {
        "memory": InMemoryCache,
        "SQLite": lambda: SQLiteStreamCache(tmp_path / "a"),
    }
    model = cached(Plays(chunks=CALLING), make[store]())
    truth = unmarked(told(Plays(chunks=CALLING).stream("Hi")))
    if who == "hit":
        list(model.stream("Hi"))
    streams = [model.stream("Hi"), model.stream("Hi")]
    first = unmarked(told([next(streams[0])]))
    editing, other = streams if who != "follower" else reversed(streams)
    for chunk in editing:
        for name in EDITABLE:
            spoil(getattr(chunk, name, None))
    seen = unmarked(told(other))
    assert seen == truth if other is streams[1] else first + seen == truth
    assert unmarked(told(model.stream("Hi"))) == truth
    whole = model.invoke("Hi")
    assert [call["args"] for call in whole.tool_calls] == [
        {"amount": 10},
        {"to": {"name": "Bob"}},
    ]
    assert model.inner._asked == 1


PARTS = st.one_of(
    st.text().map(part),
    st.text().map(lambda text: part(text, additional_kwargs={"a": {"b": [text]}})),
    st.text().map(lambda text: part(text, response_metadata={"a": [text]})),
    st.text().map(
        lambda text: AIMessageChunk(
            content=[{"type": "text", "text": text, "index": 0}]
        )
    ),
    st.text().map(
        lambda text: AIMessageChunk(
            content=[{"type": "reasoning", "reasoning": text, "index": 0}]
        )
    ),
    st.integers(0, 3).map(lambda index: fragment("{}", index, call_id=str(index))),
)


@settings(max_examples=30)
@given(st.lists(PARTS, max_size=8), st.lists(st.booleans(), max_size=20))
def test_two_readers_of_one_call_never_see_each_others_changes(parts, turns):
    model = cached(Plays(chunks=[part("a"), *parts, end()]))
    truth = unmarked(told(model.inner.stream("Hi")))
    streams, seen = [model.stream("Hi"), model.stream("Hi")], [[], []]
    for turn in [*turns, *[True, False] * (len(parts) + 3)]:
        chunk = next(streams[turn], None)
        if chunk is not None:
            seen[turn] += unmarked(told([chunk]))
            for name in EDITABLE:
                spoil(getattr(chunk, name, None))
    assert seen == [truth, truth]
    assert unmarked(told(model.stream("Hi"))) == truth or model.inner._asked == 3


@settings(max_examples=30)
@given(
    st.lists(st.text().map(part))
    | st.lists(PARTS.filter(lambda one: one.content == ""))
)
def test_readers_text_is_the_kept_text(parts):
    model = cached(Plays(chunks=[part("a"), *parts, end()]))
    live = "".join(texts(model.stream("Hi")))
    assert live == "".join(texts(model.stream("Hi"))) == model.invoke("Hi").text


# What is kept


def test_parallel_calls_are_kept_whatever_their_index():
    for indexes in ([0, 0], [None, None]):
        calls = [
            fragment('{"amount": 1}', indexes[0], call_id="1"),
            fragment('{"amount": 2}', indexes[1], call_id="2"),
        ]
        bare = Plays(chunks=[*calls, end("tool_calls")])
        model = cached(bare)
        list(model.stream("Hi"))
        again = model.invoke("Hi").tool_calls
        assert [call["args"]["amount"] for call in again] == [1, 2]
        assert bare._asked == 1


@pytest.mark.parametrize("kind", [Plays, AsyncPlays])
async def test_an_answer_is_kept_though_its_reader_leaves_at_the_finish(kind):
    model = cached(kind(chunks=[*SPOKEN, end(), part(usage_metadata=None)]))
    async with aclosing(model.astream("Hi")) as stream:
        async for chunk in stream:
            if chunk.response_metadata:
                break
    assert (await model.ainvoke("Hi")).text == WHOLE
    with closing(model.stream("Ho")) as stream:
        for chunk in stream:
            if chunk.response_metadata:
                break
    assert model.invoke("Ho").text == WHOLE
    assert model.inner._asked == 2


@pytest.mark.parametrize("word", ["length", "gone fishing", "error", "SAFETY", None])
def test_only_a_word_that_is_known_to_be_good_lets_an_answer_be_kept(word):
    model = cached(Plays(chunks=[*SPOKEN, end(word) if word else part()]))
    for _ in range(2):
        list(model.stream("Hi"))
    assert model.inner._asked == 2


@pytest.mark.parametrize("word", ["stop", "end_turn", "COMPLETE", "eos_token"])
def test_every_providers_good_word_lets_an_answer_be_kept(word):
    model = cached(Plays(chunks=[*SPOKEN, end(word)]))
    for _ in range(2):
        list(model.stream("Hi"))
    assert model.inner._asked == 1


def test_text_after_a_finish_reason_opens_the_question_again():
    model = cached(Plays(chunks=[end(), part("One tw")]))
    for _ in range(2):
        list(model.stream("Hi"))
    assert model.inner._asked == 2
