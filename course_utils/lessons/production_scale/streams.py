"""Streams that tell what their reader does, for the exercises of notebook 5.

An answer gets such a stream; then the check sees how far it was read ahead, and
whether the answer's task and the stream have ended.

    await same_items(hand_over)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from itertools import product
from typing import Any

from langchain_core.exceptions import ModelAPIError, ModelConnectionError

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.lessons.scenes import (
    MANY,
    MOST,
    PIECES,
    aplay,
    can_be_cancelled,
    errors,
    stalling,
    until,
)
from course_utils.lessons.scripted import (
    answer,
    calling,
    from_chat_completions,
    in_blocks,
    say,
    thinking,
)
from course_utils.teaching.checks import NotYet, expect, shorten

Answer = Callable[..., Any]


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


async def collect(stream: Any) -> tuple[list[Any], BaseException | None]:
    """All items of a stream, and the error that ended it."""
    items: list[Any] = []
    try:
        async for item in stream:
            items.append(item)
            expect(len(items) <= MOST, f"After {MOST:,} items it goes on.")
    except (NotYet, NotImplementedError):  # a check's own, an untouched stub
        raise
    except (Exception, asyncio.CancelledError) as error:
        return items, error
    return items, None


async def in_time(made: Any, what: str) -> tuple[list[Any], BaseException | None]:
    """What an answer made; if its reader waits for ever, say so."""
    reading = asyncio.ensure_future(collect(async_generator(made, "each item")))
    if not await until(reading.done):
        reading.cancel()
        await until(reading.done)
        why = f"{what}, and its reader still waits: hand the end over, too."
        raise NotYet(why)
    return reading.result()


async def same_items(hand_over: Answer) -> None:
    """The answer hands on every item as it is, whatever it is."""
    items: list[Any] = ["", 0, None, "x", (None, None), False, [], "x"]
    items += [ValueError("an item"), StopAsyncIteration(), object]
    for all_items, maxsize in ((items, 2), ([], 2), (range(3000), 100)):
        made = hand_over(Watched(all_items).stream, maxsize)
        what = f"A stream of {shorten(list(all_items))}"
        got, error = await in_time(made, what)
        kind = type(error).__name__
        raised = f"{what} raised {kind}: an item may be anything, an exception too."
        expect(error is None, raised)
        early = f"{what} ended after {len(got)}: no item of a stream may mark the end."
        expect(len(got) == len(all_items) or got != list(all_items)[: len(got)], early)
        context = f"{what} came out as {shorten(got)}: hand on each item as it is."
        expect(list(map(repr, got)) == list(map(repr, all_items)), context)


async def error_last(hand_over: Answer) -> None:
    """An error reaches the reader as it is, after the items that came before it."""
    for error, play in product(errors(), (aplay, _in_a_burst)):
        kind, others = type(error).__name__, asyncio.all_tasks()
        made = hand_over(play([*HELLO, error]), 5)
        got, raised = await in_time(made, f"The stream broke with a {kind}")
        then = "no error" if raised is None else shorten(raised)
        context = (
            f"A stream of {HELLO} broke with a {kind}. Its reader got {shorten(got)}"
        )
        right = got == HELLO and raised is error
        expect(right, f"{context} and {then}: hand on every item, then that error.")
        ended = await until(partial(_ended, others))
        expect(ended, f"The stream broke with a {kind}, and your task runs on.")


async def _in_a_burst(items: Iterable[Any]) -> AsyncIterator[Any]:
    """All of them, before anybody else gets a turn."""
    for item in items:
        if isinstance(item, BaseException):
            raise item
        yield item


def _ended(others: set[Any]) -> bool:
    return asyncio.all_tasks() <= others


async def leaves_in_other_ways(hand_over: Answer) -> None:
    """The reader is cancelled, or fails: the task ends and the stream is closed."""
    for how in ("was cancelled", "was cancelled as it waited", "raised an error"):
        watched = Watched(range(3 if "waited" in how else 200), silent=True)
        reader = async_generator(hand_over(watched.stream, 3), "each item")
        reading = asyncio.ensure_future(_read_until_it_ends(reader, how))
        for _ in range(20):
            await asyncio.sleep(0)
        reading.cancel()
        expect(await until(reading.done), f"Its reader {how}, and hand_over holds it.")
        await _has_left(watched, f"Its reader {how}")


async def _read_until_it_ends(reader: Any, how: str) -> None:
    async with aclosing(reader):
        async for _ in reader:
            if "raised" in how:
                raise LookupError("on purpose")
            if "waited" not in how:
                await asyncio.Event().wait()


async def two_side_by_side(hand_over: Answer) -> None:
    """Two streams at once: each reader gets its own items."""
    items = [[f"{name}{n}" for n in range(20)] for name in "ab"]
    made = [hand_over(Watched(each).stream, 2) for each in items]
    got = await asyncio.gather(*(in_time(one, "Two at once") for one in made))
    apart = [each for each, _ in got] == items
    expect(apart, f"Two streams at once came out as {shorten([g for g, _ in got])}.")


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
    context = f"With `maxsize={maxsize}` the reader took 3 items and paused:"
    expect(
        ahead, f"{context} nothing was read ahead. The stream needs a task of its own."
    )
    expect(enough, f"{context} only {ahead} were read ahead, {maxsize} may be.")
    expect(
        ahead <= maxsize + 1,
        f"{context} {ahead} were read ahead. At most {maxsize} may wait for the "
        "reader, and one more be in the task's hand.",
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


async def _leave(reader: Any, watched: Watched, context: str) -> None:
    """Close the reader: the answer's task and the stream end with it."""
    try:
        await reader.aclose()
    except Exception as error:
        raise NotYet(
            f"{context}, and that raised {type(error).__name__}: {error}. "
            "Await the cancelled task before you close the stream."
        ) from error
    await _has_left(watched, context)


async def _has_left(watched: Watched, context: str) -> None:
    ended = await until(watched.tasks_ended)
    expect(ended, f"{context}, and your task runs on: cancel it in `finally`.")
    expect(
        watched.closed,
        f"{context}. Your task has ended, the stream is still open: `aclose()` it.",
    )


# Streams of chunks, and the pair that each ends with.
HELLO = ["Turn", " left"]
_HELLO = [*map(say, HELLO)]
ENDS: dict[str, tuple[list[Any], tuple[str, str]]] = {
    "a whole answer": (answer(HELLO), ("done", "stop")),
    "a server's answer": (from_chat_completions(PIECES), ("done", "stop")),
    "odd text": (answer(PIECES), ("done", "stop")),
    "tokens that are lists": (
        [thinking("Hm."), *map(in_blocks, HELLO), say([], "stop")],
        ("done", "stop"),
    ),
    "text beside the finish reason": (
        [_HELLO[0], say(" left", "stop")],
        ("done", "stop"),
    ),
    "text after the finish reason": ([*answer(HELLO), say(".")], ("done", "stop")),
    "an answer without text": (answer([]), ("done", "stop")),
    "an answer at its limit": (answer(HELLO, "length"), ("done", "length")),
    "a filtered answer": (answer(HELLO, "content_filter"), ("done", "content_filter")),
    "a tool call": (
        [calling("pay", "{}"), say("", "tool_calls")],
        ("done", "tool_calls"),
    ),
    "a silent cut": (_HELLO, ("cut", "no finish reason")),
    "no chunk at all": ([], ("cut", "no finish reason")),
    "three thousand chunks": (answer(MANY), ("done", "stop")),
    "a break": (
        [*_HELLO, ModelConnectionError("on purpose")],
        ("error", "ModelConnectionError"),
    ),
    "a server's error": (
        [*_HELLO, ModelAPIError("on purpose")],
        ("error", "ModelAPIError"),
    ),
    **{
        f"a {type(error).__name__}": ([*_HELLO, error], ("error", type(error).__name__))
        for error in errors()
    },
}


async def pairs(made: Any) -> list[tuple[str, Any]]:
    """The events that an answer yields, each a pair."""
    events: list[Any] = []
    async for event in async_generator(made, "each event"):
        if not isinstance(event, tuple) or len(event) != 2:
            raise NotYet(f"It yields {shorten(event)}: yield pairs, (name, text).")
        events.append(event)
        expect(len(events) <= MOST, f"After {MOST:,} pairs it goes on.")
    return events


async def each_comes_at_once(honest_events: Answer) -> None:
    """Every text comes before the next chunk is asked for, not the first one only."""
    source, out = Watched([*map(say, HELLO * 10), say("", "stop")]), 0
    async for kind, _ in async_generator(honest_events(source.stream), "each event"):
        out += kind == "text"
        late = f"Text number {out} came after {source.read} chunks: yield it sooner."
        expect(source.read <= out or kind != "text", late)


async def its_reader_is_cancelled(honest_events: Answer) -> None:
    """The browser has gone: no pair follows, and the cancel goes on."""
    events: list[Any] = []

    async def read() -> None:
        async for event in async_generator(honest_events(stalling(_HELLO)), "events"):
            events.append(event)

    await can_be_cancelled(read(), "honest_events")
    wanted = [("text", text) for text in HELLO]
    more = (
        f"Its reader was cancelled, and there came {events[len(HELLO) :]} all the same"
    )
    expect(events == wanted, f"{more}: catch `Exception`, not `BaseException`.")


async def events_of_two(honest_events: Answer) -> None:
    """Two streams at once, one whole and one cut."""
    made = [honest_events(aplay(answer(HELLO))), honest_events(aplay(_HELLO[:1]))]
    got = await asyncio.gather(*map(pairs, made))
    ends = [events[-1:] for events in got]
    context = f"Two streams at once, one whole and one cut, ended with {ends}."
    expect(ends == [[("done", "stop")], [("cut", "no finish reason")]], context)


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
