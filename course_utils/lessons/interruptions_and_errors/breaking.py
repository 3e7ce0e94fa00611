"""Streams that are broken off on purpose: by a reader, by Ctrl+C, by a cancel."""

import asyncio
from collections.abc import AsyncIterable, Iterable
from typing import Any

from course_utils.chunks import text_of


def read_some(stream: Iterable[Any], tokens: int) -> list[str]:
    """Read until so many chunks with text have come; leave the stream open."""
    texts: list[str] = []
    for item in stream:
        if text := text_of(item):
            texts.append(text)
        if len(texts) >= tokens:
            break
    return texts


def interrupted(stream: Iterable[Any], after: int) -> None:
    """Read, and be interrupted after so many tokens, as by the square button."""
    read_some(stream, after)
    raise KeyboardInterrupt


async def cancel_after(stream: AsyncIterable[Any], tokens: int) -> str:
    """Read in a task, cancel it after so many tokens, and name what the task got."""
    told = await _cancelled_after(stream, tokens)
    # The error is forgotten now and with it the frames that keep a chain's inner
    # streams open. The loop takes some turns to close them.
    for _ in range(100):
        await asyncio.sleep(0)
    return told


async def _cancelled_after(stream: AsyncIterable[Any], tokens: int) -> str:
    seen = 0

    async def read() -> None:
        nonlocal seen
        async for item in stream:
            seen += bool(text_of(item))
            if seen >= tokens:
                task.cancel()

    task = asyncio.create_task(read())
    try:
        await task
    except asyncio.CancelledError as error:
        return type(error).__name__
    return "ended"
