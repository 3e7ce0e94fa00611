"""A stream with an owner: it waits for its reader, and it stops when the reader stops.

An async stream runs in a task of its own behind a bounded queue; a sync one where it
is read. Both times the models underneath pass a gate that the owner can shut.

    async with own_stream(agent.astream(...)) as items: ...
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar, overload

from course_utils.finish import Endings
from course_utils.own_stream.backpressure import (
    Backpressure,
    LoopBackpressure,
    StreamStopped,
    behind,
)
from course_utils.own_stream.hearing import Hearing
from course_utils.own_stream.patience import Bell, Patience
from course_utils.settings import settings
from course_utils.streams import aclose, check_stream, close, is_model

T = TypeVar("T")
D = TypeVar("D")
_RAISE: Any = object()
OWN = "the stream itself"  # the one call of a model's own stream
_tasks: set["asyncio.Task[None]"] = set()  # the loop itself keeps only weak references
TURNS = 20  # of the event loop: ten are enough for a chain around ChatOpenAI


@overload
def own_stream(stream: AsyncIterable[T], maxsize: int = 1) -> "AsyncOwnedStream[T]": ...
@overload
def own_stream(stream: Iterable[T], maxsize: int = 1) -> "OwnedStream[T]": ...
@settings()
def own_stream(stream: Any, maxsize: int = 1) -> Any:
    """Own a stream: its models wait for you, and they stop when you do.

    An async stream is entered with `async with`, a sync one with `with`. Leaving the
    block stops the models underneath, in chains and agents, too; and while you are
    busy with an item they wait, in events and agents, too.

    An async stream stops at once. A sync model stops at once, a sync chain or agent at
    its model's next token, where `break` alone would wait for the last one. If no token
    comes any more, only the model's own `timeout` ends the wait: give it one.

    >>> from langchain_core.output_parsers import StrOutputParser
    >>> from course_utils.fake.model import FakeStreamingChatModel
    >>> model = FakeStreamingChatModel(replies="One two three four five six.")
    >>> with own_stream((model | StrOutputParser()).stream("Count")) as texts:
    ...     for text in texts:
    ...         if text == " two":
    ...             break
    >>> model.log
    [Call 1 (attempt 1): 2 tokens, closed by reader]
    >>> texts.ends.whole
    False

    Args:
        stream: What `.stream(...)` or `.astream(...)` returned, not yet read.
        maxsize: Items that may wait for you, at least 1. A sync stream has no queue.

    Raises:
        TypeError: `stream` is not a stream.
        ValueError: `maxsize` is below 1.
    """
    check_stream("own_stream", stream)
    if maxsize < 1:
        raise ValueError(
            f"maxsize counts the items that may wait, got {maxsize!r}: "
            "use 1, or more for a reader that takes many at a time."
        )
    if hasattr(stream, "__aiter__"):
        return AsyncOwnedStream(stream, maxsize)
    return OwnedStream(stream)


class OwnedStream(Generic[T]):
    """A sync stream as its reader holds it: loop over it inside `with`."""

    def __init__(self, stream: Any) -> None:
        self.pressure = Backpressure()
        self._stream = stream
        self._items: Iterator[T] = iter(stream)
        self._context = behind(self.pressure)
        self._entered = False

    def __repr__(self) -> str:
        return "own_stream(...)"

    @property
    def ends(self) -> Endings:
        """How each model underneath has ended so far, also one you do not read.

        A chain's text does not say that it was cut: `items.ends.whole` does.
        """
        return self.pressure.hearing.ends

    def __enter__(self) -> "OwnedStream[T]":
        self._entered = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __iter__(self) -> "OwnedStream[T]":
        return self

    def __next__(self) -> T:
        if not self._entered:
            raise _not_begun("with")
        self.pressure.reading(True)
        try:
            return self._context.run(next, self._items)
        finally:
            self.pressure.reading(False)

    def close(self) -> None:
        """Stop the model: at once if it is read directly, else at its next token."""
        self.pressure.stop()
        with suppress(StreamStopped):
            self._context.run(close, self._items, self._stream)

    def __del__(self) -> None:
        self.pressure.stop()  # else an agent's thread waits for its reader for ever


class AsyncOwnedStream(Generic[T]):
    """An async stream as its reader holds it: loop over it inside `async with`."""

    def __init__(self, stream: Any, maxsize: int) -> None:
        self.pressure = Backpressure()
        self._stream = stream
        self._maxsize = maxsize
        self._items: deque[T] = deque()
        self._news = Bell()  # for the reader: an item, or the end
        self._patience = Patience(self._news.ring)
        self._space = Bell()  # for the pump: the reader has taken one
        self._in_loop = LoopBackpressure(self.pressure)  # for the models underneath
        # A model's own stream passes no gate: what it says is heard where it is read.
        self._is_model = is_model(stream)
        if self._is_model:
            self.pressure.hearing = Hearing(None)
        self._ended = False
        self._whole = False  # every item has come, and no generator waits any more
        self._ending: BaseException | None = None
        self._entered = False
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return "own_stream(...)"

    @property
    def ends(self) -> Endings:
        """How each model underneath has ended so far, also one you do not read."""
        return self.pressure.hearing.ends

    async def __aenter__(self) -> "AsyncOwnedStream[T]":
        self._entered = True
        gate = None if self._is_model else behind(self.pressure, self._in_loop)
        self._task = asyncio.create_task(self._pump(), context=gate)
        _tasks.add(self._task)
        self._task.add_done_callback(self._forget)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def __aiter__(self) -> "AsyncOwnedStream[T]":
        return self

    async def __anext__(self) -> T:
        if not self._entered:
            raise _not_begun("async with")
        if self.pressure.stopped and self._ending is None:
            raise StopAsyncIteration
        await self._wait()
        return self._take()

    @overload
    async def get(self, timeout: float) -> T | None: ...
    @overload
    async def get(self, timeout: float, default: D) -> T | D | None: ...
    async def get(self, timeout: float, default: Any = _RAISE) -> Any:
        """The next item, or None if none comes in so many real seconds.

        Args:
            timeout: How long to wait; `math.inf` as long as it takes.
            default: What to return after the last item, instead of the error.

        Raises:
            StopAsyncIteration: There are no more items.
        """
        if not self._items and not self._ended and await self._silent(timeout):
            return None
        if default is not _RAISE and not self._items and self._ending is None:
            return default
        return self._take()

    async def _silent(self, timeout: float) -> bool:
        """Wait for something to come; whether nothing has."""
        self._patience.begin(timeout)
        try:
            await self._wait()
        finally:
            over = self._patience.end()
        return over and not self._items and not self._ended

    async def _wait(self) -> None:
        while not (self._items or self._ended or self._patience.is_over):
            await self._news.rings()

    def _take(self) -> T:
        if not self._items:  # it has ended, for every later call, too
            raise self._ending or StopAsyncIteration
        self._space.ring()
        return self._items.popleft()

    def _end(self, ending: BaseException | None) -> None:
        if not self._ended:
            self._ended, self._ending = True, ending
        self._news.ring()

    def fail(self, error: Exception) -> None:
        """Stop the stream; its reader gets what has come already, and then this error.

        For who must end an answer that others read, as a server does that shuts down.
        """
        self._end(error)
        self._stop()

    async def _pump(self) -> None:
        """Read the stream in this task, close it, and tell its reader of the end."""
        try:
            await self._read()
        except BaseException as error:
            if self.pressure.stopped:
                raise
            self._end(error)  # a stream may even cancel itself: its reader must know
        finally:
            self._end(None)

    async def _read(self) -> None:
        """Take item after item, no faster than there is room for them."""
        items, hearing = aiter(self._stream), self.pressure.hearing
        try:
            async for item in items:
                if self._is_model:
                    hearing.chunk(OWN, item)
                if self._items or self.pressure.stopped:
                    await self._room()
                self._items.append(item)
                self._news.ring()
                self._in_loop.room()
            self._whole = True
        except Exception:
            hearing.fails(OWN)
            raise
        finally:
            await aclose(items, self._stream)

    async def _room(self) -> None:
        """Wait until there is room for an item."""
        if self.pressure.stopped:  # Python 3.11's wait_for may swallow a cancellation
            raise asyncio.CancelledError
        while len(self._items) >= self._maxsize:
            self._in_loop.full()
            await self._space.rings()

    def _stop(self) -> None:
        self.pressure.stop()
        self._patience.cancel()
        if self._task is not None:
            self._task.cancel()
            self._in_loop.stop()

    async def aclose(self) -> None:
        """Stop the stream, and wait until it has cleaned up.

        A web server that cancels its own task cancels this wait, too; the cleaning up
        then goes on in the stream's task.
        """
        self._stop()
        if self._task is not None:
            await asyncio.wait([self._task])
        # LangChain leaves generators to the garbage collector, which closes them one
        # turn after the other. A loop that ends in between complains on stderr.
        for _ in range(0 if self._whole else TURNS):
            await asyncio.sleep(0)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        _tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen: a failing cleanup is nobody's error any more
        # The task's error holds on to every frame it passed, and so to the model's
        # stream, which closes only when nobody does.
        self._task = self._stream = None


def _not_begun(how: str) -> RuntimeError:
    return RuntimeError(
        "An owned stream runs in a block, this one has not begun: "
        f"write `{how} own_stream(...) as items:`."
    )
