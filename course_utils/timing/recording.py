"""Note when the items of a stream come, and how it ends.

A recording stands between a stream and its reader, or is told by a handler. It keeps
moments; `timing` makes figures of them.

    for chunk in recording.watch(model.stream("Hi")): ...
"""

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from course_utils.clock import Clock, course_clock
from course_utils.finish import Endings
from course_utils.passages import Passage, Reader
from course_utils.passages.content.usage import total
from course_utils.passages.ending import endings_of
from course_utils.streams import STOPS, aclose, check_stream, close
from course_utils.timing.spans import Spans

T = TypeVar("T")

SIGNS_OF_LIFE = ("text", "reasoning", "tool_call", "tool_result", "progress", "data")
MARKED = ("tool_result", "progress", "interrupt", "finish")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the timeline that is not text.

    Attributes:
        kind: `reasoning` (where a message begins to think), `tool_call`,
            `tool_result`, `progress`, `interrupt`, `restart`, `usage`, `finish`,
            `fault` or `stopped`.
        at: Seconds since the stream was first asked for an item.
        label: What to write beside it, such as the tool's name.
    """

    kind: str
    at: float
    label: str = ""


class TimingRecorder:
    """What came when: the part of a `StreamTiming` that listens.

    A reader calls `watch`; a handler calls `start`, `add` and `mark` itself.
    """

    def __init__(self, title: str = "", clock: Clock = course_clock) -> None:
        self.title = title
        self.arrivals: list[float] = []
        self.marks: list[Mark] = []
        self.time_to_first_sign: float | None = None
        self.time_to_first_thought: float | None = None
        self.usage_of: dict[str, dict[str, Any]] = {}
        self.error: BaseException | None = None
        self.paused = False
        self.spans = Spans()
        self.hearing: Any = None  # of the models underneath, by who reads the stream
        self._reader = Reader(name="measure")
        self._clock = clock
        self._texts: dict[str, list[str]] = {}
        self._begun: set[tuple[str, str]] = set()
        self._start: float | None = None
        self._end: float | None = None

    @property
    def endings(self) -> Endings:
        """How each message of the answer ended so far, of models unseen as well."""
        if self.hearing is None:
            return self._reader.endings
        return endings_of(self._reader, self.hearing)

    @property
    def usage(self) -> dict[str, int] | None:
        """Tokens of all messages together; None if none was told."""
        return total(self.usage_of.values())

    def expect(self, stream: Any, reader: str) -> None:
        """The items come from this stream; `reader` is who reads it, for its errors.

        Raises:
            ValueError: It is a graph's, with a `stream_mode` that there is not.
        """
        self._reader = Reader(stream, reader)

    @overload
    def watch(self, stream: AsyncIterable[T]) -> AsyncIterator[T]: ...
    @overload
    def watch(self, stream: Iterable[T]) -> Iterator[T]: ...
    def watch(self, stream: Any) -> Any:
        """Pass a stream through, sync or async, and note when its items come.

        Errors and stops are noted and go on; closing the result closes `stream`.
        """
        check_stream("watch", stream)
        self.expect(stream, "measure")
        if hasattr(stream, "__aiter__"):
            return self._awatch(stream)
        return self._watch(stream)

    def _watch(self, stream: Iterable[T]) -> Iterator[T]:
        items = iter(stream)
        try:
            with self.recording():
                for item in items:
                    self.add(item)
                    yield item
        finally:
            close(items, stream)

    async def _awatch(self, stream: AsyncIterable[T]) -> AsyncIterator[T]:
        items = aiter(stream)
        try:
            with self.recording():
                async for item in items:
                    self.add(item)
                    yield item
        finally:
            await aclose(items, stream)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Start, and note how it ends: by itself, by a stop or by a fault."""
        self.start()
        try:
            yield
        except STOPS:
            self.mark("stopped")
            raise
        except BaseException as error:
            self.error = error
            self.mark("fault", type(error).__name__)
            raise
        finally:
            self._end = self._clock.now()

    def start(self) -> None:
        """Start counting, unless it has started."""
        if self._start is None:
            self._start = self._clock.now()

    def add(self, item: Any) -> Sequence[Passage]:
        """Note one item of the stream, now; returns what it says.

        Raises:
            TypeError: No stream of LangChain gives such an item.
        """
        if self._start is None:
            self.start()
        found = self._reader.read(item)
        if found:
            now = self._elapsed()  # one moment for all that an item says
            for passage in found:
                self._note(passage, now)
        return found

    def _note(self, passage: Passage, now: float) -> None:
        kind = passage.kind
        self.spans.hear(passage, now)
        if self.time_to_first_sign is None and kind in SIGNS_OF_LIFE:
            self.time_to_first_sign = now
        if kind == "text" and not passage.aside:
            self._texts.setdefault(passage.message, []).append(passage.text)
            self.arrivals.append(now)
        elif kind == "reasoning" and not passage.aside:
            self._think(passage)
        elif kind == "tool_call":
            self._mark_once(kind, passage.call, passage.name)
        elif kind == "usage":
            self._use(passage)
        elif kind == "restart":
            if self._texts.pop(passage.message, None):
                self.mark("restart")
        elif kind in MARKED:
            self.paused |= kind == "interrupt"
            self.mark(kind, passage.name or passage.text)

    def _think(self, passage: Passage) -> None:
        if self.time_to_first_thought is None:
            self.time_to_first_thought = self._elapsed()
        self._mark_once("reasoning", passage.message, passage.source)

    def _mark_once(self, kind: str, key: str, label: str) -> None:
        if (kind, key) not in self._begun:
            self._begun.add((kind, key))
            self.mark(kind, label)

    def _use(self, passage: Passage) -> None:
        """A message may tell its usage in every chunk: one mark, with the newest."""
        if passage.message in self.usage_of:
            old = [mark for mark in self.marks if mark.kind == "usage"]
            self.marks.remove(old[-1])
        self.usage_of[passage.message] = passage.value
        total = (self.usage or {}).get("total_tokens", 0)
        self.mark("usage", f"{total} tokens")

    def mark(self, kind: str, label: str = "") -> None:
        """Note something that is not text, now."""
        self.start()
        self.marks.append(Mark(kind, self._elapsed(), label))

    def _elapsed(self) -> float:
        return self._clock.now() - (self._start or 0.0)
