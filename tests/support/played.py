"""A chat model that plays chunks as they are: for what no provider's client sends.

Played(plays=[[chunk("Hi"), chunk("", "stop")]])    # one answer after the other
"""

from collections.abc import Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult


def chunk(content: Any = "", finish: str = "", **fields: Any) -> AIMessageChunk:
    """A chunk with a text or blocks, and perhaps the reason why the answer ends."""
    if finish:
        fields["response_metadata"] = {"finish_reason": finish}
    return AIMessageChunk(content=content, **fields)


def fragment(
    args: str,
    index: int | None = 0,
    *,
    name: str | None = None,
    call_id: str | None = None,
) -> dict[str, Any]:
    """A fragment of a tool call."""
    kind = {"type": "tool_call_chunk"}
    return {"name": name, "args": args, "id": call_id, "index": index, **kind}


class Played(BaseChatModel):
    """Plays its chunks, one list for each request; the last one again and again."""

    plays: list[list[Any]]
    requests: int = 0

    @property
    def _llm_type(self) -> str:
        return "played"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=tools, **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        play = self.plays[min(self.requests, len(self.plays) - 1)]
        self.requests += 1
        for one in play:
            if isinstance(one, BaseException):
                raise one
            yield ChatGenerationChunk(message=one.model_copy(deep=True))

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return generate_from_stream(self._stream())
