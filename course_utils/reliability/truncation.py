"""Did the answer end, or did it only stop? And is its tool call whole?

A stream may end tidily in mid-sentence; only a finish reason says that it is whole.
Tool calls wait here until that is known, so that half of one is never run.

    ending_of(chunk)        # Finish("stop", "whole"), ... or None
"""

import json
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGenerationChunk

from course_utils.finish import KEYS, Finish, finish_in
from course_utils.model_call import WholeResponse, cut_short
from course_utils.reliability.chunk_parts import said_in, with_calls
from course_utils.reliability.errors import StreamError


class StreamTruncated(StreamError):
    """A stream ended without a finish reason: nobody said that the answer is whole."""

    is_retryable = True

    def __init__(self, partial: AIMessageChunk | None = None) -> None:
        came = len(partial.text) if partial is not None else 0
        super().__init__(
            f"The stream ended without a finish reason, after {came} characters: "
            "read them in .partial, or pass require_finish=False if this endpoint "
            "never sends one.",
            partial,
        )


UNSAID = Finish("whole response", "whole")


def ending_of(chunk: ChatGenerationChunk) -> Finish | None:
    """How the answer ended, if this chunk says so; a full response need not."""
    said = said_in(chunk)
    if not said and type(chunk) is ChatGenerationChunk:
        return None  # nearly every chunk
    ended = finish_in(said)
    if ended is None and isinstance(chunk, WholeResponse):
        return None if any(said.get(key) for key in KEYS) else UNSAID
    return ended


def report_incomplete(chunk: ChatGenerationChunk, ended: Finish) -> None:
    """Write into the chunk's `response_metadata["incomplete"]` why, if it is."""
    if ended.incomplete:
        chunk.message.response_metadata["incomplete"] = ended.incomplete


class ToolCallGuard:
    """Holds tool calls, and what follows them, back until the finish reason is known.

    LangChain completes half JSON by guessing, so an agent would run a payment of 10
    that was to be 10000. Held back, half a call can also be asked for again unseen.
    What follows waits as well: the order is the model's, and the next request's.
    """

    def __init__(self) -> None:
        self._held: list[ChatGenerationChunk] = []

    @property
    def holds(self) -> bool:
        """Whether a tool call is waiting."""
        return bool(self._held)

    def push(self, chunk: ChatGenerationChunk) -> bool:
        """Keep the chunk if a tool call has begun with it or before; say whether."""
        if not self._held and not fragments_of(chunk):
            return False
        self._held.append(chunk)
        return True

    def flush(self, ended: Finish | None) -> list[ChatGenerationChunk]:
        """Let go of what is held, as `safe` shows it."""
        ready = self.safe(ended)
        self._held = []
        return ready

    def safe(self, ended: Finish | None) -> list[ChatGenerationChunk]:
        """What is held, as it came; but calls that are not whole marked as invalid."""
        heads = {id(call.head) for call in self._broken(ended)}
        return [_marked(chunk, heads) for chunk in self._held] if heads else self._held

    def sound(self, ended: Finish | None) -> bool:
        """Whether every call that is held is whole."""
        return not self._broken(ended)

    def _broken(self, ended: Finish | None) -> list["Call"]:
        return [call for call in calls_in(self._held) if not call.whole(ended)]


class Call:
    """A tool call as its fragments make it."""

    def __init__(self, head: ToolCallChunk) -> None:
        self.head = head
        self._id = head.get("id")
        self._args = head.get("args") or ""

    def takes(self, part: ToolCallChunk) -> bool:
        """Add the fragment if it belongs here, by LangChain's own rule; say whether."""
        index, other = part.get("index"), part.get("id")
        strange = self._id and other and other != self._id
        if index is None or index != self.head.get("index") or strange:
            return False
        self._id = self._id or other
        self._args += part.get("args") or ""
        return True

    def whole(self, ended: Finish | None) -> bool:
        """Whether the arguments are an object; none at all pass with a proper end."""
        try:
            arguments: Any = json.loads(self._args)
        except (ValueError, RecursionError):
            return not self._args and ended is not None and ended.whole
        return isinstance(arguments, dict)


def fragments_of(chunk: ChatGenerationChunk) -> list[ToolCallChunk]:
    """The fragments of tool calls in this chunk."""
    return getattr(chunk.message, "tool_call_chunks", None) or []


def calls_in(chunks: list[ChatGenerationChunk]) -> list[Call]:
    """The tool calls that these chunks make."""
    calls: list[Call] = []
    for part in (part for chunk in chunks for part in fragments_of(chunk)):
        if not any(call.takes(part) for call in calls):
            calls.append(Call(part))
    return calls


def _marked(chunk: ChatGenerationChunk, heads: set[int]) -> ChatGenerationChunk:
    """The chunk; calls that begin here with these heads no parser completes."""
    parts = fragments_of(chunk)
    if not any(id(part) in heads for part in parts):
        return chunk
    marked: list[ToolCallChunk] = [
        {**part, "args": cut_short(part["args"])} if id(part) in heads else part
        for part in parts
    ]
    return with_calls(chunk, marked)


def sum_of(chunks: list[ChatGenerationChunk]) -> AIMessageChunk:
    """The message that these chunks make together."""
    first, *rest = [chunk.message for chunk in chunks]
    total = first + rest if rest else first
    assert isinstance(total, AIMessageChunk)
    return total
