"""Streams that tell what their reader does, for the exercises of notebook 5.

An answer gets such a stream; then the check sees how far it was read ahead, and
whether the answer's task and the stream have ended.

    await same_items(hand_over)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from course_utils.exercise import NotYet, expect, expect_equal, shorten
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.replies import Reply
from course_utils.text import text_of

Answer = Callable[..., Any]


class EndsWithText(FakeStreamingChatModel):
    """A model that sends its last text and the finish reason in one chunk."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        held: ChatGenerationChunk | None = None
        for chunk in super()._stream(*args, **kwargs):
            if held is not None and chunk.text:
                yield held
                held = None
            held = chunk if held is None else held + chunk
        if held is not None:
            yield held


class Watched:
    """A stream that counts what was read from it and knows whether it is closed.

    Args:
        items: What it yields.
        silent: Whether it then waits for ever instead of ending.
    """

    def __init__(self, items: Sequence[Any], silent: bool = False) -> None:
        self.read = 0
        self.closed = False
        self.stream = self._play(items, silent)
        self._others = asyncio.all_tasks()  # what runs before the answer begins

    def tasks_ended(self) -> bool:
        """Whether every task has ended that the answer began."""
        return asyncio.all_tasks() <= self._others

    async def _play(self, items: Sequence[Any], silent: bool) -> AsyncIterator[Any]:
        try:
            for item in items:
                self.read += 1
                yield item
            if silent:
                await asyncio.Event().wait()
        finally:
            self.closed = True


def async_generator(made: Any, items: str) -> Any:
    """What an answer made, if it can be read with `async for`."""
    if asyncio.iscoroutine(made):
        made.close()
    if not hasattr(made, "__aiter__"):
        raise NotYet(
            f"It gave {shorten(made)}: write `async def`, and `yield` {items}."
        )
    return made


async def until(so: Callable[[], bool]) -> bool:
    """Whether it is so within half a second: an answer may look now and then only."""
    for _ in range(500):
        if so():
            return True
        await asyncio.sleep(0.001)
    return so()


async def collect(stream: Any) -> tuple[list[Any], str | None]:
    """All items of a stream, and the name of the error that ended it."""
    items: list[Any] = []
    try:
        async for item in async_generator(stream, "each item"):
            items.append(item)
    except NotImplementedError:  # an untouched stub
        raise
    except Exception as error:
        return items, type(error).__name__
    return items, None


async def same_items(hand_over: Answer) -> None:
    """The answer hands on every item as it is, whatever it is."""
    items = ["", 0, None, "x"]
    got, error = await collect(hand_over(Watched(items).stream, 2))
    what = f"A stream of {items}"
    expect(error is None, f"{what} raised {error}: hand on each item as it is.")
    early = f"{what} ended after {len(got)}: no item of a stream may mark the end."
    expect(len(got) == len(items) or got != items[: len(got)], early)
    told = f"{what} came out as {shorten(got)}: hand on each item as it is."
    expect(list(map(repr, got)) == list(map(repr, items)), told)


async def error_last(hand_over: Answer) -> None:
    """An error reaches the reader, after the items that came before it."""
    model = FakeStreamingChatModel(replies=Reply("Turn left, then.", drop_after=2))
    try:
        async with asyncio.timeout(1):
            got, error = await collect(hand_over(model.astream("Hi"), 2))
    except TimeoutError:
        why = "The stream broke, and its reader still waits: hand the error over, too."
        raise NotYet(why) from None
    expect_equal(
        ("".join(map(text_of, got)), error),
        ("Turn left", "ModelConnectionError"),
        "the text and the error of a broken stream",
    )


async def reads_ahead(hand_over: Answer, maxsize: int) -> None:
    """The task fills the queue while the reader pauses, and then it waits."""
    watched = Watched(range(200))
    reader = async_generator(hand_over(watched.stream, maxsize), "each item")
    for _ in range(3):
        await anext(reader)
    enough = await until(lambda: watched.read >= 3 + maxsize)
    for _ in range(50):  # let the task run further, if it does
        await asyncio.sleep(0)
    ahead = watched.read - 3
    told = f"With `maxsize={maxsize}` the reader took 3 items and paused:"
    expect(ahead, f"{told} nothing was read ahead. The stream needs a task of its own.")
    expect(enough, f"{told} only {ahead} were read ahead, {maxsize} may be.")
    expect(
        ahead <= maxsize + 1,
        f"{told} {ahead} were read ahead. At most {maxsize} may wait for the reader, "
        "and one more be in the task's hand.",
    )
    await _leave(reader, watched, "The reader left")


async def leaves_a_silence(hand_over: Answer) -> None:
    """The reader may leave while the stream is silent."""
    watched = Watched(range(3), silent=True)
    reader = async_generator(hand_over(watched.stream, 10), "each item")
    for _ in range(3):
        await anext(reader)
    await asyncio.sleep(0)
    await _leave(reader, watched, "The reader left while the stream was silent")


async def _leave(reader: Any, watched: Watched, told: str) -> None:
    """Close the reader: the answer's task and the stream end with it."""
    try:
        await reader.aclose()
    except Exception as error:
        raise NotYet(
            f"{told}, and that raised {type(error).__name__}: {error}. "
            "Await the cancelled task before you close the stream."
        ) from error
    ended = await until(watched.tasks_ended)
    expect(ended, f"{told}, and your task runs on: cancel it in `finally`.")
    expect(
        watched.closed,
        f"{told}. Your task has ended, the stream is still open: `aclose()` it.",
    )


async def keeps_the_last_text(honest_events: Answer) -> None:
    """A chunk may bring text and the finish reason together, as some providers do."""

    async def both() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="Turn")
        ending = {"finish_reason": "stop"}
        yield AIMessageChunk(content=" left", response_metadata=ending)

    events, error = await collect(honest_events(both()))
    want = [("text", "Turn"), ("text", " left"), ("done", "stop")]
    told = "The chunk ' left' had the finish reason, too, and "
    expect(error is None, f"{told}the events ended with {error}.")
    expect(events == want, f"{told}the events were {shorten(events)}.")


async def first_comes_early(honest_events: Answer) -> None:
    """The first pair comes at once, and the reader may leave after it."""
    model = FakeStreamingChatModel(replies=("word " * 20).strip())
    events = async_generator(honest_events(model.astream("Hi")), "each event")
    await anext(events)
    sent = model.log[0].tokens_sent
    expect(sent < 3, f"The first pair came after {sent} tokens of 20: yield it sooner.")
    try:
        await events.aclose()
    except RuntimeError as error:
        raise NotYet(
            "The reader left after the first pair, and your generator yielded once "
            "more. Catch `Exception`, not `BaseException`, and `yield` nothing in "
            "`finally`."
        ) from error
    del events  # it may hold the stream
    await until(lambda: model.log[0].outcome != "running")
    left = model.log[0].outcome
    expect(left == "closed by reader", f"The reader left, and the model is {left!r}.")
