"""A stream read in the task that runs it: for a reader who never keeps it waiting.

Like `own_stream`, which has a queue and a task for readers that do. A model in the same
task hands its items over itself; one in another task takes turns with the reader.

    async with in_this_task(agent.astream(...)) as items: ...
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Generic, TypeVar

from langchain_core.language_models import BaseChatModel

from course_utils.own_stream.backpressure import (
    Backpressure,
    LoopBackpressure,
    entered,
)
from course_utils.streams import aclose

T = TypeVar("T")


class TaskStream(Generic[T]):
    """An async stream in its reader's own task; `pressure.stop()` ends its models."""

    def __init__(self, items: AsyncIterator[T], pressure: Backpressure) -> None:
        self.pressure = pressure
        self._items = items

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items


@asynccontextmanager
async def in_this_task(stream: AsyncIterable[Any]) -> AsyncIterator[TaskStream[Any]]:
    """Own a stream here; leaving the block closes it and stops its models."""
    pressure = Backpressure()
    in_loop = LoopBackpressure(pressure, reader=asyncio.current_task())
    with nullcontext() if is_model(stream) else entered(pressure, in_loop):
        items = aiter(stream)
        try:
            yield TaskStream(items, pressure)
        finally:
            pressure.stop()
            in_loop.stop()
            await aclose(items)


def is_model(stream: Any) -> bool:
    """Whether this is a model's own stream: its chunks tell all, its closing ends it.

    Without a gate a chunk costs half as much, for LangChain awaits each handler.
    """
    code = getattr(stream, "ag_code", None)
    return code is not None and code is getattr(BaseChatModel.astream, "__code__", 0)
