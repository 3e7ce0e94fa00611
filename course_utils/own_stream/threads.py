"""A sync stream for async readers: a thread of its own takes its steps, one at a time.

When the reader leaves, the step that runs is told to stop at the model's next token;
the stream is closed on its thread as soon as that step returns.

    async for item in in_threads(chain.stream("Hi")): ...
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import TypeVar

from course_utils.own_stream.off_thread import stepped
from course_utils.own_stream.owned import own_stream

T = TypeVar("T")


async def in_threads(stream: Iterable[T]) -> AsyncIterator[T]:
    """The items of a sync stream; the event loop goes on while it waits."""
    owned = own_stream(stream).__enter__()  # closed on its thread
    async with aclosing(stepped(owned, owned.close, owned.pressure.stop)) as items:
        async for item in items:
            yield item
