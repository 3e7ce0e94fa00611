"""How long to wait: for a sign of life, a word, the next token, all; sync and async.

A timer knows the next deadline; chunks that carry something move it, comments that
only keep a connection open do not. The players in `timeouts` ask it at every chunk.

    Timer(Deadlines(first_token_timeout=10), clock).left
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from langchain_core.exceptions import ModelTimeoutError
from langchain_core.outputs import ChatGenerationChunk

from course_utils.clock import Clock
from course_utils.passages.content.blocks import refused, said
from course_utils.reliability.errors import StreamError


class StreamTimeout(StreamError, ModelTimeoutError):
    """A stream missed a deadline; `partial` holds what had arrived in time."""

    is_retryable = True


@dataclass(frozen=True)
class Deadlines:
    """Seconds allowed; None is no limit.

    Attributes:
        first_token_timeout: To the first sign of life, be it a thought or a word.
        thinking_timeout: From the first thought to the first word.
        between_tokens_timeout: From each token to the next.
        total_timeout: For everything, all attempts included.
    """

    first_token_timeout: float | None = None
    thinking_timeout: float | None = None
    between_tokens_timeout: float | None = None
    total_timeout: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not value > 0:
                raise ValueError(
                    f"{name} is a time in seconds above 0, got {value!r}: "
                    "write 10.0, or None for no timeout."
                )

    @property
    def none(self) -> bool:
        """Whether there is no deadline at all."""
        return not any(vars(self).values())

    @property
    def for_tokens(self) -> bool:
        """Whether single tokens have a deadline."""
        limits = {**vars(self), "total_timeout": None}
        return any(limits.values())


class Timer:
    """Which deadline is next, and when. Asks the clock, never waits."""

    def __init__(self, deadlines: Deadlines, clock: Clock) -> None:
        self.deadlines = deadlines
        self.clock = clock
        self._end = clock.now() + (deadlines.total_timeout or inf)
        self.begin()

    def begin(self) -> None:
        """A new attempt starts: its first token is awaited from now on."""
        self._await("first token", self.deadlines.first_token_timeout)
        self._thought: float | None = None  # when the first thought came
        self._spoke = False

    def saw(self, chunk: ChatGenerationChunk) -> float:
        """A chunk came: one that carries something starts the wait for the next.

        Returns when it came, or raises `StreamTimeout` if everything takes too long.
        """
        now = self.clock.now()
        if now > self._end:
            raise self.missed()
        if carries(chunk):
            self._await("next token", self.deadlines.between_tokens_timeout)
            self._hear(chunk, now)
        return now

    def _await(self, what: str, limit: float | None) -> None:
        self._awaited, self._limit = what, limit or inf
        self._since = self.clock.now()

    def _hear(self, chunk: ChatGenerationChunk, now: float) -> None:
        """Note the first thought, and the first word."""
        if self._spoke or not self.deadlines.thinking_timeout:
            return
        self._spoke = speaks(chunk.message)
        if self._thought is None:
            self._thought = now

    def excuse(self, since: float) -> None:
        """The reader took its time from `since` on: no token is late because of it."""
        taken = self.clock.now() - since
        self._since += taken
        if self._thought is not None:
            self._thought += taken

    @property
    def left(self) -> float:
        """Seconds until the next deadline."""
        return self._next[0] - self.clock.now()

    @property
    def _next(self) -> tuple[float, str, float]:
        """When the next deadline is, what is due by then, and after how long."""
        limits = self.deadlines
        dues = [
            (self._since + self._limit, self._awaited, self._limit),
            (self._end, "end of the answer", limits.total_timeout or inf),
        ]
        if self._thought is not None and not self._spoke:
            limit = limits.thinking_timeout or inf
            dues.append((self._thought + limit, "first word after a thought", limit))
        return min(dues, key=lambda due: due[0])

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
        _, awaited, limit = self._next
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
        or any(more.get(name) for name in _BESIDE)
    )


def speaks(message: Any) -> bool:
    """Whether a message brings a word, a refusal or a tool call, and not only thoughts.

    >>> from langchain_core.messages import AIMessageChunk
    >>> speaks(AIMessageChunk([{"type": "thinking", "thinking": "Hm."}]))
    False
    """
    words = (*said(message.content), *refused(message.additional_kwargs))
    calls = getattr(message, "tool_call_chunks", None) or message.tool_calls
    return bool(calls) or any(kind != "reasoning" for kind, _ in words)


# A thought or a refusal is a sign of life too, where it is not in the content.
_BESIDE = ("reasoning_content", "reasoning", "refusal")


def _says(block: Any) -> bool:
    if isinstance(block, str):
        return bool(block)
    return any(value for key, value in block.items() if key not in _LABELS)


_LABELS = ("type", "index", "id", "annotations")
