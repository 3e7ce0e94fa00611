"""Run something that may block on a thread of its own, and wait for it or not.

Never on the event loop's own executor, which others may have filled; and never on a
thread that the end of the program waits for.

    answer = within_seconds(1.0, store.lookup, prompt, llm_string)
    answer = await away(store.lookup, prompt, llm_string)
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from course_utils.clock import Alarm

T = TypeVar("T")
Done = Callable[[Any, BaseException | None], None]


def begin(done: Done, call: Callable[..., Any], *args: Any) -> None:
    """Run `call` on a new thread, in this context; `done` is told there how it went."""
    work = (copy_context().run, _do, done, call, *args)
    threading.Thread(
        target=work[0], args=work[1:], name="course-away", daemon=True
    ).start()


def within_seconds(seconds: float, call: Callable[..., T], *args: Any) -> T:
    """What `call` returns, if it does in so many real seconds.

    Raises:
        TimeoutError: It is stuck; its thread is left to itself.
    """
    come: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
    begin(lambda *how: come.put(how), call, *args)
    try:
        result, error = come.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    returned: T = result
    return returned


async def away(call: Callable[..., T], *args: Any) -> T:
    """What `call` returns, from a thread; who stops waiting leaves it to itself."""
    come, done = _promise()
    begin(done, call, *args)
    returned: T = await come
    return returned


async def stepped(
    items: Iterator[T],
    close: Callable[[], Any],
    leave: Callable[[], Any] = lambda: None,
) -> AsyncGenerator[T, None]:
    """The items of something sync: a thread of its own takes the steps, one at a time.

    Whoever stops reading calls `leave` at once, in the event loop; `close` runs on the
    thread, as soon as the step that it is in returns.
    """
    thread = OneThread()
    step: asyncio.Future[T] | None = None
    try:
        while True:
            step = thread.begin(next, items, _END)
            item = await asyncio.shield(step)
            if item is _END:
                return
            yield item
    finally:
        leave()
        closed = thread.end(close)
        if step is None or step.done():
            await asyncio.shield(closed)
        else:
            step.add_done_callback(_seen)


_END: Any = object()


class OneThread:
    """A thread of its own that does one thing after the other, in this context."""

    def __init__(self) -> None:
        self._orders: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        self._alarm = Alarm()
        context = copy_context()
        self._alarm.set_in(context)
        context.run(begin, lambda *how: None, self._work)

    def begin(self, call: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """Do this next; the future belongs to the running event loop."""
        come, done = _promise()
        self._orders.put((done, call, *args))
        return come

    def end(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Do this as the last thing, and what is done now without any sleep."""
        last = self.begin(call)
        last.add_done_callback(_seen)
        self._orders.put(None)
        self._alarm.ring()
        return last

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            done, call, *args = order
            _do(done, call, *args)


def _seen(step: "asyncio.Future[Any]") -> None:
    if not step.cancelled():
        step.exception()  # it broke off because its reader left


def _do(done: Done, call: Callable[..., Any], *args: Any) -> None:
    try:
        result = call(*args)
    except BaseException as error:
        done(None, error)
    else:
        done(result, None)


def _promise() -> tuple["asyncio.Future[Any]", Done]:
    """A future of the running loop, and what a thread calls to fulfil it."""
    loop = asyncio.get_running_loop()
    come: asyncio.Future[Any] = loop.create_future()

    def tell(result: Any, error: BaseException | None) -> None:
        if isinstance(error, StopIteration):  # no future takes one
            error = RuntimeError("the call raised StopIteration")
        if come.cancelled():
            return
        if error is None:
            come.set_result(result)
        else:
            come.set_exception(error)

    def done(result: Any, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(tell, result, error)

    return come, done
