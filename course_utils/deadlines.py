"""How long to wait: for the first token, between tokens, in all; sync and async alike.

A timer knows the next deadline; chunks that carry something move it, comments that
only keep a connection open do not. The two players ask it before every chunk.

    for chunk in within(source, timer): ...
"""

import asyncio
import queue
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from math import inf
from typing import Any

from langchain_core.exceptions import ModelTimeoutError
from langchain_core.outputs import ChatGenerationChunk

from course_utils._errors import StreamError
from course_utils.clock import Clock

Chunks = Generator[ChatGenerationChunk, None, None]
AsyncChunks = AsyncGenerator[ChatGenerationChunk, None]

QUEUE_SIZE = 4  # small, so that a slow reader still slows the model
GOODBYES, GOODBYE = 3, 0.03  # times, and real seconds each, to wait for a worker


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

    def saw(self, chunk: ChatGenerationChunk) -> None:
        """A chunk came: one that carries something starts the wait for the next."""
        if carries(chunk):
            self._limit, self._awaited = self.deadlines.between_tokens, "next token"
            self._since = self.clock.now()

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
    return bool(
        getattr(message, "tool_call_chunks", None)
        or message.additional_kwargs.get("reasoning_content")
    )


def _says(block: Any) -> bool:
    if isinstance(block, str):
        return bool(block)
    return any(value for key, value in block.items() if key not in _LABELS)


_LABELS = ("type", "index", "id", "annotations")


def within(source: Chunks, timer: Timer) -> Chunks:
    """The chunks of `source` while they are in time; always closes it."""
    if timer.deadlines.none:
        return source  # no deadline costs nothing
    if _jumps(timer.clock):
        return _checked(source, timer)
    return _handed_over(source, timer)


def awithin(source: AsyncChunks, timer: Timer) -> AsyncChunks:
    """The chunks of `source` while they are in time; always closes it."""
    if timer.deadlines.none:
        return source
    return _awaited(source, timer)


def _jumps(clock: Clock) -> bool:
    return clock.real(1.0) == 0


def _checked(source: Chunks, timer: Timer) -> Chunks:
    """On a clock that jumps nothing really blocks: ask it after each chunk."""
    try:
        for chunk in source:
            timer.check()
            timer.saw(chunk)
            handed = timer.clock.now()
            yield chunk
            timer.excuse(handed)
        timer.check()
    finally:
        source.close()


async def _awaited(source: AsyncChunks, timer: Timer) -> AsyncChunks:
    jumps = _jumps(timer.clock)
    try:
        while True:
            limit = None if jumps else _seconds(timer)
            try:
                async with asyncio.timeout(limit) as alarm:
                    chunk = await anext(source, None)
            except TimeoutError:
                if alarm.expired():
                    raise timer.missed() from None
                raise
            if jumps or timer.total_left < 0:
                timer.check()
            if chunk is None:
                return
            timer.saw(chunk)
            handed = timer.clock.now()
            yield chunk
            timer.excuse(handed)
    finally:
        await source.aclose()


def _seconds(timer: Timer) -> float | None:
    """Real seconds to the next deadline, as timeouts want them; None is for ever."""
    return None if timer.left == inf else max(0.0, timer.clock.real(timer.left))


# Sync: a thread pulls the source, so that this one can stop waiting for it.


def _handed_over(source: Chunks, timer: Timer) -> Chunks:
    worker = Worker(source)
    worker.start()
    try:
        for chunk in worker.chunks(timer):
            if timer.total_left < 0:
                raise timer.missed()
            timer.saw(chunk)
            handed = timer.clock.now()
            yield chunk
            timer.excuse(handed)
    finally:
        worker.leave()


class Worker(threading.Thread):
    """Pulls a source into a small queue; closes the source when nobody reads on."""

    def __init__(self, source: Chunks) -> None:
        super().__init__(name="course-deadline", daemon=True)
        self._source = source
        self._context = copy_context()
        self._queue: queue.Queue[Any] = queue.Queue(QUEUE_SIZE)
        self._left = threading.Event()

    def run(self) -> None:
        """Pull until the end, an error, or the reader's leaving."""
        self._queue.put(self._context.run(self._pull))

    def _pull(self) -> Exception | None:
        try:
            for chunk in self._source:
                self._queue.put(chunk)
                if self._left.is_set():
                    break
        except Exception as error:
            return error
        finally:
            self._source.close()
        return None

    def chunks(self, timer: Timer) -> Iterator[ChatGenerationChunk]:
        """What was pulled, each in time; the source's error at its place."""
        while True:
            try:
                item = self._queue.get(timeout=_seconds(timer))
            except queue.Empty:
                raise timer.missed() from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    def leave(self) -> None:
        """Nobody reads on: end the thread, by hanging up if it waits on a socket."""
        self._left.set()
        while not self._queue.empty():
            self._queue.get_nowait()
        for _ in range(GOODBYES):
            if (line := _socket_of(self.ident)) is not None:
                _hang_up(line)
            self.join(GOODBYE)
            if not self.is_alive():
                return


def _socket_of(thread: int | None) -> socket.socket | None:
    """The socket that the thread waits on: a generator can't be closed from outside.

    The HTTP client's frame that reads keeps it as `self._sock`.
    """
    frame = sys._current_frames().get(thread or 0)
    while frame is not None:
        line = getattr(frame.f_locals.get("self"), "_sock", None)
        if isinstance(line, socket.socket):
            return line
        frame = frame.f_back
    return None


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        line.shutdown(socket.SHUT_RDWR)
