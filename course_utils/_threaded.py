"""A sync stream for async readers: each step runs on a thread, one at a time.

When the reader leaves, the step that runs is told to stop at the model's next token;
the stream is closed on its thread as soon as that step returns.

    async for item in in_threads(chain.stream("Hi")): ...
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

from course_utils._own_stream import OwnedStream, own_stream

T = TypeVar("T")
_END: Any = object()


async def in_threads(stream: Iterable[T]) -> AsyncIterator[T]:
    """The items of a sync stream; the event loop goes on while it waits."""
    loop = asyncio.get_running_loop()
    owned = own_stream(stream).__enter__()  # closed below, on a thread
    step: asyncio.Future[T] | None = None
    try:
        while True:
            step = loop.run_in_executor(None, next, owned, _END)
            item = await asyncio.shield(step)
            if item is _END:
                return
            yield item
    finally:
        owned.gate.stop()
        if step is None or step.done():
            await loop.run_in_executor(None, owned.close)
        else:
            step.add_done_callback(lambda step: _close(step, owned, loop))


def _close(
    step: "asyncio.Future[Any]",
    owned: OwnedStream[Any],
    loop: asyncio.AbstractEventLoop,
) -> None:
    if not step.cancelled():
        step.exception()  # seen: it broke off because its reader left
    loop.run_in_executor(None, owned.close)
