"""An answer as it arrived, in the form that a cache keeps.

A record is a list of chunks and the moment each came. Caches take generations: runs
of plain text become one, with pieces and moments beside it; the rest stays as it is.

    cache.update(prompt, llm_string, pack(record))
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, Generation

from course_utils.clock import Clock
from course_utils.text import finish_of, is_restart, text_of
from course_utils.tokens import pieces

Replay = Literal["chunks", "paced", "whole"]

# Reasons that say the answer is whole, in the words of the common providers.
WHOLE = {
    *("stop", "tool_calls", "function_call", "completed"),
    *("end_turn", "tool_use", "stop_sequence"),
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One chunk of an answer and when it came, in seconds since the question."""

    chunk: ChatGenerationChunk
    at: float


def is_whole(record: Sequence[Arrival]) -> bool:
    """Whether the answer is worth keeping: finished, not empty, its tool calls sound.

    Cut, at its limit, filtered: such an answer would be served again and again.
    """
    chunks = [arrival.chunk for arrival in record]
    reasons = [reason for chunk in chunks if (reason := finish_of(chunk))]
    if not reasons or reasons[-1].lower() not in WHOLE:
        return False
    sound = all(map(_is_json, _tool_arguments(chunks)))
    return sound and any(is_visible(chunk) for chunk in chunks)


def is_visible(chunk: ChatGenerationChunk) -> bool:
    """Whether the chunk shows anything: text, or a part of a tool call."""
    message: Any = chunk.message
    return bool(message.tool_call_chunks or text_of(chunk))


def since_restart(record: list[Arrival]) -> list[Arrival]:
    """The answer that stays, when a `reliable` model has begun anew in mid-answer."""
    for number in range(len(record), 0, -1):
        if is_restart(record[number - 1].chunk):
            return record[number:]
    return record


def _tool_arguments(chunks: Iterable[ChatGenerationChunk]) -> list[str]:
    arguments: dict[Any, str] = {}
    for chunk in chunks:
        message: Any = chunk.message
        for part in message.tool_call_chunks:
            index = part.get("index")
            arguments[index] = arguments.get(index, "") + (part.get("args") or "")
    return list(arguments.values())


def _is_json(text: str) -> bool:
    try:
        json.loads(text or "{}")
    except ValueError:
        return False
    return True


# To the cache and back


def pack(record: Iterable[Arrival]) -> list[Generation]:
    """The record as generations; `unpack` gives the same record again."""
    packed: list[Generation] = []
    for metadata, group in groupby(record, _plain_text):
        arrivals = list(group)
        if metadata is None:
            packed += [_packed(one.chunk, {"at": one.at}) for one in arrivals]
        else:
            parts = [(one.at, text_of(one.chunk)) for one in arrivals]
            text = "".join(text for _, text in parts)
            message = AIMessageChunk(content=text, response_metadata=metadata)
            chunk = ChatGenerationChunk(message=message)
            packed.append(_packed(chunk, {"pieces": parts}))
    return packed


def _plain_text(arrival: Arrival) -> dict[str, Any] | None:
    """The metadata of a chunk that has nothing else but text; else None."""
    message: Any = arrival.chunk.message
    plain = isinstance(message.content, str) and message.content
    more = (
        arrival.chunk.generation_info
        or message.additional_kwargs
        or message.tool_call_chunks
        or message.tool_calls
        or message.usage_metadata
        or message.chunk_position
    )
    metadata: dict[str, Any] = message.response_metadata
    return metadata if plain and not more and not finish_of(arrival.chunk) else None


def _packed(chunk: ChatGenerationChunk, told: dict[str, Any]) -> ChatGenerationChunk:
    message = chunk.message.model_copy(update={"id": None})
    info = {**(chunk.generation_info or {}), "course_cache": told}
    return ChatGenerationChunk(message=message, generation_info=info)


def unpack(generations: Iterable[Any]) -> list[Arrival]:
    """The record that `pack` put in.

    Raises:
        ValueError: These generations are something else, or not a whole answer.
    """
    record = [one for generation in generations for one in _unpacked(generation)]
    if not is_whole(record):
        raise ValueError("The cache holds no whole answer here.")
    return record


def _unpacked(generation: Any) -> Iterator[Arrival]:
    message = getattr(generation, "message", None)
    info = dict(getattr(generation, "generation_info", None) or {})
    told = info.pop("course_cache", None)
    if not isinstance(message, AIMessageChunk) or not isinstance(told, dict):
        raise ValueError(f"The cache holds a {type(generation).__name__} of another.")
    if "pieces" not in told:
        chunk = ChatGenerationChunk(message=message, generation_info=info or None)
        yield Arrival(chunk, float(told.get("at", 0.0)))
    for at, text in told.get("pieces", ()):
        yield Arrival(_text_chunk(text, message.response_metadata), float(at))


def _text_chunk(text: str, metadata: dict[str, Any]) -> ChatGenerationChunk:
    message = AIMessageChunk(content=text, response_metadata=dict(metadata))
    return ChatGenerationChunk(message=message)


# To the reader


def replayed(record: Sequence[Arrival], replay: Replay) -> Iterator[Arrival]:
    """The record as a reader gets it again: no usage, and marked as cached."""
    if replay == "whole":
        total = record[0].chunk
        if len(record) > 1:
            total += [arrival.chunk for arrival in record[1:]]
        record = [Arrival(total, 0.0)]
    else:
        record = [part for arrival in record for part in _split(arrival)]
    for arrival in record:
        yield Arrival(free(arrival.chunk), arrival.at)


def _split(arrival: Arrival) -> Iterator[Arrival]:
    """An answer that came in one chunk, in pieces; any other chunk as it is."""
    message = arrival.chunk.message
    if finish_of(arrival.chunk) and isinstance(message.content, str):
        for piece in pieces(message.content):
            yield Arrival(_text_chunk(piece, {}), arrival.at)
        rest = message.model_copy(update={"content": ""})
        info = arrival.chunk.generation_info
        chunk = ChatGenerationChunk(message=rest, generation_info=info)
        yield Arrival(chunk, arrival.at)
    else:
        yield arrival


def free(chunk: ChatGenerationChunk) -> ChatGenerationChunk:
    """A copy that costs nothing: no usage, and its end says that it was `cached`."""
    changes: dict[str, Any] = {"id": None, "usage_metadata": None}
    if finish_of(chunk):
        told = {**chunk.message.response_metadata, "cached": True}
        told.pop("token_usage", None)
        changes["response_metadata"] = told
    return own(chunk, changes)


def own(
    chunk: ChatGenerationChunk, changes: dict[str, Any] | None = None
) -> ChatGenerationChunk:
    """A copy for one reader: LangChain writes ids and metadata into chunks."""
    listed = not isinstance(chunk.message.content, str)
    message = chunk.message.model_copy(update=changes, deep=listed)
    return chunk.model_copy(update={"message": message})


class Pacer:
    """When each chunk of a kept answer is due: the first with text at once."""

    def __init__(self, record: list[Arrival], replay: Replay, clock: Clock) -> None:
        self.arrivals = replayed(record, replay)
        self._paced = replay == "paced"
        texts = (arrival.at for arrival in record if is_visible(arrival.chunk))
        self._begin = clock.now() - next(texts, 0.0)

    def due(self, arrival: Arrival) -> float:
        """The moment on the clock; long past, where gaps are not kept."""
        return self._begin + arrival.at if self._paced else self._begin
