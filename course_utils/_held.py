"""What a buffer means for the chunks of a stream: which go on, which are held.

Text goes through the buffer. Everything else a message chunk carries (usage, tool
calls, a finish reason) goes on at once, and the sum of the chunks stays the same.

    held = HeldChunks(WordBuffer()); held.push(chunk); held.flush()
"""

from typing import Any, Protocol

from langchain_core.messages import BaseMessageChunk

from course_utils.text import finish_of, is_restart, text_of


class Buffer(Protocol):
    """Anything that holds text back: two methods, each returns a string."""

    def push(self, text: str) -> str:
        """Take a piece of text; return what is ready, or an empty string."""

    def flush(self) -> str:
        """Return what is still held; the stream has ended."""


class HeldChunks:
    """One stream's chunks on their way through one buffer."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._like: Any = ""  # the last chunk with text: what flush() must look like
        self._told: dict[str, Any] = {}  # what every chunk repeats, and has gone on

    def push(self, chunk: Any) -> list[Any]:
        """Take a chunk; return the chunks that go on now."""
        if isinstance(chunk, str):
            before = self._before(chunk)
            return before + _texts(_answer("push", self._buffer.push(chunk)))
        if not isinstance(chunk, BaseMessageChunk) or _stands_alone(chunk):
            return [*self.flush(), chunk]
        return self._push_message(chunk)

    def _push_message(self, chunk: BaseMessageChunk) -> list[Any]:
        text = text_of(chunk)
        before = self._before(chunk) if text else []
        ready = _answer("push", self._buffer.push(text)) if text else ""
        if _ends_text(chunk):
            ready += _answer("flush", self._buffer.flush())
        if not ready and text and self._only_text(chunk):
            return before
        self._told = self._told or _repeated(chunk)
        return [*before, chunk if ready == text else _with_text(chunk, ready)]

    def _before(self, chunk: Any) -> list[Any]:
        """Text that must leave first, as `chunk` belongs to another message."""
        before = [] if _alike(self._like, chunk) else self.flush()
        self._like = chunk
        return before

    def _only_text(self, chunk: BaseMessageChunk) -> bool:
        """Whether nothing is lost if this chunk's text goes on later, alone."""
        usage = getattr(chunk, "usage_metadata", None)
        more = usage or chunk.additional_kwargs or _ends_text(chunk)
        return not more and chunk.response_metadata in ({}, self._told)

    def flush(self) -> list[Any]:
        """Return what is held, as one chunk of the kind that came last."""
        rest = _answer("flush", self._buffer.flush())
        if isinstance(self._like, str) or not rest:
            return _texts(rest)
        return [_bare(self._like, rest)]


def _texts(text: str) -> list[Any]:
    return [text] if text else []


def _answer(method: str, ready: Any) -> str:
    """What the buffer returned, if it is text; a learner may have forgotten it."""
    if isinstance(ready, str):
        return ready
    raise TypeError(
        f"{method}() of a buffer returns text, got {type(ready).__name__}: return "
        f'what is ready, or "" for nothing.'
    )


def _stands_alone(chunk: BaseMessageChunk) -> bool:
    """Whether it goes on as it is: a restart, or more than one block of text."""
    if is_restart(chunk):
        return True
    if isinstance(chunk.content, str) or not chunk.content:
        return False
    block = chunk.content[0]
    return len(chunk.content) > 1 or isinstance(block, str) or block["type"] != "text"


def _alike(one: Any, other: Any) -> bool:
    """Whether two chunks are parts of the same text."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str)
    return bool(one.id == other.id and _block(one) == _block(other))


def _block(chunk: BaseMessageChunk) -> Any:
    """What tells the content block from another; None where content is plain text."""
    if isinstance(chunk.content, str) or not chunk.content:
        return None
    block = chunk.content[0]
    return None if isinstance(block, str) else (block.get("index"), len(block))


def _ends_text(chunk: BaseMessageChunk) -> bool:
    """Whether no text of the same run follows: a finish, or a tool call begins."""
    last = getattr(chunk, "chunk_position", None) == "last"
    return bool(last or getattr(chunk, "tool_call_chunks", ()) or finish_of(chunk))


def _repeated(chunk: BaseMessageChunk) -> dict[str, Any]:
    """The part of the metadata that LangChain writes on every chunk."""
    metadata = chunk.response_metadata
    return {key: metadata[key] for key in metadata if key == "model_provider"}


def _content(chunk: BaseMessageChunk, text: str) -> Any:
    if isinstance(chunk.content, str) or not chunk.content:
        return text
    block = chunk.content[0]
    return [{**block, "text": text}] if isinstance(block, dict) else [text]


def _with_text(chunk: BaseMessageChunk, text: str) -> BaseMessageChunk:
    return chunk.model_copy(update={"content": _content(chunk, text)})


def _bare(chunk: BaseMessageChunk, text: str) -> BaseMessageChunk:
    """A chunk of the same message with this text and nothing else."""
    nothing: dict[str, Any] = {
        "response_metadata": {},
        "additional_kwargs": {},
        "tool_calls": [],
        "tool_call_chunks": [],
        "invalid_tool_calls": [],
        "usage_metadata": None,
        "chunk_position": None,
    }
    bare = {k: v for k, v in nothing.items() if k in type(chunk).model_fields}
    return chunk.model_copy(update={**bare, "content": _content(chunk, text)})
