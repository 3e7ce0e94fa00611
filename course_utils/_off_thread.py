"""Run something that may block on a thread of its own, and wait for it or not.

Never on the event loop's own executor, which others may have filled; and never on a
thread that the end of the program waits for.

    answer = await away(store.lookup, prompt, llm_string)
    answer = within_seconds(1.0, store.lookup, prompt, llm_string)
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
Done = Callable[[Any, BaseException | None], None]


def begin(done: Done, call: Callable[..., Any], *args: Any) -> None:
    """Run `call` on a new thread, in this context; `done` is told there how it went."""

    def work() -> None:
        try:
            result = call(*args)
        except BaseException as error:
            done(None, error)
        else:
            done(result, None)

    context = copy_context()
    threading.Thread(
        target=context.run, args=(work,), name="course-away", daemon=True
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
    loop = asyncio.get_running_loop()
    come: asyncio.Future[T] = loop.create_future()

    def tell(result: Any, error: BaseException | None) -> None:
        if come.cancelled():
            return
        if isinstance(error, StopIteration):  # no future takes one
            error = RuntimeError("the call raised StopIteration")
        if error is None:
            come.set_result(result)
        else:
            come.set_exception(error)

    def done(result: Any, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(tell, result, error)

    begin(done, call, *args)
    return await come
