"""The ways in which a reader leaves a stream, sync and async, each by its name.

    LEAVE["cancel"](run, turn, enough)     # reads until enough(item), and leaves

Each returns when its stream has been left and cleaned up, or would never be.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from course_utils.own_stream import Turn, own_stream
from course_utils.passages import Reader
from course_utils.serving import sse_response
from tests.forms.runs import Run

Enough = Callable[[Any], bool]


class Until:
    """Says when it is enough: at the first passage of one of these kinds."""

    def __init__(self, *kinds: str) -> None:
        self.kinds, self.reader = kinds, Reader()

    def __call__(self, item: Any) -> bool:
        return any(p.kind in self.kinds for p in self.reader.read(item))


def read(stream: Any, enough: Enough) -> None:
    for item in stream:
        if enough(item):
            break


async def aread(stream: Any, enough: Enough) -> None:
    async for item in stream:
        if enough(item):
            break


async def break_sync(run: Run, turn: Turn, enough: Enough) -> None:
    read(turn.watch(run.stream()), enough)


async def close_sync(run: Run, turn: Turn, enough: Enough) -> None:
    stream = run.stream()
    read(turn.watch(stream), enough)
    if leave := getattr(stream, "close", None) or getattr(stream, "abort", None):
        leave()


async def own_sync(run: Run, turn: Turn, enough: Enough) -> None:
    with own_stream(run.stream()) as items:
        read(turn.watch(items), enough)


async def close(run: Run, turn: Turn, enough: Enough) -> None:
    items = turn.watch(await run.astream())
    await aread(items, enough)
    await items.aclose()


async def cancel(run: Run, turn: Turn, enough: Enough) -> None:
    async def reads() -> None:
        async for item in turn.watch(await run.astream()):
            if enough(item):
                asyncio.current_task().cancel()
                await asyncio.sleep(0)

    await asyncio.wait([asyncio.create_task(reads())])


async def own(run: Run, turn: Turn, enough: Enough) -> None:
    async with own_stream(await run.astream()) as items:
        await aread(turn.watch(items), enough)


async def browser(run: Run, turn: Turn, enough: Enough) -> None:
    """A server's reader leaves: its body is closed where it stands."""
    told: list[bool] = []

    async def watched(stream: Any) -> Any:
        async for item in turn.watch(stream):
            told.append(enough(item))
            yield item

    body = sse_response(watched(await run.astream())).body_iterator
    async for _ in body:
        if any(told):
            break
    await body.aclose()


SYNC: dict[str, Callable[[Run, Turn, Enough], Awaitable[None]]] = {
    "break, sync": break_sync,
    "close, sync": close_sync,
    "own_stream, sync": own_sync,
}
ASYNC: dict[str, Callable[[Run, Turn, Enough], Awaitable[None]]] = {
    "close": close,
    "cancel": cancel,
    "own_stream": own,
    "browser": browser,
}
LEAVE = {**SYNC, **ASYNC}
