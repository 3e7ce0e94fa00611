"""One stream in a display: its title, what it said, when, and how it stands.

A lane takes the items of a stream and reports what changed; it draws nothing itself.

    with lane.reading(switch): read(lane, stream, switch)
"""

import asyncio
import threading
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from course_utils.clock import Clock
from course_utils.live_html import answer_html, answer_text
from course_utils.live_stop import StopSwitch, leave
from course_utils.live_transcript import Change, Transcript, messages_in
from course_utils.serving import own_stream
from course_utils.timing import StreamTiming

STOPS = (KeyboardInterrupt, asyncio.CancelledError, GeneratorExit)


class Shown(str):
    """The text that was shown: a string that knows when its parts came.

    As the last expression of a cell it displays nothing, for it stands there already.

    Attributes:
        timing: When each chunk arrived, a `StreamTiming`.
    """

    timing: StreamTiming

    def __new__(cls, text: str, timing: StreamTiming) -> Self:
        shown = super().__new__(cls, text)
        shown.timing = timing
        return shown

    def _ipython_display_(self) -> None:
        """Nothing: the text stands above already."""


# The model ended by itself and the answer is not whole.
CUT_SHORT = ("length", "content_filter", "incomplete")


class Lane:
    """One stream in a display: its title, what it said, how it stands.

    `report(lane, changes)` hears of everything new, and of the end.
    """

    def __init__(self, title: str, markdown: bool, clock: Clock) -> None:
        self.title = title
        self.markdown = markdown
        self.timing = StreamTiming(title, clock)
        self.transcript = Transcript()
        self.state = ""  # empty while it runs, then how it ended, in words
        self.report: Callable[[Lane, Sequence[Change]], None] = lambda lane, new: None
        # Text and report belong together: a snapshot is taken between two of them.
        self.lock = threading.RLock()
        self._seen: set[Any] = set()
        self._in_chunks = False

    def write(self, item: Any) -> None:
        """Take one item of the stream."""
        for message in messages_in(item, self._seen):
            self.timing.add(message)
            self._in_chunks |= getattr(message, "type", "") == "AIMessageChunk"
            with self.lock:
                self.report(self, self.transcript.add(message))

    @contextmanager
    def reading(self, switch: StopSwitch) -> Iterator[None]:
        """The time while the stream is read; notes how it ends."""
        error: type[BaseException] | None = None
        try:
            with self.timing.recording():
                yield
                if switch.pressed:
                    self.timing.mark("stopped")
        except BaseException as raised:
            error = type(raised)
            raise
        finally:
            with self.lock:
                self.state = self._ending(error, switch.pressed)
                self.report(self, self.transcript.finish())

    def _ending(self, error: type[BaseException] | None, stopped: bool) -> str:
        if error is None and not stopped:
            return self._end_in_words()
        if error is None or issubclass(error, STOPS):
            chunks = self.timing.chunks
            return f"stopped after {chunks} chunk{'' if chunks == 1 else 's'}"
        return "cut"

    def _end_in_words(self) -> str:
        """Chunks of a message must say why they end; text alone cannot say it."""
        reason = self.timing.finish_reason
        if reason in CUT_SHORT:
            return f"cut short: {reason}"
        unsaid = self._in_chunks and reason is None
        return "ended without a finish reason" if unsaid else "done"

    @property
    def figures(self) -> str:
        """What a reader wants to know of the time; for the live view only."""
        first = self.timing.time_to_first_token
        parts = [] if first is None else [f"first token {first:.2f} s"]
        return " · ".join([*parts, f"total {self.timing.total:.2f} s"])

    def html(self, figures: bool = False) -> str:
        """The lane as HTML, with its times if `figures`."""
        state = f"{self.state} · {self.figures}" if figures else self.state
        return answer_html(self.title, state, self.transcript.passages, self.markdown)

    def text(self) -> str:
        """The lane as text; its state says whether it is over."""
        running = "streaming" if self.transcript.passages else "waiting"
        return answer_text(self.title, self.state or running, self.transcript.passages)

    def snapshot(self) -> dict[str, Any]:
        """Everything a page needs that has seen nothing of this lane yet."""
        return {
            "title": self.title,
            "markdown": self.markdown,
            "passages": [
                [p.kind, p.label, p.text, p.struck] for p in self.transcript.passages
            ],
            "chunks": self.timing.chunks,
            "state": self.state,
            "figures": self.figures if self.state else "",
        }

    def shown(self) -> Shown:
        """The text with its timing."""
        return Shown(self.transcript.text, self.timing)


def read(lane: Lane, stream: Iterable[Any], switch: StopSwitch) -> None:
    """Write every item of a stream to a lane, and end the stream in any case."""
    with own_stream(stream) as items:
        switch.hear(items.gate.stop)
        try:
            for item in items:
                lane.write(item)
                if switch.pressed:
                    break
        except GeneratorExit:  # the stopped gate ends a model's stream with it
            if not switch.pressed:
                raise
        finally:
            leave(items.close)


async def read_async(lane: Lane, stream: AsyncIterable[Any]) -> None:
    """The same for an async stream; a Stop cancels the task it runs in."""
    items = aiter(stream)
    try:
        async for item in items:
            lane.write(item)
    finally:
        if aclose := getattr(items, "aclose", None):
            await aclose()
