"""What a buffer means for the chunks of a stream: which go on, which are held.

Text goes through the buffer. Everything else a message chunk carries (usage, tool
calls, a finish reason) goes on at once, and the sum of the chunks stays the same.

    held = HeldChunks(WordBuffer); held.push(chunk); held.flush()
"""

from collections.abc import Callable
from typing import Any, Protocol

from langchain_core.messages import BaseMessage, BaseMessageChunk

from course_utils.chunks import is_restart
from course_utils.finish import finish_of
from course_utils.passages.content.voices import Lane, Voice, Voices


class Buffer(Protocol):
    """Anything that holds text back: two methods, each returns a string."""

    def push(self, text: str) -> str:
        """Take a piece of text; return what is ready, or an empty string."""

    def flush(self) -> str:
        """Return what is still held; the stream has ended."""


class HeldChunks:
    """One stream's chunks on their way through buffers: each message has its own.

    Two models may speak in turn, chunk by chunk, and what one buffer holds of the first
    must not leave, nor be joined, because the second speaks.
    """

    def __init__(self, make_buffer: Callable[[], Buffer]) -> None:
        self._make = make_buffer
        self._voices = Voices()
        self._held: dict[Any, HeldText] = {}  # by message; by None for plain text
        self._now: HeldText | None = None  # of the chunk before ...
        self._speaker: tuple[type, Any] | None = None  # ... its kind and its id

    def push(self, chunk: Any) -> list[Any]:
        """Take a chunk; return the chunks that go on now."""
        speaker = (type(chunk), getattr(chunk, "id", None))
        plain = not getattr(chunk, "response_metadata", None)  # no restart, no end
        if self._now is not None and speaker == self._speaker and plain:
            return self._now.push(chunk)
        self._speaker = speaker
        return self._push(chunk)

    def _push(self, chunk: Any) -> list[Any]:
        if isinstance(chunk, BaseMessageChunk):
            others = self._leave(lambda key: key is None)
            return [*others, *self._push_message(chunk)]
        if isinstance(chunk, BaseMessage):  # of its own, so nobody's text has to leave
            self._now = None
            return [self.whole(chunk)]
        if not isinstance(chunk, str):
            return [*self.flush(), self.whole(chunk)]
        others = self._leave(lambda key: key is not None)
        return [*others, *self._of(None).push(chunk)]

    def _push_message(self, chunk: BaseMessageChunk) -> list[Any]:
        lane = self._voices.bare
        if is_restart(chunk):
            before, _ = self._voices.take_back(lane, chunk.id)
            return [*self._leave(lambda key: key == before.key), self.whole(chunk)]
        return self._of(self._voice(chunk, lane).key).push(chunk)

    def _voice(self, chunk: BaseMessageChunk, lane: Lane) -> Voice:
        """The message that this chunk is of: without an id, of the one before."""
        last = lane.last
        if last is not None and (chunk.id is None or lane.voices.get(None) is last):
            lane.voices.pop(None, None)
            lane.voices[chunk.id] = last
        voice = self._voices.of(lane, chunk.id)
        voice.finish = finish_of(chunk) or voice.finish
        return voice

    def _of(self, key: str | None) -> "HeldText":
        if key not in self._held:
            self._held[key] = HeldText(self._make())
        self._now = self._held[key]
        return self._now

    def _leave(self, which: Callable[[str | None], bool]) -> list[Any]:
        """What is held of these messages."""
        self._now = None
        held = [self._held.pop(key) for key in list(self._held) if which(key)]
        return [ready for one in held for ready in one.flush()]

    def flush(self) -> list[Any]:
        """Return what is held, as one chunk for each message."""
        return self._leave(lambda key: True)

    def whole(self, item: Any) -> Any:
        """An item that is no part of a text: what it says, it says through a buffer.

        >>> from course_utils.buffering.buffers import WordBuffer
        >>> HeldChunks(WordBuffer).whole("A whole answer.")
        'A whole answer.'
        """
        return HeldText(self._make()).whole(item)


class HeldText:
    """One message's chunks on their way through one buffer."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._like: Any = ""  # the last chunk with text: what flush() must look like
        self._sent: dict[str, Any] = {}  # what every chunk repeats, and has gone on

    def push(self, chunk: str | BaseMessageChunk) -> list[Any]:
        """Take a chunk; return the chunks that go on now."""
        if isinstance(chunk, str):
            return _texts(self._pushed(chunk))
        return [ready for part in _parts(chunk) for ready in self._push_part(part)]

    def _push_part(self, chunk: BaseMessageChunk) -> list[Any]:
        text = _text_in(chunk.content)
        if text is None:
            return [*self.flush(), chunk]
        before = self._before(chunk) if chunk.content else []
        ready = self._pushed(text)
        if _ends_text(chunk):
            rest = self._rest()
            if not (text or (_plain(self._like) and _plain(chunk))):
                return [*self._as_chunks(rest), chunk]
            ready += rest
        if not ready and text and self._only_text(chunk):
            return before
        self._sent = self._sent or _repeated(chunk)
        return [*before, chunk if ready == text else _with_text(chunk, ready)]

    def _before(self, chunk: Any) -> list[Any]:
        """Text that must leave first, as `chunk` belongs to another text."""
        before = [] if _alike(self._like, chunk) else self.flush()
        self._like = chunk
        return before

    def _only_text(self, chunk: BaseMessageChunk) -> bool:
        """Whether nothing is lost if this chunk's text goes on later, alone."""
        usage = getattr(chunk, "usage_metadata", None)
        more = usage or chunk.additional_kwargs or _ends_text(chunk)
        block = {} if isinstance(chunk.content, str) else chunk.content[0]
        plain = isinstance(block, str) or set(block) <= {"type", "text", "index"}
        return plain and not more and chunk.response_metadata in ({}, self._sent)

    def flush(self) -> list[Any]:
        """Return what is held, as one chunk of the kind that came last."""
        return self._as_chunks(self._rest())

    def whole(self, item: Any) -> Any:
        """The same of an item that is no part of a text."""
        if isinstance(item, str):
            return self._pushed(item) + self._rest()
        if not isinstance(item, BaseMessage) or is_restart(item):
            return item
        if isinstance(item.content, str):
            content: Any = self.whole(item.content)
        else:
            content = [self._whole_block(block) for block in item.content]
        return item.model_copy(update={"content": content})

    def _whole_block(self, block: Any) -> Any:
        text = _text_in([block])
        if not text:
            return block
        ready = self.whole(text)
        return ready if isinstance(block, str) else {**block, "text": ready}

    def _as_chunks(self, rest: str) -> list[Any]:
        if isinstance(self._like, str) or not rest:
            return _texts(rest)
        return [_bare(self._like, rest)]

    def _pushed(self, text: str) -> str:
        return _answer("push", self._buffer.push(text)) if text else ""

    def _rest(self) -> str:
        return _answer("flush", self._buffer.flush())


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


def _parts(chunk: BaseMessageChunk) -> list[BaseMessageChunk]:
    """The chunk as chunks of one block each; the last one has all the rest."""
    if isinstance(chunk.content, str) or len(chunk.content) < 2:
        return [chunk]
    *first, last = chunk.content
    rest = chunk.model_copy(update={"content": [last]})
    return [*(_only(chunk, [block]) for block in first), rest]


def _text_in(content: Any) -> str | None:
    """The text of a chunk of one block at most; None of a block that is no text."""
    if isinstance(content, str) or not content:
        return content or ""
    block = content[0]
    if isinstance(block, str):
        return block
    return block.get("text") or "" if block.get("type") == "text" else None


def _plain(chunk: Any) -> bool:
    return isinstance(getattr(chunk, "content", chunk), str)


def _alike(one: Any, other: Any) -> bool:
    """Whether two chunks of a message are parts of the same text."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str)
    return bool(_block(one) == _block(other))


def _block(chunk: BaseMessageChunk) -> Any:
    """What tells the content block from another; None where content is plain text."""
    if isinstance(chunk.content, str):
        return None
    block = chunk.content[0]
    return ("block", None if isinstance(block, str) else block.get("index"))


def _ends_text(chunk: BaseMessageChunk) -> bool:
    """Whether no text of the same run follows: a finish, or a tool call begins."""
    last = getattr(chunk, "chunk_position", None) == "last"
    return bool(last or getattr(chunk, "tool_call_chunks", ()) or finish_of(chunk))


def _repeated(chunk: BaseMessageChunk) -> dict[str, Any]:
    """The part of the metadata that LangChain writes on every chunk."""
    metadata = chunk.response_metadata
    repeated = ("model_provider", "output_version")
    return {key: metadata[key] for key in metadata if key in repeated}


def _with_text(chunk: BaseMessageChunk, text: str) -> BaseMessageChunk:
    content: Any = text
    if not isinstance(chunk.content, str):
        block = chunk.content[0]
        content = [text] if isinstance(block, str) else [{**block, "text": text}]
    return chunk.model_copy(update={"content": content})


def _bare(chunk: BaseMessageChunk, text: str) -> BaseMessageChunk:
    """A chunk of the same message with this text, in the same block, and no more."""
    if isinstance(chunk.content, str):
        return _only(chunk, text)
    block = chunk.content[0]
    if isinstance(block, str):
        return _only(chunk, [text])
    same = {key: block[key] for key in ("type", "index") if key in block}
    return _only(chunk, [{**same, "text": text}])


def _only(chunk: BaseMessageChunk, content: Any) -> BaseMessageChunk:
    """A chunk of the same message with this content and nothing else."""
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
    return chunk.model_copy(update={**bare, "content": content})
