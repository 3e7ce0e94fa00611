"""Hostile scenes that every exercise of a kind runs through.

A kind stream has one word in each piece and ends well. Here are the other ones: text
that is easily spoilt, errors of every class, readers that leave, two at once, three
thousand pieces. An exercise says what is right; the scenes say where answers go wrong.

    stage_keeps_step("plain", plain, [PIECES], ready="".join)
"""

import asyncio
import json
import sys
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from course_utils.teaching.checks import NotYet, expect, shorten

# A full stop inside, capitals and an ö, a repeat, blanks and empty pieces, line
# breaks, digits, and a letter and an emoji that are each cut in two.
PIECES = ["", "Köln v3.5", " ", "", "NO", " no", " no", " no", ".", "\n\n", "90210"]
PIECES += ["!", " e.g. ", "👩", "\u200d💻", " O", "\u0308", "", "\n"]
NASTY = "".join(PIECES)
MANY = [f"{number} " for number in range(3000)]
MOST = 20_000  # items that any answer may yield here; more is no answer


class Broke(ConnectionError):
    """What a stream raises here when it breaks on purpose."""


def errors() -> list[Exception]:
    """One error of each class that breaks a stream: none of them may be lost."""
    broken_json = json.JSONDecodeError("on purpose", "", 0)
    return [Broke("on purpose"), ValueError("on purpose"), broken_json]


def interrupt() -> KeyboardInterrupt:
    """What the square button raises, told from a real Ctrl-C by its words."""
    return KeyboardInterrupt("on purpose")


def on_purpose(error: BaseException | None) -> bool:
    """Whether a scene raised this error, and not a slip in the answer."""
    return error is not None and "on purpose" in str(error)


def told_of(error: BaseException) -> str:
    """What happened to a stream, in words."""
    if isinstance(error, KeyboardInterrupt):
        return "The check pressed the square button"
    return f"The stream broke with a {type(error).__name__}"


def take(made: Iterable[Any]) -> list[Any]:
    """All items of a stream; one that does not end is told so, and fills no memory."""
    items = list(islice(made, MOST + 1))
    expect(len(items) <= MOST, f"After {MOST:,} items it goes on: does it ever end?")
    return items


def breaking(items: Iterable[Any], error: BaseException) -> Iterator[Any]:
    """These items, and then the error."""
    yield from items
    raise error


def lets_through(read: Callable[[], Any], error: BaseException, name: str) -> None:
    """Go on if `read()` raises this very error; else say what its reader got."""
    case = f"{told_of(error)}, and"
    try:
        got = read()
    except NotImplementedError:
        raise
    except (Exception, KeyboardInterrupt) as raised:
        if raised is error:
            return
        kind = type(raised).__name__
        why = f"{case} the reader of `{name}` got a {kind}: let it through as it is."
        raise NotYet(why) from raised
    raise NotYet(
        f"{case} `{name}` gave {shorten(got)} as if nothing had happened: let the "
        "error through."
    )


async def alets_through(
    read: Callable[[], Awaitable[Any]], error: Exception, name: str
) -> None:
    """The same for an async answer."""
    try:
        got = await read()
    except NotImplementedError:
        raise
    except Exception as raised:
        lets_through(partial(_raise, raised), error, name)
    else:
        lets_through(lambda: got, error, name)


def _raise(error: BaseException) -> None:
    raise error


def hush() -> None:
    """Keep asyncio's own reports of an answer's slips out of the notebook."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)


async def until(so: Callable[[], bool]) -> bool:
    """Whether it is so within a thousand looks, a millisecond apart.

    On a busy machine they take longer, so that no answer is blamed for its neighbours.
    """
    for _ in range(1000):
        if so():
            return True
        await asyncio.sleep(0.001)
    return so()


async def can_be_cancelled(made: Coroutine[Any, Any, Any], name: str) -> None:
    """Go on if a coroutine that waits in mid-stream ends when it is cancelled."""
    task = asyncio.ensure_future(made)
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    why = f"Its reader was cancelled, and `{name}` "
    expect(await until(task.done), f"{why}goes on.")
    if not task.cancelled() and task.exception() is None:
        raise NotYet(f"{why}gave {shorten(task.result())}: let `CancelledError` pass.")


async def aplay(items: Iterable[Any]) -> AsyncIterator[Any]:
    """These items as an async stream; an exception among them breaks it."""
    for item in items:
        await asyncio.sleep(0)
        if isinstance(item, BaseException):
            raise item
        yield item


async def stalling(items: Iterable[Any]) -> AsyncIterator[Any]:
    """These items, and then silence."""
    for item in items:
        yield item
    await asyncio.Event().wait()


Stage = Callable[[Any], Any]
Ready = Callable[[Sequence[Any]], str]  # of what was read, the text that can go on


class Watched:
    """A source that notes what its reader had handed on when it asks for more."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items
        self.out = ""
        self.when_asked: list[str] = []

    def play(self) -> Iterator[Any]:
        """The items, one at a time."""
        for item in self.items:
            self.when_asked.append(self.out)
            yield item
        self.when_asked.append(self.out)

    def keep(self, made: Iterable[Any]) -> None:
        """Read what an answer makes of them."""
        for text in islice(made, MOST):
            self.out += str(text)

    def late(self, ready: Ready) -> tuple[Sequence[Any], str] | None:
        """What had been read when something was late, and what was out by then."""
        for count, out in enumerate(self.when_asked):
            if not out.startswith(ready(self.items[:count])):
                return self.items[:count], out
        return None


def stage_keeps_step(
    name: str, stage: Stage, cuts: Sequence[Sequence[str]], ready: Ready
) -> None:
    """Go on if a stage hands on what is ready before it asks for more, to the end."""
    for pieces in cuts:
        source = Watched(pieces)
        source.keep(stage(source.play()))
        if late := source.late(ready):
            read, out = late
            raise NotYet(
                f"When `{name}` had read {len(read)} of {len(pieces)} pieces, all that "
                f"it had handed on was {shorten(out)}: it holds the stream back."
            )


def stage_is_honest(name: str, stage: Stage, pieces: Sequence[str]) -> None:
    """Go on if errors pass a stage, its reader may leave, and two run side by side."""
    for error in [*errors(), interrupt()]:
        stream = breaking(pieces, error)
        lets_through(partial(_read, stage, stream), error, name)
    leaves(name, stage(iter(pieces)))
    alone = take(stage(iter(pieces)))
    both = in_turns(stage(iter(pieces)), stage(iter(pieces)))
    why = f"Two at once, in turns: `{name}` gave {shorten(both)}: what do they share?"
    expect(both == [alone, alone], why)
    take(stage(iter(MANY)))


def _read(stage: Stage, stream: Iterator[str]) -> list[Any]:
    return take(stage(stream))


def leaves(name: str, made: Any) -> None:
    """Go on if the reader of a generator may leave after its first item."""
    next(made, None)
    try:
        getattr(made, "close", lambda: None)()
    except RuntimeError as error:
        raise NotYet(
            f"The reader left, and `{name}` yielded once more: catch `Exception`, not "
            "`BaseException`, and `yield` nothing in `finally`."
        ) from error


def in_turns(*streams: Iterator[Any]) -> list[list[Any]]:
    """The items of several streams, read one from each in turn."""
    got: list[list[Any]] = [[] for _ in streams]
    running = list(zip(streams, got, strict=True))
    for _ in range(MOST):
        for stream, items in list(running):
            try:
                items.append(next(stream))
            except StopIteration:
                running.remove((stream, items))
        if not running:
            break
    return got


class Sleeps:
    """Finds `time.sleep` on an event loop: it stops everybody who waits there.

    A ticker beside the answer would see it, too, and a busy machine as well.
    """

    def __init__(self) -> None:
        self.found = False

    def look(self, frame: Any, event: str, called: Any) -> None:
        """What Python calls at every call of the thread that is watched."""
        if event == "c_call" and called is time.sleep:
            self.found = True

    def judge(self, name: str) -> None:
        """Go on if `time.sleep` was not called."""
        why = f"`{name}` calls `time.sleep`, and everybody on the event loop waits: "
        expect(not self.found, f"{why}`await asyncio.sleep(...)` lets them work.")


@contextmanager
def nobody_sleeps(name: str) -> Iterator[None]:
    """Go on if nothing in this block calls `time.sleep`, on this thread."""
    sleeps, before = Sleeps(), sys.getprofile()
    sys.setprofile(sleeps.look)
    try:
        yield
    finally:
        sys.setprofile(before)
    sleeps.judge(name)
