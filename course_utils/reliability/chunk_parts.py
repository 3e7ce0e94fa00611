"""Chunks with one part changed: what a reliable model passes on in another form.

A chunk is never edited in place, since the provider's client may still hold it; its
metadata stands in two places, which count as one.

    without(chunk, KEYS)        # the chunk as if no finish reason had come
"""

from collections.abc import Callable, Collection
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGenerationChunk

Chunk = ChatGenerationChunk


def said_in(chunk: Chunk) -> dict[str, Any]:
    """All metadata of the chunk."""
    info, metadata = chunk.generation_info, chunk.message.response_metadata
    return {**info, **metadata} if info else metadata


def edited(chunk: Chunk, **changes: Any) -> Chunk:
    """The chunk with a message changed in these fields."""
    message = chunk.message.model_copy(update=changes)
    return chunk.model_copy(update={"message": message, "text": message.text})


def without(chunk: Chunk, names: Collection[str]) -> Chunk:
    """The chunk without the metadata of these names."""

    def rest(said: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in said.items() if name not in names}

    info = rest(chunk.generation_info or {}) or None
    metadata = rest(chunk.message.response_metadata)
    changed = edited(chunk, response_metadata=metadata)
    return changed.model_copy(update={"generation_info": info})


def news_in(chunk: Chunk, before: dict[str, Any]) -> Chunk:
    """The chunk without what was before already: a sum joins two words to one."""
    said = said_in(chunk)
    again = [name for name in said if name in before and before[name] == said[name]]
    return without(chunk, again) if again else chunk


def with_calls(chunk: Chunk, calls: list[ToolCallChunk]) -> Chunk:
    """The chunk with these fragments of tool calls, in its content's blocks as well."""
    message: Any = chunk.message
    by_index = {call.get("index"): call["args"] for call in calls}
    fields = {name: getattr(message, name) for name in _KEPT}
    content = mapped(message.content, lambda block: _with_args(block, by_index))
    changed = AIMessageChunk(**fields, content=content, tool_call_chunks=calls)
    return chunk.model_copy(update={"message": changed})


_KEPT = (
    *("additional_kwargs", "response_metadata", "usage_metadata"),
    *("id", "name", "chunk_position"),
)


def _with_args(block: dict[str, Any], args: dict[Any, Any]) -> dict[str, Any]:
    for name in ("arguments", "partial_json", "args"):
        if isinstance(block.get(name), str) and block.get("index") in args:
            return {**block, name: args[block.get("index")]}
    return block


def mapped(content: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The content with every block changed; plain text stays as it is."""
    if isinstance(content, str):
        return content
    return [change(block) if isinstance(block, dict) else block for block in content]


def shifted(chunk: Chunk, by: int) -> Chunk:
    """The chunk with its blocks behind as many others, so that none is added to those.

    LangChain adds blocks of one index up, also those of two answers.
    """
    message: Any = chunk.message
    if isinstance(message.content, str):
        return chunk
    calls: Any = [_moved(dict(call), by) for call in message.tool_call_chunks]
    content = mapped(message.content, lambda block: _moved(block, by))
    return edited(chunk, content=content, tool_call_chunks=calls)


def _moved(block: dict[str, Any], by: int) -> dict[str, Any]:
    index = block.get("index")
    return {**block, "index": index + by} if isinstance(index, int) else block


def blocks_in(content: Any) -> int:
    """How many blocks were numbered in this content."""
    if isinstance(content, str):
        return 0
    numbers = [block.get("index") for block in content if isinstance(block, dict)]
    return max((n + 1 for n in numbers if isinstance(n, int)), default=0)


def after_text(content: Any, seen: int) -> Any:
    """The content after its first `seen` letters, in the form that it has."""
    if isinstance(content, str):
        return content[seen:]
    rest: list[Any] = []
    for block in content:
        text = block if isinstance(block, str) else block.get("text")
        if not isinstance(text, str):
            rest += [] if seen > 0 else [block]
        elif left := text[max(0, seen) :]:
            rest.append(left if isinstance(block, str) else {**block, "text": left})
        seen -= len(text) if isinstance(text, str) else 0
    return rest


def in_form_of(content: Any, shown: Any) -> Any:
    """Plain text as a block, if what was shown came in blocks."""
    if isinstance(content, str) and not isinstance(shown, str):
        return [{"type": "text", "text": content}] if content else []
    return content


class Usage:
    """Holds the usage of an attempt back until its end: who fails is not counted."""

    def __init__(self) -> None:
        self.total: UsageMetadata | None = None

    def take(self, chunk: Chunk) -> Chunk:
        """The chunk without its usage, which is kept here."""
        usage = getattr(chunk.message, "usage_metadata", None)
        if usage is None:
            return chunk
        self.total = add_usage(self.total, usage) if self.total else usage
        return edited(chunk, usage_metadata=None)

    def give(self, chunk: Chunk) -> Chunk:
        """The chunk with all usage that was kept."""
        total, self.total = self.total, None
        return edited(chunk, usage_metadata=total) if total else chunk
