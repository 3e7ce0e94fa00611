"""Answers as text, for caches that outlive the process.

Names are hashes of the question. Only the classes of an answer are brought back: a
stranger who writes into the cache can put words into an answer, but no code.

    from_text(to_text(generations)) == generations
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    Generation,
    GenerationChunk,
)

GENERATIONS = (Generation, GenerationChunk, ChatGeneration, ChatGenerationChunk)
KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in (*GENERATIONS, AIMessage, AIMessageChunk)
}


def name_of(prompt: str, llm_string: str) -> str:
    """A short name for a question, the same in every process."""
    question = f"{len(prompt)} {prompt}{llm_string}"
    return hashlib.sha256(question.encode("utf-8", "surrogatepass")).hexdigest()


def to_text(generations: Sequence[Generation]) -> str:
    """The generations as JSON."""
    return json.dumps([_plain(generation) for generation in generations])


def _plain(generation: Any) -> dict[str, Any]:
    plain = {"kind": type(generation).__name__, "info": generation.generation_info}
    message = getattr(generation, "message", None)
    if message is None:
        return {**plain, "text": generation.text}
    fields = message.model_dump(exclude_defaults=True, exclude={"type"})
    return {**plain, "message": {"kind": type(message).__name__, **fields}}


def from_text(text: str | bytes) -> list[Generation]:
    """The generations in this JSON.

    Raises:
        ValueError: It is something else.
    """
    try:
        return [_revived(plain) for plain in json.loads(text)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("The cache holds something else than an answer.") from error


def _revived(plain: dict[str, Any]) -> Generation:
    kind, info = KINDS[plain.pop("kind")], plain.pop("info")
    if fields := plain.get("message"):
        message = KINDS[fields.pop("kind")](**fields)
        plain = {"message": message}
    made: Generation = kind(**{**plain, "generation_info": info})
    return made
