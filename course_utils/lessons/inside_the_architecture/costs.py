"""What a layer costs per chunk, and what an event stream looks like in outline."""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import groupby
from time import thread_time
from typing import Any

from course_utils.own_stream.owned import OwnedStream
from course_utils.plots.table import Table, table

Stream = Iterable[Any] | AsyncIterable[Any]


def cost_per_chunk(ways: dict[str, Callable[[], Stream]]) -> Table:
    """A table of what one chunk costs its reader, way by way, in microseconds."""
    with ThreadPoolExecutor(1) as thread:  # where no event loop runs yet
        runs = [
            {name: thread.submit(_cost, way).result() for name, way in ways.items()}
            for _ in range(7)
        ]
    # The best of several runs: what else the machine does only ever adds.
    rows = [(name, f"{min(run[name] for run in runs):.0f} µs") for name in ways]
    return table(
        rows,
        columns=["read from", "work per chunk"],
        caption="What one chunk costs",
    )


def _cost(way: Callable[[], Stream]) -> float:
    begin = thread_time()  # this thread's work only: the server has threads of its own
    made = way()
    with made if isinstance(made, OwnedStream) else nullcontext(made) as stream:
        if isinstance(stream, AsyncIterable):
            chunks = asyncio.run(_count(stream))
        else:
            chunks = sum(1 for _ in stream)
    return (thread_time() - begin) / chunks * 1e6


async def _count(stream: AsyncIterable[Any]) -> int:
    return len([None async for _ in stream])


def outline(events: Sequence[dict[str, Any]]) -> list[str]:
    """The events of an agent, one line each; runs of the same event are counted."""
    shown = [event for event in events if not event["event"].startswith("on_chain")]
    lines = ((event["event"], event["name"]) for event in shown)
    return [_counted(name, len(list(run))) for name, run in groupby(lines)]


def _counted(name: tuple[str, str], count: int) -> str:
    return f"{name[0]} · {name[1]}" + (f" · {count} times" if count > 1 else "")
