"""A stream read in the task that runs it: for a reader who never keeps it waiting.

Like `own_stream`, which has a queue and a task for readers that do. A model in the same
task hands its items over itself; one in another task takes turns with the reader.

    async with TaskStream(agent.astream(...)) as items: ...
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, Self, TypeVar

from course_utils.own_stream.backpressure import (
    Backpressure,
    LoopBackpressure,
    entered,
)
from course_utils.streams import aclose, is_model

T = TypeVar("T")


class TaskStream(Generic[T]):
    """Own an async stream here; leaving the block closes it and stops its models."""

    def __init__(self, stream: AsyncIterable[T]) -> None:
        self.pressure = Backpressure()
        self._stream = stream
        self._items = aiter(stream)

    async def __aenter__(self) -> Self:
        self._in_loop = LoopBackpressure(self.pressure, asyncio.current_task())
        self._gate: AbstractContextManager[None] = nullcontext()
        if not is_model(self._stream):
            self._gate = entered(self.pressure, self._in_loop)
        self._gate.__enter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.pressure.stop()
        self._in_loop.stop()
        try:
            await aclose(self._items, self._stream)
        finally:
            self._gate.__exit__(None, None, None)

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items
