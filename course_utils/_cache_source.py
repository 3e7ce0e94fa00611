"""Where a shared answer's chunks come from: a sync stream, or an async one.

A source brings the next chunks when a reader asks for a step, and tells the flight. A
sync stream takes its step in the thread of whoever asks; an async one in its own task.

    source.step(flight)     # then flight.push(arrivals) or flight.end(error)
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Sequence
from contextvars import copy_context
from typing import Protocol

from course_utils._cache_record import Arrival

Loop = asyncio.AbstractEventLoop


class FlightLost(Exception):  # not an error: somebody else may ask again
    """The source was interrupted with its reader, or its event loop has ended."""


class Sink(Protocol):
    """Who is told: a flight."""

    def push(self, arrivals: Sequence[Arrival]) -> None:
        """Chunks have come."""

    def end(self, error: BaseException | None = None) -> None:
        """There are no more; `error` is why, if it was not the answer's end."""


class Source(Protocol):
    """What a flight reads from; `loop` is where it runs, None for anywhere."""

    loop: Loop | None

    def step(self, flight: Sink) -> None:
        """Bring the next chunks, now or soon; called from a thread."""

    def astep(self, flight: Sink) -> None:
        """Bring them soon; called from an event loop."""

    def close(self) -> None:
        """Nobody waits any more."""


class SyncSource:
    """Steps in the thread of whoever needs the next chunk."""

    loop: Loop | None = None

    def __init__(self, stream: Generator[Sequence[Arrival], None, None]) -> None:
        self._stream = stream
        self._busy = threading.Lock()

    def step(self, flight: Sink) -> None:
        """Bring the next chunks, here and now."""
        with self._busy:
            try:
                flight.push(next(self._stream))
            except StopIteration:
                flight.end()
            except Exception as error:
                flight.end(error)
            except BaseException:
                flight.end(FlightLost("its reader was interrupted"))
                raise

    def astep(self, flight: Sink) -> None:
        """Bring them on a thread: a reader who is cancelled breaks nobody's step."""
        run = copy_context().run
        asyncio.get_running_loop().run_in_executor(None, run, self.step, flight)

    def close(self) -> None:
        """Close the stream, after the step that a thread may be in."""
        if self._busy.acquire(blocking=False):
            self._busy.release()
            self._close()
        else:
            threading.Thread(target=self._close).start()

    def _close(self) -> None:
        with self._busy:
            self._stream.close()


class AsyncSource:
    """Steps in a task of its own, in the loop of who asked first."""

    def __init__(self, stream: AsyncGenerator[Sequence[Arrival], None]) -> None:
        self.loop: Loop | None = asyncio.get_running_loop()
        self._running = asyncio.get_running_loop()
        self._stream = stream
        self._wanted = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    def astep(self, flight: Sink) -> None:
        """Let the task bring the next chunks."""
        if asyncio.get_running_loop() is self.loop:
            self._want(flight)
        else:
            self.step(flight)

    def step(self, flight: Sink) -> None:
        """Let the task bring them, from a thread or from another loop."""
        try:
            self._running.call_soon_threadsafe(self._want, flight)
        except RuntimeError:
            flight.end(FlightLost("its event loop has ended"))

    def _want(self, flight: Sink) -> None:
        self._wanted.set()
        if self._task is None:
            self._task = self._running.create_task(self._run(flight))

    async def _run(self, flight: Sink) -> None:
        try:
            async for arrivals in self._stream:
                self._wanted.clear()
                flight.push(arrivals)
                if self._closed:  # Python 3.11's wait_for may swallow a cancellation
                    break
                await self._wanted.wait()
            flight.end()
        except asyncio.CancelledError:
            flight.end(FlightLost("its task was cancelled"))
            raise
        except Exception as error:
            flight.end(error)
        finally:
            await self._stream.aclose()

    def close(self) -> None:
        """Cancel the task, and with it the model's stream."""
        if not self._running.is_closed():
            self._running.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        self._closed = True
        if self._task is not None:
            self._task.cancel()
