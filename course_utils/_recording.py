"""Note when the items of a stream come, and how it ends.

A recording stands between a stream and its reader, or is told by a handler. It keeps
moments; `timing` makes figures of them.

    for chunk in recording.watch(model.stream("Hi")): ...
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from course_utils._streams import check_stream
from course_utils.clock import Clock, course_clock
from course_utils.text import finish_of, is_restart, message_of, text_of

T = TypeVar("T")

# What leaves a stream early without being its fault: a closed generator, the
# interrupt button, a cancelled task.
STOPS = (GeneratorExit, KeyboardInterrupt, asyncio.CancelledError)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the timeline that is not text.

    Attributes:
        kind: `tool_call`, `tool_result`, `restart`, `usage`, `finish`, `fault`
            or `stopped`.
        at: Seconds since the stream was first asked for an item.
        label: What to write beside it, such as the tool's name.
    """

    kind: str
    at: float
    label: str = ""


class Recording:
    """What came when: the part of a `StreamTiming` that listens.

    A reader calls `watch`; a handler calls `start`, `add` and `mark` itself.
    """

    def __init__(self, title: str = "", clock: Clock = course_clock) -> None:
        self.title = title
        self.arrivals: list[float] = []
        self.marks: list[Mark] = []
        self.finish_reason: str | None = None
        self.usage: dict[str, int] | None = None
        self.error: BaseException | None = None
        self._clock = clock
        self._pieces: list[str] = []
        self._saw_message = False
        self._start: float | None = None
        self._end: float | None = None

    @overload
    def watch(self, stream: AsyncIterable[T]) -> AsyncIterator[T]: ...
    @overload
    def watch(self, stream: Iterable[T]) -> Iterator[T]: ...
    def watch(self, stream: Any) -> Any:
        """Pass a stream through, sync or async, and note when its items come.

        Errors and stops are noted and go on; closing the result closes `stream`.
        """
        check_stream("watch", stream)
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
            if close := getattr(items, "close", None):
                close()

    async def _awatch(self, stream: AsyncIterable[T]) -> AsyncIterator[T]:
        items = aiter(stream)
        try:
            with self.recording():
                async for item in items:
                    self.add(item)
                    yield item
        finally:
            if aclose := getattr(items, "aclose", None):
                await aclose()

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

    def add(self, item: Any) -> None:
        """Note one item of the stream, now."""
        self.start()
        message = message_of(item)
        if isinstance(message, str):
            self._add_text(message)
        elif getattr(message, "type", "") == "tool":
            self.mark("tool_result", getattr(message, "name", None) or "")
        else:
            self._add_marks(item, message)
            self._add_text(text_of(message))

    def _add_text(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self.arrivals.append(self._elapsed())

    def _add_marks(self, item: Any, message: Any) -> None:
        self._saw_message |= hasattr(message, "content")
        calls = getattr(message, "tool_call_chunks", ()) or ()
        for call in calls or getattr(message, "tool_calls", None) or ():
            if call.get("name"):  # only a call's first fragment names it
                self.mark("tool_call", call["name"])
        if is_restart(message):
            self._restart()
        if reason := finish_of(item):
            self.finish_reason = reason
            self.mark("finish", reason)
        if usage := getattr(message, "usage_metadata", None):
            self._add_usage(usage)

    def _restart(self) -> None:
        """What was said no longer counts; it has been on the screen all the same."""
        if self._pieces:
            self._pieces = []
            self.mark("restart")

    def _add_usage(self, told: dict[str, Any]) -> None:
        names = ("input_tokens", "output_tokens", "total_tokens")
        before = self.usage or dict.fromkeys(names, 0)
        self.usage = {name: before[name] + told.get(name, 0) for name in names}
        self.mark("usage", f"{self.usage['total_tokens']} tokens")

    def mark(self, kind: str, label: str = "") -> None:
        """Note something that is not text, now."""
        self.start()
        self.marks.append(Mark(kind, self._elapsed(), label))

    def _elapsed(self) -> float:
        return self._clock.now() - (self._start or 0.0)
