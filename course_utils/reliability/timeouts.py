"""The two players of deadlines: a source's chunks while they are in time.

Async, the event loop ends the wait. Sync, a thread pulls the source, so that this
one can stop waiting. Without a deadline there is neither, and no cost.

    for chunk in within(source, timer): ...
"""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import closing
from contextvars import copy_context
from math import inf
from typing import Any

from langchain_core.outputs import ChatGenerationChunk

from course_utils.clock import Alarm, Clock
from course_utils.model_call import AsyncChunks, Chunks
from course_utils.reliability.deadlines import Timer
from course_utils.reliability.hang_up import hang_up

QUEUE_SIZE = 4  # small, so that a slow reader still slows the model
GOODBYES, GOODBYE = 3, 0.03  # times, and real seconds each, to wait for a worker


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
            handed = timer.saw(chunk)
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
            if jumps:
                timer.check()
            if chunk is None:
                return
            handed = timer.saw(chunk)
            yield chunk
            timer.excuse(handed)
    finally:
        await source.aclose()


def _seconds(timer: Timer) -> float | None:
    """Real seconds to the next deadline, as timeouts want them; None is for ever."""
    left = timer.left
    return None if left == inf else max(0.0, timer.clock.real(left))


# Sync: a thread pulls the source, so that this one can stop waiting for it.


def _handed_over(source: Chunks, timer: Timer) -> Chunks:
    worker = Worker(source)
    worker.start()
    try:
        for chunk in worker.chunks(timer):
            handed = timer.saw(chunk)
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
        self._alarm = Alarm()
        self._alarm.set_in(self._context)
        self._queue: queue.Queue[Any] = queue.Queue(QUEUE_SIZE)
        self._left = threading.Event()

    def run(self) -> None:
        """Pull until the end, an error, or the reader's leaving."""
        try:
            self._context.run(self._pull)
        except BaseException as error:  # the reader's to raise, whatever it is
            self._queue.put(error)
        else:
            self._queue.put(None)

    def _pull(self) -> None:
        with closing(self._source):
            for chunk in self._source:
                self._queue.put(chunk)
                if self._left.is_set():
                    break

    def chunks(self, timer: Timer) -> Iterator[ChatGenerationChunk]:
        """What was pulled, each in time; the source's error at its place."""
        while True:
            try:
                item = self._queue.get(timeout=_seconds(timer))
            except queue.Empty:
                raise timer.missed() from None
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def leave(self) -> None:
        """Nobody reads on: end the thread, by hanging up if it waits on a socket."""
        self._left.set()
        self._alarm.ring()
        while not self._queue.empty():
            self._queue.get_nowait()
        for _ in range(GOODBYES):
            hang_up(self)
            self.join(GOODBYE)
            if not self.is_alive():
                return
