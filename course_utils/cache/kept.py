"""A kept answer: into a cache of LangChain's and back, and to its reader again.

Caches take generations. Each run of chunks becomes one, with all its text, so that
others can read it, too; the moments and the single strings stand beside it.

    kept = unpack(cache.lookup(prompt, llm_string))
    for arrival in kept.delivered("chunks"): ...
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, Generation

from course_utils.cache.record import Run, Shape, is_whole, without_slot
from course_utils.clock import Clock
from course_utils.tokens import pieces

Delivery = Literal["chunks", "paced", "whole"]
MARK = "course_cache"
PART = 1000  # characters


def pack(runs: Iterable[Run]) -> list[Generation]:
    """The runs as generations; `unpack` gives the same runs again."""
    return [_packed(run) for run in runs]


def _packed(run: Run) -> ChatGenerationChunk:
    chunk = run.chunk()
    marks: dict[str, Any] = {
        "pieces": [[round(at, 6), text] for at, text in run.pieces]
    }
    marks["slot"] = run.shape.slot
    info = {**(chunk.generation_info or {}), MARK: marks}
    return ChatGenerationChunk(message=chunk.message, generation_info=info)


def unpack(generations: Iterable[Any]) -> "Kept":
    """The answer that `pack` put in.

    Raises:
        ValueError: These generations are something else, or not a whole answer.
    """
    runs = [_unpacked(generation) for generation in generations]
    if not is_whole(runs):
        raise ValueError("The cache holds no whole answer here.")
    return Kept(runs)


def _unpacked(generation: Any) -> Run:
    message = getattr(generation, "message", None)
    info = dict(getattr(generation, "generation_info", None) or {})
    marks = info.pop(MARK, None)
    if not isinstance(message, AIMessageChunk) or not isinstance(marks, dict):
        raise ValueError(f"The cache holds a {type(generation).__name__} of another.")
    # Version 1.0 kept runs of plain text only, and had no name for their slot.
    slot = marks.get("slot", "text" if "pieces" in marks else None)
    come = marks.get("pieces", [(marks.get("at", 0.0), "")])
    chunk = generation.model_copy(update={"generation_info": info or None})
    return Run(Shape(without_slot(chunk, slot), slot), come)


@dataclass(frozen=True)
class Kept:
    """A whole answer, which its readers get chunk by chunk, and unpack as they read."""

    runs: Sequence[Run]

    def delivered(
        self, delivery: Delivery
    ) -> Iterator[tuple[float, ChatGenerationChunk]]:
        """Its chunks and their moments, as a reader gets them again."""
        if delivery == "whole":
            yield 0.0, self.whole()
            return
        for run in self.runs:
            for arrival in run.arrivals():
                for chunk in _split(arrival.chunk(), run.shape):
                    yield arrival.at, chunk

    def whole(self) -> ChatGenerationChunk:
        """All of it in one chunk."""
        first, *rest = [run.chunk() for run in self.runs]
        return first + rest if rest else first

    @property
    def begin(self) -> float:
        """When the first chunk came that shows anything."""
        seen = (run.pieces for run in self.runs if run.shape.visible)
        return next((at for run in seen for at, _ in run), 0.0)


def _split(chunk: ChatGenerationChunk, shape: Shape) -> Iterator[ChatGenerationChunk]:
    """An answer that came in one chunk, in pieces; any other chunk as it is."""
    message = chunk.message
    if not shape.finish or shape.slot != "text" or not isinstance(message.content, str):
        yield chunk
        return
    for piece in chain.from_iterable(map(pieces, _in_parts(message.content))):
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
    rest = message.model_copy(update={"content": ""})
    yield chunk.model_copy(update={"message": rest, "text": ""})


def _in_parts(text: str) -> Iterator[str]:
    """The text in parts of some length, cut at blanks: the first comes at once."""
    start = 0
    while start < len(text):
        blank = text.find(" ", start + PART)
        end = blank if blank >= 0 else len(text)
        yield text[start:end]
        start = end


class Pacer:
    """When each chunk of a kept answer is due: the first one seen, at once."""

    def __init__(self, answer: Kept, delivery: Delivery, clock: Clock) -> None:
        self.chunks = answer.delivered(delivery)
        self._paced = delivery == "paced"
        self._begin = clock.now() - (answer.begin if self._paced else 0.0)

    def due(self, at: float) -> float:
        """The moment on the clock; long past, where gaps are not kept."""
        return self._begin + at if self._paced else self._begin
