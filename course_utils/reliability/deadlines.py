"""How long to wait: for the first token, between tokens, in all; sync and async alike.

A timer knows the next deadline; chunks that carry something move it, comments that
only keep a connection open do not. The players in `timeouts` ask it at every chunk.

    Timer(Deadlines(first_token=10), clock).left
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from langchain_core.exceptions import ModelTimeoutError
from langchain_core.outputs import ChatGenerationChunk

from course_utils.clock import Clock
from course_utils.reliability.errors import StreamError


class StreamTimeout(StreamError, ModelTimeoutError):
    """A stream missed a deadline; `partial` holds what had arrived in time."""

    is_retryable = True


@dataclass(frozen=True)
class Deadlines:
    """Seconds allowed: to the first token, between tokens, in all. None is no limit."""

    first_token: float | None = None
    between_tokens: float | None = None
    total: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not value > 0:
                raise ValueError(
                    f"{name} is a time in seconds above 0, got {value!r}: "
                    "write 10.0, or None for no deadline."
                )

    @property
    def none(self) -> bool:
        """Whether there is no deadline at all."""
        return not any(vars(self).values())

    @property
    def for_tokens(self) -> bool:
        """Whether single tokens have a deadline."""
        return bool(self.first_token or self.between_tokens)


class Timer:
    """Which deadline is next, and when. Asks the clock, never waits."""

    def __init__(self, deadlines: Deadlines, clock: Clock) -> None:
        self.deadlines = deadlines
        self.clock = clock
        self._end = clock.now() + (deadlines.total or inf)
        self.begin()

    def begin(self) -> None:
        """A new attempt starts: its first token is awaited from now on."""
        self._limit, self._awaited = self.deadlines.first_token, "first token"
        self._since = self.clock.now()

    def saw(self, chunk: ChatGenerationChunk) -> float:
        """A chunk came: one that carries something starts the wait for the next.

        Returns when it came, or raises `StreamTimeout` if everything takes too long.
        """
        now = self.clock.now()
        if now > self._end:
            raise self.missed()
        if carries(chunk):
            self._limit, self._awaited = self.deadlines.between_tokens, "next token"
            self._since = now
        return now

    def excuse(self, since: float) -> None:
        """The reader took its time from `since` on: no token is late because of it."""
        self._since += self.clock.now() - since

    @property
    def left(self) -> float:
        """Seconds until the next deadline."""
        due = min(self._since + (self._limit or inf), self._end)
        return due - self.clock.now()

    @property
    def total_left(self) -> float:
        """Seconds until everything must be done."""
        return self._end - self.clock.now()

    def check(self) -> None:
        """Raise `StreamTimeout` if a deadline has passed."""
        if self.left < 0:
            raise self.missed()

    def missed(self) -> StreamTimeout:
        """The error that names the deadline that is next."""
        if self._since + (self._limit or inf) <= self._end:
            awaited, limit = self._awaited, self._limit
        else:
            awaited, limit = "end of the answer", self.deadlines.total
        return StreamTimeout(
            f"The {awaited} did not come within {limit:g} s: read what arrived in "
            ".partial, or allow more time."
        )


def carries(chunk: ChatGenerationChunk) -> bool:
    """Whether the chunk brings the answer on: an empty one does not."""
    message: Any = chunk.message
    if content := message.content:
        return isinstance(content, str) or any(map(_says, content))
    more = message.additional_kwargs
    return bool(
        getattr(message, "tool_call_chunks", None)
        or any(more.get(name) for name in _THOUGHTS)
    )


# A thought is a sign of life too; where providers put it that send none in content.
_THOUGHTS = ("reasoning_content", "reasoning")


def _says(block: Any) -> bool:
    if isinstance(block, str):
        return bool(block)
    return any(value for key, value in block.items() if key not in _LABELS)


_LABELS = ("type", "index", "id", "annotations")
