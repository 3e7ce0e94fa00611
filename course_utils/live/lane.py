"""One stream in a display: its title, what it said, when, and how it stands.

A lane takes the items of a stream and reports what changed; it draws nothing itself.

    with lane.reading(switch): read(lane, stream, switch)
"""

import threading
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from course_utils.clock import Clock
from course_utils.finish import UNSAID
from course_utils.language import translated
from course_utils.live.answer import answer_html, answer_text
from course_utils.live.stop import StopSwitch, leave
from course_utils.live.transcript import Change, Transcript
from course_utils.own_stream.in_task import TaskStream
from course_utils.own_stream.owned import own_stream
from course_utils.passages.ending import Ending
from course_utils.streams import STOPS
from course_utils.timing.stream_timing import StreamTiming


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


class Lane:
    """One stream in a display: its title, what it said, how it stands.

    `report(lane, changes)` hears of everything new, and of the end.
    """

    def __init__(self, title: str, markdown: bool, clock: Clock) -> None:
        self.title = title
        self.markdown = markdown
        self.timing = StreamTiming(title, clock)
        self.transcript = Transcript(clock.now)
        self.state = ""  # empty while it runs, then how it ended, in words
        self.report: Callable[[Lane, Sequence[Change]], None] = lambda lane, new: None
        # Text and report belong together: a snapshot is taken between two of them.
        self.lock = threading.RLock()
        self.ending = Ending()

    def write(self, item: Any) -> None:
        """Take one item of the stream."""
        passages = self.timing.add(item)
        if not passages:
            return
        changes: list[Change] = []
        with self.lock:
            for passage in passages:
                self.ending.hear(passage)
                changes += self.transcript.add(passage)
            self.report(self, changes)

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
        """How it ended, in words, and which tool calls nobody has answered."""
        if error is None and not stopped:
            words = self._end_in_words()
        elif error is None or issubclass(error, STOPS):
            chunks = self.timing.chunks
            words = f"stopped after {chunks} chunk{'' if chunks == 1 else 's'}"
        else:
            words = f"error: {error.__name__}"
        calls = [] if words == "paused" else self.ending.open_calls
        left = f"no result of {', '.join(calls)}" if calls else ""
        return " · ".join(filter(None, [words, left]))

    def _end_in_words(self) -> str:
        if self.ending.paused:
            return "paused"
        ends = self.timing.endings
        if ends.taken_back:
            return "error: began anew, the first part no longer counts"
        if ends.bad:
            return ends.bad.in_words
        if ends.unended:
            return UNSAID
        silence = self.ending.silence
        return f"done: {silence}" if silence else "done"

    @property
    def complete(self) -> bool:
        """Whether the answer is all there."""
        return self.state.startswith("done")

    @property
    def figures(self) -> str:
        """What a reader wants to know of the time; for the live view only."""
        first = self.timing.time_to_first_token
        parts = [] if first is None else [f"first token {first:.2f} s"]
        return " · ".join([*parts, f"total {self.timing.total:.2f} s"])

    @property
    def news(self) -> dict[str, str]:
        """Its state and its figures as the reader is told them; both empty before."""
        figures = translated(self.figures) if self.state else ""
        return {"state": translated(self.state), "figures": figures}

    def html(self, figures: bool = False) -> str:
        """The lane as HTML, with its times if `figures`."""
        state = self.news["state"]
        if figures:
            state = " · ".join(self.news.values())
        entries = self.transcript.entries
        return answer_html(self.title, state, entries, self.markdown, figures)

    def text(self) -> str:
        """The lane as text; its state says whether it is over."""
        entries = self.transcript.entries
        running = "streaming" if entries else "waiting"
        return answer_text(self.title, translated(self.state or running), entries)

    def snapshot(self) -> dict[str, Any]:
        """Everything a page needs that has seen nothing of this lane yet."""
        return {
            "title": self.title,
            "markdown": self.markdown,
            "passages": [
                [entry.kind, entry.timed_label, entry.text, entry.struck]
                for entry in self.transcript.entries
            ],
            "chunks": self.timing.chunks,
            **self.news,
        }

    def shown(self) -> Shown:
        """The text with its timing."""
        return Shown(self.transcript.text, self.timing)


def read(lane: Lane, stream: Iterable[Any], switch: StopSwitch) -> None:
    """Write every item of a stream to a lane, and end the stream in any case."""
    with own_stream(stream) as items:
        lane.timing.hearing = items.pressure.hearing
        switch.hear(items.pressure.stop)
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


async def read_async(
    lane: Lane, stream: AsyncIterable[Any], switch: StopSwitch
) -> None:
    """The same for an async stream; a Stop cancels the task it runs in."""
    async with TaskStream(stream) as items:
        lane.timing.hearing = items.pressure.hearing
        switch.hear(items.pressure.stop)
        async for item in items:
            lane.write(item)
            if switch.pressed:
                break
