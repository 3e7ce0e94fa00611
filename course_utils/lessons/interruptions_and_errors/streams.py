"""Streams and events that tell what an answer does with them, for notebook 4's checks.

calls = safe_tool_calls(ended(reply, "length"))
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelInvalidRequestError,
)
from langchain_core.messages import AIMessageChunk

from course_utils.chunks import text_of
from course_utils.fake.model import FakeStreamingChatModel
from course_utils.lessons.scenes import MANY, NASTY, PIECES
from course_utils.lessons.scripted import (
    answer,
    calling,
    from_chat_completions,
    from_responses,
    in_blocks,
    say,
    thinking,
)

WHOLE = "Hello there, you two."


def model_of(*replies: Any) -> FakeStreamingChatModel:
    """A model with these replies, at full speed."""
    return FakeStreamingChatModel(replies=list(replies))


async def pausing() -> AsyncIterator[Any]:
    """A stream with a silent moment: waiting through it must not cancel it."""
    for number, chunk in enumerate(model_of(WHOLE).stream("Hi")):
        yield chunk
        if number == 2:
            await asyncio.sleep(0.3)


async def pressing(stream: Any, stop: asyncio.Event, tokens: int) -> Any:
    """Pass a stream through, and press stop after so many tokens."""
    seen = 0
    if not tokens:
        stop.set()
    try:
        async for chunk in stream:
            yield chunk
            seen += bool(text_of(chunk))
            if seen == tokens:
                stop.set()
    finally:
        await stream.aclose()


class WatchedEvent(asyncio.Event):
    """An event that knows whether a reader has looked at it."""

    checked = False

    async def wait(self) -> Literal[True]:
        self.checked = True
        return await super().wait()

    def is_set(self) -> bool:
        self.checked = True
        return super().is_set()


# What a model says to each request, for the exercises that ask one: the attempts, the
# chunks and errors of each request, the text that comes, what ends it, the requests.


class Says(Exception):
    """An error of another library, which says whether to try again."""

    def __init__(self, is_retryable: bool) -> None:
        super().__init__("on purpose")
        self.is_retryable = is_retryable


@dataclass(frozen=True)
class Asked:
    """A model's answers, and what the reader gets from them."""

    answers: list[list[Any]]
    text: str
    requests: int = 1
    error: BaseException | None = None
    attempts: int = 3


BROKE = ModelConnectionError("on purpose")
REFUSED = ModelAPIError("on purpose")
WRONG = ModelInvalidRequestError("on purpose")
ODD_ERROR = ValueError("on purpose")
NEVER = [ModelAPIError(f"on purpose, {number}") for number in range(5)]
HELLO = ["Hello", " there"]
GOOD = answer(PIECES)

RETRIED = {
    "a healthy model": Asked([GOOD], NASTY),
    "one failure first": Asked([[REFUSED], GOOD], NASTY, 2),
    "a break before any text": Asked([[say(), BROKE], GOOD], NASTY, 2),
    "a break after two tokens": Asked(
        [[*map(say, HELLO), BROKE]], "Hello there", 1, BROKE
    ),
    "a break after an empty line": Asked(
        [[say("\n\n"), BROKE], GOOD], "\n\n", 1, BROKE
    ),
    "a break in tokens that are lists": Asked([[in_blocks("A"), BROKE]], "A", 1, BROKE),
    "failures only": Asked([[error] for error in NEVER], "", 3, NEVER[2]),
    "failures only, and five attempts": Asked(
        [[error] for error in NEVER], "", 5, NEVER[4], attempts=5
    ),
    "one attempt and a failure": Asked([[REFUSED], GOOD], "", 1, REFUSED, attempts=1),
    "a request that is wrong": Asked([[WRONG], GOOD], "", 1, WRONG),
    "an error without `is_retryable`": Asked([[ODD_ERROR], GOOD], "", 1, ODD_ERROR),
    "a failure and then an odd error": Asked([[BROKE], [ODD_ERROR]], "", 2, ODD_ERROR),
    "another library's `is_retryable`": Asked([[Says(True)], GOOD], NASTY, 2),
    "an empty answer": Asked([answer([]), GOOD], "", 1),
    "a server's answer": Asked([from_chat_completions(PIECES)], NASTY),
    "the Responses API": Asked([from_responses(PIECES)], NASTY),
    "tokens that are lists": Asked([[*map(in_blocks, PIECES)]], NASTY),
}
_NO = ["no", " no"]
_FULL = answer([*_NO, " no."])
COMPLETED = {
    "a healthy stream": Asked([GOOD], NASTY),
    "a server's answer": Asked([from_chat_completions(PIECES)], NASTY),
    "a break after two words": Asked(
        [[*map(say, HELLO), BROKE], answer([*HELLO, "."])], "Hello there.", 2
    ),
    "a break in odd text": Asked([[*map(say, PIECES[:9]), BROKE], GOOD], NASTY, 2),
    "a break in a repeat": Asked([[say("no"), BROKE], _FULL], "no no no.", 2),
    "a break before any text": Asked([[say(), BROKE], GOOD], NASTY, 2),
    "a break after all text": Asked([[*map(say, PIECES), BROKE], GOOD], NASTY, 2),
    "a silent cut": Asked([[*map(say, PIECES[:9])], GOOD], NASTY, 2),
    "a refusal": Asked([[REFUSED], GOOD], NASTY, 2),
    "an odd error": Asked([[*map(say, _NO), ODD_ERROR], _FULL], "no no no.", 2),
    "a break in tokens that are lists": Asked(
        [[in_blocks("no"), BROKE], [in_blocks("no no", "stop")]], "no no", 2
    ),
    "an answer at its token limit": Asked([answer(_NO, "length"), _FULL], "no no"),
    "a last text beside its reason": Asked(
        [[say("no"), say(".", "stop")], _FULL], "no."
    ),
    "an empty answer": Asked([answer([]), _FULL], ""),
    "a break, and a refusal of the full response": Asked(
        [[say("no"), BROKE], [REFUSED], _FULL], "no", 2, REFUSED
    ),
}

# Streams to keep all text of.
KEPT = {
    "a whole stream": answer(HELLO),
    "odd text": GOOD,
    "a server's stream": from_chat_completions(PIECES),
    "the Responses API": from_responses(PIECES),
    "a thought before the text": [thinking("Hm."), in_blocks("A")],
    "text beside the finish reason, and after it": [say("A", "stop"), say(".")],
    "an empty stream": [],
    "three thousand chunks": answer(MANY),
}

_NULL = AIMessageChunk(content="A", response_metadata={"finish_reason": None})

# Streams, and whether each is whole.
ENDS: dict[str, tuple[list[Any], bool]] = {
    "a whole answer": (GOOD, True),
    "a whole answer of a server": (from_chat_completions(PIECES), True),
    "a whole tool call": ([calling("pay", "{}"), say("", "tool_calls")], True),
    "a whole answer without text": (answer([]), True),
    "text in the chunk with the reason": ([say("A"), say(".", "stop")], True),
    "a whole answer in lists": ([in_blocks("A"), say([], "stop")], True),
    "a reason that is null until the end": ([_NULL, say("", "stop")], True),
    "a silent cut": ([*map(say, HELLO)], False),
    "a silent cut after the word stop": ([say("finish_reason: stop")], False),
    "a cut tool call": ([calling("pay", "{}")], False),
    "an answer at its token limit": (answer(HELLO, "length"), False),
    "a filtered answer": (answer(HELLO, "content_filter"), False),
    "a server that ran out of room": (
        answer(HELLO, "insufficient_system_resource"),
        False,
    ),
    "a server that stopped": (answer(HELLO, "error"), False),
    "a word that no provider uses": (answer(HELLO, "gone fishing"), False),
    "a stream without any chunk": ([], False),
    "a whole answer of the Responses API": (from_responses(PIECES), True),
    "a whole answer in another provider's word": (answer(HELLO, "end_turn"), True),
    "an `incomplete` answer of the Responses API": (
        [
            in_blocks("A"),
            AIMessageChunk(content="", response_metadata={"status": "incomplete"}),
        ],
        False,
    ),
    "an answer that is still `in_progress`": (
        [
            in_blocks("A"),
            AIMessageChunk(content="", response_metadata={"status": "in_progress"}),
        ],
        False,
    ),
}
