"""Which deadline is next, and how a source is held to it: no thread left behind."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest
from langchain_core.exceptions import ModelTimeoutError
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from course_utils.clock import Clock, VirtualClock
from course_utils.reliability import StreamTimeout
from course_utils.reliability.deadlines import Deadlines, Timer, carries
from course_utils.reliability.timeouts import QUEUE_SIZE, awithin, within

Chunk = ChatGenerationChunk


def chunk(content: Any = "x", **fields: Any) -> Chunk:
    return Chunk(message=AIMessageChunk(content=content, **fields))


def thought(words: str = "Hm.") -> Chunk:
    return chunk([{"type": "reasoning", "reasoning": words, "index": 0}])


def workers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "course-deadline"]


# The timer


def timer(clock: Clock, **limits: float) -> Timer:
    return Timer(Deadlines(**limits), clock)


def test_a_thought_is_the_first_sign_of_life_and_starts_the_wait_for_a_word():
    clock = VirtualClock()
    watch = timer(clock, first_token_timeout=5, thinking_timeout=20)
    clock.advance(4)
    watch.saw(thought())
    assert watch.left == 20
    clock.advance(15)
    watch.saw(thought("Still."))
    assert watch.left == 5, "a second thought earns no more time"
    clock.advance(4)
    watch.saw(chunk("Hi"))
    assert watch.left == float("inf")
    watch.saw(thought("And now?"))
    assert watch.left == float("inf"), "only the way to the first word is limited"


@pytest.mark.parametrize(
    "word",
    [
        chunk("Hi"),
        chunk([{"type": "text", "text": "Hi"}]),
        chunk(
            "", tool_call_chunks=[{"name": "pay", "args": "", "id": "1", "index": 0}]
        ),
        chunk("", additional_kwargs={"refusal": "No."}),
    ],
    ids=["text", "block", "call", "refusal"],
)
def test_what_ends_the_thinking(word: Chunk):
    watch = timer(VirtualClock(), thinking_timeout=20)
    watch.saw(thought())
    assert watch.left == 20
    watch.saw(word)
    assert watch.left == float("inf")


@pytest.mark.parametrize(
    "first",
    [
        thought(),
        chunk([{"type": "thinking", "thinking": "Hm."}]),
        chunk([{"type": "thinking", "signature": "sealed"}]),
        chunk([{"type": "redacted_thinking", "data": "sealed"}]),
        chunk("", additional_kwargs={"reasoning_content": "Hm."}),
    ],
    ids=["reasoning", "thinking", "signature", "sealed", "beside"],
)
def test_what_is_a_thought(first: Chunk):
    clock = VirtualClock()
    watch = timer(clock, thinking_timeout=20)
    watch.saw(chunk(""))
    assert watch.left == float("inf"), "an empty chunk is no thought"
    watch.saw(first)
    clock.advance(21)
    assert "first word after a thought did not come within 20 s" in str(watch.missed())


def test_the_readers_time_is_not_the_thinkers():
    clock = VirtualClock()
    watch = timer(clock, thinking_timeout=20)
    handed = watch.saw(thought())
    clock.advance(100)
    watch.excuse(handed)
    assert watch.left == 20


def test_the_first_token_has_a_deadline_of_its_own():
    clock = VirtualClock()
    watch = timer(clock, first_token_timeout=5, between_tokens_timeout=1)
    clock.advance(4)
    assert watch.left == 1
    watch.saw(chunk())
    assert watch.left == 1
    clock.advance(2)
    with pytest.raises(StreamTimeout, match="The next token did not come within 1 s"):
        watch.check()


@pytest.mark.parametrize("empty", [chunk(""), chunk([{"type": "text", "text": ""}])])
def test_an_empty_chunk_does_not_fool_it(empty: Chunk):
    clock = VirtualClock()
    watch = timer(clock, first_token_timeout=5)
    clock.advance(6)
    watch.saw(empty)
    with pytest.raises(ModelTimeoutError, match="first token did not come within 5 s"):
        watch.check()


def test_the_total_goes_on_through_attempts():
    clock = VirtualClock()
    watch = timer(clock, first_token_timeout=5, total_timeout=8)
    clock.advance(4)
    watch.begin()
    assert (watch.left, watch.total_left) == (4, 4)
    clock.advance(5)
    with pytest.raises(StreamTimeout, match=r"end of the answer did not .* 8 s"):
        watch.check()


def test_a_slow_reader_makes_no_token_late():
    clock = VirtualClock()
    watch = timer(clock, between_tokens_timeout=2)
    watch.saw(chunk())
    handed = clock.now()
    clock.advance(60)
    watch.excuse(handed)
    assert watch.left == 2


def test_without_a_deadline_there_is_always_time():
    assert timer(VirtualClock()).left == float("inf")


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_deadline_is_above_zero(value: float):
    with pytest.raises(ValueError, match=r"write 10\.0, or None for no timeout"):
        Deadlines(total_timeout=value)


@pytest.mark.parametrize(
    ("sent", "brings"),
    [
        (chunk("a"), True),
        (chunk([{"type": "text", "text": "a", "index": 0}]), True),
        (chunk([{"type": "reasoning", "reasoning": "a", "index": 0}]), True),
        (chunk(["a"]), True),
        (chunk("", additional_kwargs={"reasoning_content": "hm"}), True),
        (
            chunk(
                tool_call_chunks=[{"name": "f", "args": "", "id": "1", "index": 0}],
                content="",
            ),
            True,
        ),
        (chunk(""), False),
        (chunk([]), False),
        (chunk([{"type": "text", "index": 0, "id": "msg"}]), False),
        (chunk("", response_metadata={"model_provider": "openai"}), False),
    ],
)
def test_a_chunk_carries_something_or_nothing(sent: Chunk, brings: bool):
    assert carries(sent) is brings


# The players: a real clock, and a source that waits for us


class Source:
    """Sends one chunk, then waits until it is released; notes what became of it."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.closed = threading.Event()
        self.pulled = 0

    def chunks(self) -> Generator[Chunk, None, None]:
        try:
            yield chunk("a")
            self.released.wait(30)
            yield chunk("b")
        finally:
            self.closed.set()

    def endless(self) -> Generator[Chunk, None, None]:
        try:
            while True:
                self.pulled += 1
                yield chunk("a")
        finally:
            self.closed.set()

    async def achunks(self) -> AsyncGenerator[Chunk, None]:
        try:
            yield chunk("a")
            await asyncio.sleep(30)
        finally:
            self.closed.set()


def test_no_deadline_means_no_thread_and_the_same_object():
    source = Source().chunks()
    assert within(source, timer(Clock())) is source


def test_a_stalled_source_times_out_and_its_thread_ends_with_it():
    source = Source()
    stream = within(source.chunks(), timer(Clock(), between_tokens_timeout=1))
    assert next(stream).text == "a"
    with pytest.raises(StreamTimeout):
        next(stream)
    source.released.set()
    assert source.closed.wait(10)
    for thread in threading.enumerate():
        if thread.name == "course-deadline":
            thread.join(10)
    assert workers() == []


def test_a_source_in_time_arrives_whole():
    source = Source()
    source.released.set()
    stream = within(source.chunks(), timer(Clock(), total_timeout=600))
    assert [one.text for one in stream] == ["a", "b"]
    assert source.closed.is_set() and workers() == []


def test_the_error_of_the_source_comes_through():
    def broken() -> Generator[Chunk, None, None]:
        yield chunk("a")
        raise KeyError("boom")

    with pytest.raises(KeyError, match="boom"):
        list(within(broken(), timer(Clock(), total_timeout=600)))
    assert workers() == []


LOUD = [SystemExit(2), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()]


@pytest.mark.parametrize("error", LOUD, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("texts", [[], ["a"]], ids=["at once", "after a token"])
def test_whatever_ends_a_source_never_leaves_its_reader_waiting(
    error: BaseException, texts: list[str]
):
    def broken() -> Generator[Chunk, None, None]:
        yield from map(chunk, texts)
        raise error

    came = []
    with pytest.raises(type(error)):
        for one in within(broken(), timer(Clock(), first_token_timeout=600)):
            came.append(one.text)
    assert came == texts and workers() == []


def test_a_source_that_fails_in_closing_never_leaves_its_reader_waiting():
    def broken() -> Generator[Chunk, None, None]:
        try:
            yield chunk("a")
        finally:
            raise OSError("closed badly")

    with pytest.raises(OSError, match="badly"):
        list(within(broken(), timer(Clock(), first_token_timeout=600)))
    assert workers() == []


def test_a_reader_who_leaves_closes_the_source_and_its_thread():
    source = Source()
    stream = within(source.endless(), timer(Clock(), total_timeout=600))
    next(stream)
    stream.close()
    assert source.closed.wait(10) and workers() == []


def test_a_slow_reader_still_slows_the_source():
    source = Source()
    stream = within(source.endless(), timer(Clock(), total_timeout=600))
    for _ in range(3):
        next(stream)
    assert source.pulled <= 3 + QUEUE_SIZE + 1
    stream.close()


def test_the_total_ends_a_source_that_never_stops():
    source = Source()
    with pytest.raises(StreamTimeout, match="end of the answer"):
        for _ in within(source.endless(), timer(Clock(), total_timeout=1)):
            pass
    assert source.closed.wait(10)


async def test_an_async_source_that_stalls_is_closed():
    source = Source()
    stream = awithin(source.achunks(), timer(Clock(), between_tokens_timeout=1))
    with pytest.raises(StreamTimeout):
        async for _ in stream:
            pass
    assert source.closed.is_set()


async def test_a_timeout_of_the_source_is_not_taken_for_ours():
    async def slow() -> AsyncGenerator[Chunk, None]:
        yield chunk("a")
        raise TimeoutError("the provider's own")

    with pytest.raises(TimeoutError, match="own"):
        async for _ in awithin(slow(), timer(Clock(), total_timeout=600)):
            pass


async def test_a_cancelled_reader_is_cancelled_and_closes_the_source():
    source = Source()

    async def read() -> None:
        async for _ in awithin(source.achunks(), timer(Clock(), total_timeout=600)):
            pass

    task = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed.is_set()
