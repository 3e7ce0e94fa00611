"""The text of every token a handler is told about, each token once.

LangChain tells a token in up to two ways: `on_llm_new_token`, and for v3 event streams
`on_stream_event`, which follows it. The first that speaks in a run is listened to.

    text = tokens.in_token(token, chunk, run_id)
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessageChunk

from course_utils.chunks import text_of

# Runs remembered at most: a cancelled run never says that it has ended.
REMEMBERED = 1000


class TokenText:
    """Tells text from a handler's events, for many runs at a time."""

    def __init__(self) -> None:
        self._by_token: dict[UUID, None] = {}

    def in_token(self, token: Any, chunk: Any, run_id: UUID) -> str:
        """The text of an `on_llm_new_token`: a string though `token` may be a list."""
        self._by_token[run_id] = None
        if len(self._by_token) > REMEMBERED:
            self._by_token.pop(next(iter(self._by_token)), None)
        if chunk is None and isinstance(token, list):
            chunk = AIMessageChunk(content=token)
        return text_of(token if chunk is None else chunk)

    def in_event(self, event: Mapping[str, Any], run_id: UUID) -> str:
        """The text of an `on_stream_event`, unless the run's tokens told it already."""
        delta = event.get("delta")
        if run_id in self._by_token or not isinstance(delta, Mapping):
            return ""
        return str(delta.get("text", "")) if delta.get("type") == "text-delta" else ""

    def forget(self, run_id: UUID) -> None:
        """The run has ended."""
        self._by_token.pop(run_id, None)
