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

from course_utils._errors import as_model_error, retry_after_of, with_partial
from course_utils._policy import Attempt, Joins, Policy
from course_utils.deadlines import carries
from course_utils.truncation import (
    StreamTruncated,
    ToolCallGuard,
    ending_of,
    report_incomplete,
    sum_of,
)
from course_utils.wrapped_model import Reader

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
        self._ending: str | None = None

    @property
    def partial(self) -> AIMessageChunk:
        """The message as far as it had arrived; half a tool call is an invalid one."""
        arrived = [*self._shown, *self._guard.safe(None)]
        return sum_of(arrived) if arrived else AIMessageChunk(content="")

    # While an attempt runs

    def push(self, chunk: ChatGenerationChunk) -> Chunks:
        """What the reader may see now that this chunk has come."""
        if self._id is not None:
            chunk.message.id = self._id
        if (ending := ending_of(chunk)) is not None:
            return self._end_with(chunk, ending)
        if self._guard.push(chunk):
            return []
        if self._opening is None:
            self._shown.append(chunk)
            return [chunk]
        if not carries(chunk):  # hidden, so that nobody sees it if this attempt fails
            self._opening.append(chunk)
            return []
        return self._release([chunk])

    def _end_with(self, chunk: ChatGenerationChunk, ending: str) -> Chunks:
        self._ending = ending
        report_incomplete(chunk, ending)
        held = self._guard.push(chunk)
        return self._release(self._guard.flush(ending) + ([] if held else [chunk]))

    def end(self) -> Chunks:
        """The attempt's stream has ended: the rest of what it sent.

        Raises:
            StreamTruncated: It gave no finish reason.
        """
        if self._ending is not None:
            return self._last()
        nothing = not (self._shown or self._opening or self._guard.holds)
        if self._policy.require_finish or nothing:
            raise StreamTruncated(self.partial)
        return self._release(self._guard.flush(None)) + self._last()

    def _last(self) -> Chunks:
        """LangChain's mark of the last chunk, which it would put on another message."""
        last = self._shown[-1].message if self._shown else None
        if self._id is None or getattr(last, "chunk_position", None):
            return []
        content: Any = [] if last and isinstance(last.content, list) else ""
        message = AIMessageChunk(content=content, chunk_position="last", id=self._id)
        return [ChatGenerationChunk(message=message)]

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
            return chunks
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
        return [_announcement(self._id), *chunks]

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
        if self._ending is not None:
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
            told = retry_after_of(error)
            if told is None:
                return model, self._policy.backoff(self._failures, self._draw)
            if told <= self._policy.wait_max or not another:
                return model, told
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
    told = seen.response_metadata  # once: a sum of chunks joins two ids to one word
    metadata = {k: v for k, v in message.response_metadata.items() if k not in told}
    content = str(message.text)[len(seen.text) :]
    rest = message.model_copy(
        update={"content": content, "id": seen.id, "response_metadata": metadata}
    )
    return ChatGenerationChunk(message=rest, generation_info=whole.generation_info)


def _announcement(message_id: str) -> ChatGenerationChunk:
    """The chunk that says: what was shown is replaced by what follows."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content="", response_metadata={"restart": True}, id=message_id
        )
    )
