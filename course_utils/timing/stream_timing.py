"""When did each part of an answer arrive? Measured where the reader sits.

A `StreamTiming` notes the moment of every chunk that carries text and of everything
else worth a mark: tool calls, usage, the finish, a fault. It changes nothing.

    measure(model.stream("Hi")).time_to_first_token
"""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import pairwise
from typing import Any, overload

from course_utils.clock import Clock, course_clock
from course_utils.finish import UNSAID
from course_utils.language import translated
from course_utils.own_stream.backpressure import listening
from course_utils.settings import settings
from course_utils.streams import as_stream, check_stream, takes_nothing
from course_utils.style import wrapped
from course_utils.timing.recording import Mark, TimingRecorder
from course_utils.timing.spans import ModelSpan, ToolSpan

__all__ = ["Mark", "StreamTiming", "measure"]


@settings()
class StreamTiming(TimingRecorder):
    """The timing of one stream: watch it, then read the figures.

    All times are seconds since the stream was first asked for an item, which is when
    a LangChain stream sends its request. Only chunks with text count as chunks.

    >>> from course_utils.clock import VirtualClock
    >>> clock = VirtualClock()
    >>> script = [(0.5, "Hel"), (0.25, ""), (0.25, "lo")]
    >>> stream = (text for wait, text in script if clock.sleep(wait) is None)
    >>> timing = StreamTiming(clock=clock)
    >>> list(timing.watch(stream))
    ['Hel', '', 'lo']
    >>> timing
    first token 0.50 s · 2 chunks · 2.0 chunks/s · total 1.00 s · done

    Attributes:
        title: The name of this run on a timeline.
        arrivals: When each chunk with text came, in seconds.
        marks: Everything else that came, in order.
        time_to_first_sign: Seconds until the first sign of life, be it a thought, a
            word, a tool call; None while there is none.
        time_to_first_thought: Seconds until the model first thought aloud, or None.
        usage: Tokens, summed over the messages of the stream: `input_tokens`,
            `output_tokens`, `total_tokens`; None if the stream did not say.
        usage_of: The same for each message, as its model told.
        spans: What `model_calls` and `tool_calls` are made of.
        paused: Whether the run waits for a person.
        error: What broke the stream; None if nothing did.
    """

    @property
    def text(self) -> str:
        """The text of the answer: of each message joined, with a gap between them.

        What was taken back by a restart and what was said aside, within a tool, is no
        part of it.
        """
        return "\n\n".join("".join(texts) for texts in self._texts.values())

    @property
    def model_calls(self) -> list[ModelSpan]:
        """Each message of a model: its first signs, its end, its usage, in order."""
        return list(self.spans.models.values())

    @property
    def tool_calls(self) -> list[ToolSpan]:
        """Each tool call: when it was asked for, called and answered, in order."""
        return list(self.spans.tools.values())

    @property
    def finish_reason(self) -> str | None:
        """Why the answer ended, in the model's word; None if it did not say.

        Of several messages the first counts that is not whole, else the last.
        """
        end = self.endings.decisive
        return None if end is None else end.reason

    @property
    def chunks(self) -> int:
        """How many chunks carried text."""
        return len(self.arrivals)

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds until the first text; None while there is none."""
        return self.arrivals[0] if self.arrivals else None

    @property
    def inter_token_latencies(self) -> list[float]:
        """Seconds between each chunk with text and the next: one less than chunks."""
        return [later - earlier for earlier, later in pairwise(self.arrivals)]

    @property
    def total(self) -> float:
        """Seconds until the stream ended; until now while it runs; 0 before it."""
        if self._start is None:
            return 0.0
        end = self._clock.now() if self._end is None else self._end
        return end - self._start

    @property
    def chunks_per_second(self) -> float:
        """Chunks with text over the total time, the wait for the first included."""
        return self.chunks / self.total if self.total else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens over the total time; chunks are counted where usage is not told."""
        tokens = self.usage["output_tokens"] if self.usage else self.chunks
        return tokens / self.total if self.total else 0.0

    @property
    def stopped(self) -> bool:
        """Whether the reader left before the end."""
        return any(mark.kind == "stopped" for mark in self.marks)

    @property
    def ending(self) -> str:
        """How the stream ended: done, stopped, paused, cut or error, and why.

        `done: stop`, `cut: no finish reason`, `error: ConnectionError`.
        """
        if self._end is None:
            return "running" if self._start is not None else "not started"
        if self.error is not None:
            return f"error: {type(self.error).__name__}"
        if self.stopped:
            return "stopped"
        if self.paused:
            return "paused"
        return self._end_in_words()

    def _end_in_words(self) -> str:
        ends = self.endings
        if ends.taken_back:
            return "error: began anew"
        if ends.unended and not ends.bad:
            return UNSAID
        return "done" if ends.decisive is None else ends.decisive.in_words

    def __repr__(self) -> str:
        first = self.time_to_first_token
        figures = [
            "no text" if first is None else f"first token {first:.2f} s",
            f"{self.chunks} chunk{'' if self.chunks == 1 else 's'}",
            f"{self.chunks_per_second:.1f} chunks/s",
            f"total {self.total:.2f} s",
            self.ending,
        ]
        return wrapped(translated(" · ".join(figures)))


@overload
def measure(  # type: ignore[overload-overlap]  # what a function returns is its matter
    stream: AsyncIterable[Any] | Callable[[], Awaitable[Any] | AsyncIterable[Any]],
    *,
    title: str = ...,
    keep_error: bool = ...,
    clock: Clock = ...,
) -> Awaitable[StreamTiming]: ...
@overload
def measure(
    stream: Iterable[Any] | Callable[[], object],
    *,
    title: str = ...,
    keep_error: bool = ...,
    clock: Clock = ...,
) -> StreamTiming: ...
@settings()
def measure(
    stream: Any,
    *,
    title: str = "",
    keep_error: bool = False,
    clock: Clock = course_clock,
) -> Any:
    """Read a stream to its end and say when each part of it came.

    A sync stream gives a `StreamTiming`, an async one an awaitable of it. A function
    without arguments is called first and its wait counts: so a full response is
    measured too, `measure(lambda: model.invoke("Hi"))`.

    Args:
        stream: Whatever `.stream(...)` or `.astream(...)` returned, or a function.
        title: The name of this run on a timeline.
        keep_error: Return the timing of a stream that broke, with its `.error` set.
            Otherwise the error is raised and carries the timing as `error.timing`.
        clock: The clock to measure with.

    Raises:
        TypeError: `stream` is not a stream, or gave an item that nobody can read.
        ValueError: It is a graph's, with a `stream_mode` that there is not.
        Exception: What broke the stream, unless `keep_error`.
    """
    timing = StreamTiming(title, clock)
    try:
        if takes_nothing(stream):
            with timing.recording():
                stream = as_stream(stream())
        check_stream("measure", stream)
        timing.expect(stream, "measure")
        if hasattr(stream, "__aiter__"):
            return _measure_async(timing, stream, keep_error)
        with listening(stream) as models:
            timing.hearing = models.hearing
            for _ in timing.watch(stream):
                pass
    except Exception as error:
        return _broken(timing, error, keep_error)
    return timing


async def _measure_async(
    timing: StreamTiming, stream: AsyncIterable[Any], keep_error: bool
) -> StreamTiming:
    try:
        with listening(stream) as models:
            timing.hearing = models.hearing
            async for _ in timing.watch(stream):
                pass
    except Exception as error:
        return _broken(timing, error, keep_error)
    return timing


def _broken(timing: StreamTiming, error: Exception, keep: bool) -> StreamTiming:
    """Keep an error of the stream, or raise it with the timing on it."""
    if keep and timing.error is error:
        return timing
    with suppress(AttributeError):  # an exception with slots takes no attribute
        error.timing = timing  # type: ignore[attr-defined]
    raise error
