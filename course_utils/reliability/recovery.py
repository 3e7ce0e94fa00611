"""What to do when a stream fails: ask again, ask another, go on, or give up.

Decided without any IO, from three things: what the reader has seen, the error, and
the attempts so far. The players in `reliability` only carry the decisions out.

    emit = recovery.push(chunk)         # what of it the reader may see now
    attempt = recovery.failed(error)    # how to go on; or the error is raised
"""

import random
from math import inf
from typing import Any
from uuid import uuid4

from langchain_core.exceptions import ModelError
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
)
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.utils import LC_ID_PREFIX

from course_utils.chunks import only_text
from course_utils.finish import KEYS, Finish
from course_utils.reliability.chunk_parts import (
    Usage,
    after_text,
    blocks_in,
    edited,
    in_form_of,
    news_in,
    said_in,
    shifted,
    without,
)
from course_utils.reliability.deadlines import carries
from course_utils.reliability.errors import (
    StreamBroken,
    as_model_error,
    retry_after_of,
    with_partial,
)
from course_utils.reliability.policy import Attempt, Joins, Policy
from course_utils.reliability.truncation import (
    UNSAID,
    StreamTruncated,
    ToolCallGuard,
    ending_of,
    fragments_of,
    report_incomplete,
    sum_of,
)
from course_utils.wrapped_model.model import Reader

Chunks = list[ChatGenerationChunk]

CONTINUE = (
    "Your answer was interrupted. Continue it exactly where it stopped, "
    "even in the middle of a word. Repeat nothing and explain nothing."
)


class Recovery:
    """The state of one answer: what was shown, which attempt runs, what comes next.

    Args:
        policy: The rules.
        first: The first request.
        models: How many models there are to ask.
        draw: Draws the waits.
        reader: Who sees the chunks at once: a reader of `chunks`, who understands a
            restart; of `events`, who can't be told of one; or `nobody`.
    """

    def __init__(
        self,
        policy: Policy,
        first: Attempt,
        models: int = 1,
        draw: random.Random | None = None,
        reader: Reader = "chunks",
    ) -> None:
        self.attempt = self._first = first
        self._policy = policy
        self._asks_twice = policy.after_first_token in _ASK_TWICE
        self._models = models
        self._draw = draw or random.Random()
        self._reader = reader
        self._failures = 0  # of the present model
        self._shown: Chunks = []
        self._visible = False  # whether the reader has seen anything
        self._id: str | None = None  # of the message, once it must stay or change
        self._begin()

    def _begin(self) -> None:
        self._opening: Chunks | None = []  # None once something was visible
        self._guard = ToolCallGuard()
        self._usage = Usage()
        self._came = False  # whether this attempt has said anything
        self._flows = False  # whether mere text is shown as it comes
        self._ended: Finish | None = None
        self._metadata: dict[str, Any] = {}  # with the finish reason
        goes_on = self._shown and self.attempt.joins == "continue"
        self._behind = blocks_in(sum_of(self._shown).content) if goes_on else 0

    @property
    def partial(self) -> AIMessageChunk:
        """The message as far as it had arrived; half a tool call is an invalid one."""
        arrived = [*self._shown, *self._guard.safe(None)]
        if not arrived:
            return AIMessageChunk(content="")
        return sum_of([*arrived[:-1], self._usage.give(arrived[-1])])

    # While an attempt runs

    def push(self, chunk: ChatGenerationChunk) -> Chunks:
        """What the reader may see now that this chunk has come."""
        if self._flows and type(chunk) is ChatGenerationChunk and only_text(chunk):
            self._shown.append(chunk)
            return [chunk]
        self._flows = False
        if self._id is not None:
            chunk.message.id = self._id
        self._came = self._came or carries(chunk)
        if self._behind:
            chunk = shifted(chunk, self._behind)
        if self._asks_twice and self._ended is None:
            chunk = self._usage.take(chunk)
        ended = ending_of(chunk)
        if ended is UNSAID and not self._came:
            ended = None  # nothing at all, and not a word about it: that is no answer
        if ended is None:
            return self._go_on(chunk)
        self._ended = ended
        if ended.broken:  # nobody shall take it for an end: another attempt may follow
            open_end = without(chunk, [*KEYS, "incomplete_details"])
            return self._go_on(edited(open_end, chunk_position=None))
        return self._end_with(chunk, ended)

    def _go_on(self, chunk: ChatGenerationChunk) -> Chunks:
        if self._ended and not self._ended.broken and _speaks(chunk):
            self._ended = None  # it was not the end
        if self._guard.push(chunk):
            return []
        ready = self._show([chunk])
        settled = self._id is None and not self._behind and self._ended is None
        self._flows = settled and self._visible and self._opening is None
        return ready

    def _end_with(self, chunk: ChatGenerationChunk, ended: Finish) -> Chunks:
        chunk = self._usage.give(news_in(chunk, self._metadata))
        self._metadata |= said_in(chunk)
        report_incomplete(chunk, ended)
        held = self._guard.push(chunk)
        return self._show(self._guard.flush(ended) if held else [chunk])

    def end(self) -> Chunks:
        """The attempt's stream has ended: the rest of what it sent.

        Raises:
            StreamBroken: The server said that it stopped by itself.
            StreamTruncated: It gave no finish reason.
        """
        if self._ended and self._ended.broken:
            raise _stopped(self._ended.reason)
        sound = self._ended is not None and self._guard.sound(self._ended)
        if not sound and (self._policy.require_finish or not self._came):
            raise StreamTruncated(self.partial)
        rest = self._guard.flush(self._ended)
        if self._usage.total:
            rest = [*rest, self._usage.give(_empty(self._shown, self._id))]
        return self._release(rest) + self._last()

    def _last(self) -> Chunks:
        """LangChain's mark of the last chunk, which it would put on another message."""
        last = self._shown[-1].message if self._shown else None
        if self._id is None or getattr(last, "chunk_position", None):
            return []
        return [edited(_empty(self._shown, self._id), chunk_position="last")]

    def _show(self, chunks: Chunks) -> Chunks:
        """Show these; but of an attempt that has said nothing yet, nothing is seen."""
        if self._opening is None and self._visible:  # nearly every chunk
            self._shown += chunks
            return chunks
        if self._opening is None or any(map(carries, chunks)):
            return self._release(chunks)
        self._opening += chunks
        return []

    def _release(self, chunks: Chunks) -> Chunks:
        """Show these, and before the first of an attempt whatever it needs."""
        if self._opening is not None:
            chunks = self._joined(self._opening, chunks)
            self._opening = None
        self._visible = self._visible or any(map(carries, chunks))
        self._shown += chunks
        return chunks

    def _joined(self, opening: Chunks, chunks: Chunks) -> Chunks:
        if not self._visible:
            return opening + chunks
        if self.attempt.joins == "continue":
            return [chunk for chunk in opening if ending_of(chunk)] + chunks
        if self.attempt.joins == "full" and chunks:
            rest = _after(self._shown, chunks[0])
            if rest is not None:
                return [rest, *chunks[1:]]
        return self._restart(opening + chunks)

    def _restart(self, chunks: Chunks) -> Chunks:
        self._shown = []
        self._id = f"{LC_ID_PREFIX}-{uuid4()}"
        for chunk in chunks:
            chunk.message.id = self._id
        announced = _empty(chunks, self._id)
        return [edited(announced, response_metadata={"restart": True}), *chunks]

    # When an attempt fails

    def failed(self, error: Exception, left: float = inf) -> Attempt | None:
        """The next attempt; None if the answer was whole before the error.

        Args:
            error: What broke the stream.
            left: Seconds until the total deadline.

        Raises:
            Exception: The error, as a `ModelError` with its `partial`, when there is
                nothing left to try.
        """
        ended = self._ended is not None and not self._ended.broken
        if ended and self._opening is None and not self._guard.holds:
            return None
        error = as_model_error(error)
        attempt = self._next(error, left) if isinstance(error, ModelError) else None
        if attempt is None:
            raise with_partial(error, self.partial)
        self.attempt = attempt
        self._begin()
        return attempt

    def _next(self, error: ModelError, left: float) -> Attempt | None:
        joins = self._how()
        target = self._where(error) if joins else None
        if joins is None or target is None or left <= 0 or target[1] > left:
            return None
        model, wait = target
        messages, whole = self._first.messages, self._first.whole
        if joins == "continue":
            messages = self._interrupted()
        return Attempt(messages, model, whole or joins == "full", wait, joins)

    def _how(self) -> Joins | None:
        """How another attempt may join what was shown; None if it may not."""
        after = self._policy.after_first_token
        if not self._visible:
            return "first"
        if after == "continue" and sum_of(self._shown).text:
            return after
        if self._reader == "nobody":
            return "restart"
        if after == "raise" or self._reader == "events":
            return None
        return "full" if after == "full" else "restart"

    def _where(self, error: ModelError) -> tuple[int, float] | None:
        """Which model to ask next and after how many seconds; None if none is left."""
        self._failures += 1
        model, another = self.attempt.model, self.attempt.model + 1 < self._models
        if error.is_retryable and self._failures < self._policy.attempts:
            seconds = retry_after_of(error)
            if seconds is None:
                return model, self._policy.backoff(self._failures, self._draw)
            if seconds <= self._policy.wait_max or not another:
                return model, seconds
        if not another:
            return None
        self._failures = 0
        return model + 1, 0.0

    def _interrupted(self) -> list[BaseMessage]:
        """The conversation with the half answer, and the wish for the other half."""
        shown = sum_of(self._shown)
        self._id = shown.id
        half = AIMessage(content=str(shown.text))
        return [*self._first.messages, half, HumanMessage(content=CONTINUE)]


def _after(shown: Chunks, whole: ChatGenerationChunk) -> ChatGenerationChunk | None:
    """The full response without what was shown; None if it does not begin with it."""
    seen, message = sum_of(shown), whole.message
    if not message.text.startswith(seen.text):
        return None
    content = after_text(message.content, len(seen.text))
    content = in_form_of(content, seen.content)
    return edited(without(whole, seen.response_metadata), content=content, id=seen.id)


# What to do after the first token, if it takes a second request for one message.
_ASK_TWICE = ("continue", "full")


def _speaks(chunk: ChatGenerationChunk) -> bool:
    """Whether the answer goes on with this chunk; a call says itself if it ends."""
    return bool(chunk.message.text or (carries(chunk) and not fragments_of(chunk)))


def _empty(like: Chunks, message_id: str | None) -> ChatGenerationChunk:
    """A chunk that adds nothing, in the form of these: text, or blocks."""
    blocks = bool(like) and isinstance(like[-1].message.content, list)
    message = AIMessageChunk(content=[] if blocks else "", id=message_id)
    return ChatGenerationChunk(message=message)


def _stopped(reason: str) -> StreamBroken:
    return StreamBroken(
        f"The server ended the answer itself, with the reason {reason!r}: read what "
        "arrived in .partial, or ask again."
    )
