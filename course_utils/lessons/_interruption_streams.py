"""Streams and events that tell what an answer does with them, for notebook 4's checks.

calls = safe_tool_calls(ended(reply, "length"))
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

from langchain_core.messages import AIMessageChunk

from course_utils.fake_model import FakeStreamingChatModel
from course_utils.replies import Reply
from course_utils.text import text_of

WHOLE = "Hello there, you two."


def model_of(*replies: Any) -> FakeStreamingChatModel:
    """A model with these replies, at full speed."""
    return FakeStreamingChatModel(replies=list(replies))


async def pausing() -> AsyncIterator[Any]:
    """A stream that is silent for a moment; nobody who waits for it may cancel it."""
    for number, chunk in enumerate(model_of(WHOLE).stream("Hi")):
        yield chunk
        if number == 2:
            await asyncio.sleep(0.3)


async def pressing(stream: Any, stop: asyncio.Event, tokens: int) -> Any:
    """Pass a stream through, and press stop after so many tokens."""
    seen = 0
    try:
        async for chunk in stream:
            yield chunk
            seen += bool(text_of(chunk))
            if seen == tokens:
                stop.set()
    finally:
        await stream.aclose()


class WatchedEvent(asyncio.Event):
    """An event that knows whether anybody has looked at it."""

    asked = False

    async def wait(self) -> Literal[True]:
        self.asked = True
        return await super().wait()

    def is_set(self) -> bool:
        self.asked = True
        return super().is_set()


def ended(reply: Reply, reason: str | None) -> list[AIMessageChunk]:
    """The chunks of a reply, as from a server that gives this finish reason."""
    chunks: Iterator[Any] = model_of(reply).stream("Hi")
    return [_with_reason(chunk, reason) for chunk in chunks]


def _with_reason(chunk: AIMessageChunk, reason: str | None) -> AIMessageChunk:
    metadata = dict(chunk.response_metadata)
    if metadata.pop("finish_reason", None) and reason:
        metadata["finish_reason"] = reason
    return chunk.model_copy(update={"response_metadata": metadata})
