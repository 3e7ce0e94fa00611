"""Did the answer end, or did it only stop? And is its tool call whole?

A stream may end tidily in mid-sentence; only a finish reason says that it is whole.
Tool calls wait here until that is known, so that half of one is never run.

    ending_of(chunk)        # "stop", "length", ... or None
"""

import json
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGenerationChunk

from course_utils._errors import StreamError
from course_utils.model_call import WholeResponse, cut_short
from course_utils.text import finish_of

# Reasons, in the words of several providers, that end an answer before its end.
INCOMPLETE = (
    *("length", "max_tokens", "max_output_tokens", "model_length"),
    *("content_filter", "safety", "recitation"),
    *("incomplete", "cancelled", "failed"),
)
NOT_YET = ("in_progress", "queued")


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


def ending_of(chunk: ChatGenerationChunk) -> str | None:
    """Why the answer ended, if this chunk says so."""
    unsaid = "whole" if isinstance(chunk, WholeResponse) else None
    if not (chunk.generation_info or chunk.message.response_metadata):
        return unsaid  # nearly every chunk
    reason = finish_of(chunk) or unsaid
    return None if reason in NOT_YET else reason


def incomplete(reason: str | None) -> bool:
    """Whether an answer with this finish reason was ended before its end.

    >>> incomplete("stop"), incomplete("length"), incomplete("SAFETY"), incomplete(None)
    (False, True, True, True)
    """
    return reason is None or reason.lower() in INCOMPLETE


def report_incomplete(chunk: ChatGenerationChunk, reason: str) -> None:
    """Write into the chunk's `response_metadata["incomplete"]` why, if it is."""
    if incomplete(reason):
        details = (chunk.generation_info or {}) | chunk.message.response_metadata
        why = (details.get("incomplete_details") or {}).get("reason") or reason
        chunk.message.response_metadata["incomplete"] = why


class ToolCallGuard:
    """Holds fragments of tool calls back until the finish reason is known.

    LangChain completes half JSON by guessing, so an agent would run a payment of 10
    that was to be 10000. Held back, half a call can also be asked for again unseen.
    """

    def __init__(self) -> None:
        self._held: list[ChatGenerationChunk] = []

    @property
    def holds(self) -> bool:
        """Whether a tool call is waiting."""
        return bool(self._held)

    def push(self, chunk: ChatGenerationChunk) -> bool:
        """Keep the chunk if it has a fragment of a tool call; say whether it has."""
        if not getattr(chunk.message, "tool_call_chunks", None):
            return False
        self._held.append(chunk)
        return True

    def flush(self, reason: str | None) -> list[ChatGenerationChunk]:
        """Let go of what is held, as `safe` shows it."""
        ready = self.safe(reason)
        self._held = []
        return ready

    def safe(self, reason: str | None) -> list[ChatGenerationChunk]:
        """What is held: as it came if every call is whole, else marked as invalid."""
        held = self._held
        if not held:
            return []
        message = sum_of(held)
        calls = message.tool_call_chunks
        if all(_whole(call, reason) for call in calls):
            return held
        marked = [call if _whole(call, reason) else _marked(call) for call in calls]
        return [_with_calls(message, marked, held[-1].generation_info)]


def _with_calls(
    message: AIMessageChunk, calls: list[ToolCallChunk], info: dict[str, Any] | None
) -> ChatGenerationChunk:
    safe = AIMessageChunk(
        content=str(message.text),
        tool_call_chunks=calls,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        id=message.id,
    )
    return ChatGenerationChunk(message=safe, generation_info=info)


def sum_of(chunks: list[ChatGenerationChunk]) -> AIMessageChunk:
    """The message that these chunks make together."""
    first, *rest = [chunk.message for chunk in chunks]
    total = first + rest if rest else first
    assert isinstance(total, AIMessageChunk)
    return total


def _whole(call: ToolCallChunk, reason: str | None) -> bool:
    """Whether the arguments are an object; none at all pass if the end is proper."""
    try:
        arguments: Any = json.loads(call["args"] or "")
    except json.JSONDecodeError:
        return not call["args"] and not incomplete(reason)
    return isinstance(arguments, dict)


def _marked(call: ToolCallChunk) -> ToolCallChunk:
    """The call with arguments that no parser completes, however chunks are added."""
    return {**call, "args": cut_short(call["args"])}
