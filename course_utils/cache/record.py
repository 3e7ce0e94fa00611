"""An answer as it arrived: cheap to record, and private to each who reads it.

Most chunks of an answer differ in one string only. A record keeps that string, the
moment, and a shape: everything else, once for a whole run of chunks. Who reads the
record gets chunks of his own, made from both.

    recorder.arrival(chunk, at).chunk()
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby
from json import loads
from operator import attrgetter
from typing import Any, Literal

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from course_utils.chunks import is_restart
from course_utils.finish import Endings, Finish, finish_of

# Where the string stands that differs: the text, the text or reasoning in the only
# block of a list, the arguments of the only fragment of a tool call.
Slot = Literal["text", "block", "args"]
IN_BLOCKS = ("text", "reasoning", "thinking")


class Shape:
    """What a run of chunks has in common: a chunk with an empty slot, for nobody else.

    Attributes:
        slot: Where the string of each chunk stands; None for a chunk that is alone.
        finish: Why the answer ended, if these chunks say so.
        restart: Whether they take back what was before.
        calls: Whether they belong to tool calls.
        says: Whether they are a part of the answer: text or a tool call.
        visible: Whether they show anything at all, reasoning, too.
    """

    def __init__(self, chunk: ChatGenerationChunk, slot: Slot | None) -> None:
        self.slot = slot
        self.finish: Finish | None = finish_of(chunk)
        self.restart = is_restart(chunk)
        self._chunk = _free(chunk, self.finish)
        message: Any = self._chunk.message
        self.calls = bool(message.tool_call_chunks)
        self.says = self.calls or slot == "text" or bool(message.text)
        if slot == "block":
            self.says = message.content[0].get("type") == "text"
        more = self.calls or message.content or message.additional_kwargs
        self.visible = slot is not None or bool(more)

    def chunk(self, text: str) -> ChatGenerationChunk:
        """A new chunk of this shape, which shares nothing with any other."""
        message: Any = self._chunk.message
        new = message.model_copy(update=_private(_in_slot(message, self.slot, text)))
        if self.slot == "args":
            new = type(new)(**{**_private(dict(new)), **_NOT_PARSED})
        info = _private(self._chunk.generation_info)
        shown = text if self.slot == "text" else str(new.text)
        changes = {"message": new, "generation_info": info, "text": shown}
        return self._chunk.model_copy(update=changes)


_NOT_PARSED: dict[str, Any] = {"tool_calls": [], "invalid_tool_calls": []}
_MUTABLE = (
    *("content", "additional_kwargs", "response_metadata", "usage_metadata"),
    *("tool_calls", "invalid_tool_calls", "tool_call_chunks"),
)


def _in_slot(message: Any, slot: Slot | None, text: str) -> dict[str, Any]:
    """The message's parts that can be edited, with this string in its place."""
    parts = {name: getattr(message, name) for name in _MUTABLE}
    if slot == "text":
        parts["content"] = text
    elif slot == "block":
        (block,) = message.content
        parts["content"] = [{**block, _block_key(block): text}]
    elif slot == "args":
        (fragment,) = message.tool_call_chunks
        parts["tool_call_chunks"] = [{**fragment, "args": text}]
    return parts


def _private(value: Any) -> Any:
    """A copy that shares nothing that can be edited."""
    if isinstance(value, dict):
        return {key: _private(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_private(one) for one in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return deepcopy(value)


def _free(chunk: ChatGenerationChunk, finish: Finish | None) -> ChatGenerationChunk:
    """A copy that costs nothing: no usage, and its end says that it was `cached`."""
    metadata = _private(chunk.message.response_metadata)
    if finish:
        metadata["cached"] = True
        metadata.pop("token_usage", None)
    changes = {"id": None, "usage_metadata": None, "response_metadata": metadata}
    message = chunk.message.model_copy(update=changes)
    return chunk.model_copy(update={"message": message})


@dataclass(slots=True)
class Arrival:
    """One chunk of an answer, and when it came, in seconds since the question.

    `fresh` is the model's own chunk: it is for who began the call.
    """

    shape: Shape
    text: str
    at: float
    fresh: ChatGenerationChunk | None = None

    def chunk(self) -> ChatGenerationChunk:
        """The chunk, as a reader gets it who did not begin the call."""
        return self.shape.chunk(self.text)


class Recorder:
    """Turns the chunks of one answer into arrivals, before anybody can edit them."""

    def __init__(self) -> None:
        self._shape: Shape | None = None
        self._rest: Any = None

    def arrival(self, chunk: ChatGenerationChunk, at: float) -> Arrival:
        """The record of this chunk."""
        slot, text, rest = _taken_apart(chunk)
        if slot is None or self._shape is None or rest != self._rest:
            self._shape = Shape(without_slot(chunk, slot), slot)
            self._rest = _private(rest)
        return Arrival(self._shape, text, at, chunk)


def _taken_apart(chunk: ChatGenerationChunk) -> tuple[Slot | None, str, list[Any]]:
    """The slot of a chunk, the string in it, and everything else."""
    fields = chunk.message.__dict__
    content, fragments = fields["content"], fields.get("tool_call_chunks")
    rest = [
        *(chunk.generation_info, fields.get("additional_kwargs"), fields.get("name")),
        *(fields.get("response_metadata"), fields.get("usage_metadata")),
        *(fields.get("chunk_position"), type(chunk.message)),
    ]
    if content and isinstance(content, str) and not fragments:
        return "text", content, ["text", *rest, *_calls(fields)]
    if not content and fragments and len(fragments) == 1:
        fragment = dict(fragments[0])
        if isinstance(text := fragment.pop("args", None), str):
            return "args", text, ["args", *rest, fragment]
    if not fragments and isinstance(content, list) and len(content) == 1:
        block = content[0]
        key = _block_key(block)
        if key and isinstance(block.get(key), str):
            without = {name: block[name] for name in block if name != key}
            return "block", block[key], ["block", *rest, without, *_calls(fields)]
    return None, "", rest


def _calls(fields: dict[str, Any]) -> tuple[Any, Any]:
    return fields.get("tool_calls"), fields.get("invalid_tool_calls")


def _block_key(block: Any) -> str:
    """Where a block of content keeps its text; empty if it is of another kind."""
    kind = block.get("type") if isinstance(block, dict) else None
    return kind if kind in IN_BLOCKS else ""


def without_slot(chunk: ChatGenerationChunk, slot: Slot | None) -> ChatGenerationChunk:
    """A private copy of the chunk, its slot empty."""
    message: Any = chunk.message
    parts = _private(_in_slot(message, slot, ""))
    if slot == "args":
        parts |= _NOT_PARSED
    info = _private(chunk.generation_info)
    changes = {"message": message.model_copy(update=parts), "generation_info": info}
    return chunk.model_copy(update=changes)


# An answer that has come to its end


@dataclass(frozen=True)
class Run:
    """Chunks of one shape, one after the other: when each came, and its string."""

    shape: Shape
    pieces: Iterable[tuple[float, str]]

    @property
    def text(self) -> str:
        """The strings of all of them."""
        return "".join(text for _, text in self.pieces)

    @property
    def says(self) -> bool:
        """Whether it is a part of the answer."""
        return self.shape.says and not self._empty

    @property
    def goes_on(self) -> bool:
        """Whether the answer goes on with it; a call tells by itself if it is whole."""
        speaks = self.shape.says or self.shape.slot == "block"
        return speaks and not self.shape.calls and not self._empty

    @property
    def _empty(self) -> bool:
        return self.shape.slot is not None and not any(t for _, t in self.pieces)

    def arrivals(self) -> Iterator[Arrival]:
        """The chunks, one by one."""
        for at, text in self.pieces:
            yield Arrival(self.shape, text, at)

    def chunk(self) -> ChatGenerationChunk:
        """All of them as one chunk."""
        return self.shape.chunk(self.text)


def runs_of(record: Iterable[Arrival]) -> list[Run]:
    """The answer that stays: what came since it last began anew."""
    runs: list[Run] = []
    for shape, group in groupby(record, attrgetter("shape")):
        if shape.restart:
            runs = []
        else:
            runs.append(Run(shape, [(one.at, one.text) for one in group]))
    return runs


def is_whole(runs: Sequence[Run]) -> bool:
    """Whether the answer is worth keeping: finished, not empty, its tool calls sound.

    Cut, at its limit, filtered: such an answer would be served again and again.
    """
    ends = Endings()
    said = False
    for run in runs:
        said = said or run.says
        ends.hear("answer", says=run.goes_on, ended=run.shape.finish)
    return said and ends.whole and _sound(runs)


def _sound(runs: Sequence[Run]) -> bool:
    """Whether the tool calls, put together as LangChain does, are all JSON objects."""
    messages: list[Any] = [run.chunk().message for run in runs if run.shape.calls]
    if not messages:
        return True
    total = messages[0] + messages[1:] if len(messages) > 1 else messages[0]
    assert isinstance(total, AIMessageChunk)
    return all(_is_object(call["args"] or "{}") for call in total.tool_call_chunks)


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except ValueError:
        return False
