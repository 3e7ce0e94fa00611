"""Answers as text, for caches that outlive the process.

A line says what an answer is made of; the strings of its chunks and their moments
follow, some hundred a line, to be read when they are needed. Names are hashes of the
question. Only the classes of an answer are brought back: a stranger who writes into
the cache can put words into an answer, but no code and, without the seal, no tool call.

    from_text(to_text(generations)) == generations
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zlib import crc32

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    Generation,
    GenerationChunk,
)

from course_utils.cache.kept import MARK
from course_utils.cache.seal import Seal, acts

GENERATIONS = (Generation, GenerationChunk, ChatGeneration, ChatGenerationChunk)
KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in (*GENERATIONS, AIMessage, AIMessageChunk)
}
A_LINE = 200  # pieces


def name_of(prompt: str, llm_string: str) -> str:
    """A short name for a question, the same in every process."""
    question = f"{len(prompt)} {prompt}{llm_string}"
    return hashlib.sha256(question.encode("utf-8", "surrogatepass")).hexdigest()


def to_text(generations: Sequence[Generation], seal: Seal | None = None) -> str:
    """The generations as JSON: a checksum, what they are, and their pieces."""
    lines: list[str] = []
    head = json.dumps([_plain(generation, lines) for generation in generations])
    body = "\n".join([head, *lines])
    sealed = any(acts(getattr(one, "message", None)) for one in generations)
    header: dict[str, Any] = {"sum": crc32(body.encode())}
    if sealed and seal is not None:
        header["seal"] = seal.of(body)
    return f"{json.dumps(header)}\n{body}"


def _plain(generation: Any, lines: list[str]) -> dict[str, Any]:
    info = dict(generation.generation_info or {})
    pieces = (info.get(MARK) or {}).get("pieces", [])
    if pieces:
        starts = range(0, len(pieces), A_LINE)
        lines += [json.dumps(pieces[start : start + A_LINE]) for start in starts]
        info[MARK] = {**info[MARK], "pieces": [], "lines": len(starts)}
    plain = {"kind": type(generation).__name__, "info": info or None}
    message = getattr(generation, "message", None)
    if message is None:
        return {**plain, "text": generation.text}
    fields = message.model_dump(exclude_defaults=True, exclude={"type"})
    return {**plain, "message": {"kind": type(message).__name__, **fields}}


def from_text(text: str | bytes, seal: Seal | None = None) -> list[Generation]:
    """The generations in this JSON.

    Raises:
        ValueError: It is something else, was damaged, or calls a tool unsealed.
    """
    generations = lazily(text, seal)
    for one in generations:
        marks = (one.generation_info or {}).get(MARK, {})
        if isinstance(marks.get("pieces"), Pieces):
            marks["pieces"] = list(marks["pieces"])
    return generations


def lazily(text: str | bytes, seal: Seal | None = None) -> list[Generation]:
    """The same, with pieces that are unpacked as they are read."""
    if isinstance(text, str):
        text = text.encode()
    try:
        return _revived(text, seal)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("The cache holds something else than an answer.") from error


def _revived(text: bytes, seal: Seal | None) -> list[Generation]:
    header: dict[str, Any] = {}
    if not text.startswith(b"["):  # as version 1.0 kept it: neither sum nor lines
        first, _, text = text.partition(b"\n")
        header = json.loads(first)
        if header["sum"] != crc32(text):
            raise ValueError("The answer in the cache was damaged.")
    head, *lines = text.split(b"\n")
    rest = iter(lines)
    generations = [_one(plain, rest) for plain in json.loads(head)]
    calls = any(acts(getattr(one, "message", None)) for one in generations)
    if calls and seal is not None and not seal.fits(text, header.get("seal")):
        raise ValueError("The answer in the cache calls a tool, and its seal is wrong.")
    return generations


def _one(plain: dict[str, Any], lines: Iterator[bytes]) -> Generation:
    kind, info = KINDS[plain.pop("kind")], plain.pop("info")
    if marks := (info or {}).get(MARK):
        count = marks.pop("lines", 0)
        if count:
            marks["pieces"] = Pieces([next(lines) for _ in range(count)])
    if fields := plain.get("message"):
        message = KINDS[fields.pop("kind")](**fields)
        plain = {"message": message}
    made: Generation = kind(**plain)
    made.generation_info = info  # as it is: a model would unpack what is to be read
    return made


@dataclass(frozen=True)
class Pieces:
    """The moments and strings in these lines, which are read one by one."""

    lines: Sequence[bytes]

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(map(json.loads, self.lines))
