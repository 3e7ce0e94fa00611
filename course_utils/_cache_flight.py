"""One call for all who ask the same at the same time, in threads and in tasks.

Nobody leads. The answer's chunks are collected in one place; whoever needs one that
has not come yet lets the source take its next step, for all. A reader may leave at any
time; when the last one has left, the source is closed.

    for arrival in flight.read(): ...
    async for arrival in flight.aread(): ...
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from weakref import WeakValueDictionary

from langchain_core.caches import BaseCache

from course_utils._cache_record import Arrival
from course_utils._cache_source import FlightLost, Source

Key = tuple[str, str]
# Real seconds a reader waits before it asks whether a far event loop still runs.
PATIENCE = 1.0


class Flight:
    """An answer on its way, and everybody who waits for it.

    Attributes:
        record: What has come, in order.
        cached: Whether it came from the cache.
    """

    source: Source

    def __init__(self, landed: Callable[["Flight"], None]) -> None:
        self.record: list[Arrival] = []
        self.cached = False
        self._landed = landed
        self._ended = False
        self._error: BaseException | None = None
        self._readers = 0
        self._stepping = False
        self._changed = threading.Condition()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    # The source's side

    def push(self, arrivals: Sequence[Arrival]) -> None:
        """Chunks have come."""
        with self._changed:
            self.record += arrivals
            self._wake()

    def end(self, error: BaseException | None = None) -> None:
        """There are no more; `error` is why, if it was not the answer's end."""
        with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._wake()
        self._landed(self)

    def _wake(self) -> None:
        self._stepping = False
        self._changed.notify_all()
        waiting, self._waiting = self._waiting, []
        here = asyncio._get_running_loop()
        for loop, event in waiting:
            if loop is here:
                event.set()
            elif not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    # The readers' side

    def join(self) -> bool:
        """Become a reader; False if the flight has ended already."""
        with self._changed:
            self._readers += not self._ended
            return not self._ended

    def leave(self) -> None:
        """Be a reader no longer; the last one to leave ends the flight."""
        with self._changed:
            self._readers -= 1
            if self._readers or self._ended:
                return
            self._ended, self._error = True, FlightLost("all readers have left")
        self._landed(self)
        self.source.close()

    def read(self) -> Generator[Arrival, None, None]:
        """The chunks, from the first, for a reader who has joined."""
        position = 0
        try:
            while (arrival := self._take(position)) is not None:
                position += 1
                yield arrival
        finally:
            self.leave()

    async def aread(self) -> AsyncGenerator[Arrival, None]:
        """The chunks, from the first, for a reader who has joined."""
        position = 0
        try:
            while (arrival := await self._atake(position)) is not None:
                position += 1
                yield arrival
        finally:
            self.leave()

    def _take(self, position: int) -> Arrival | None:
        while True:
            with self._changed:
                if self._here(position):
                    return self._at(position)
                mine, self._stepping = not self._stepping, True
                waited = mine or self._changed.wait(PATIENCE)
            if mine:
                self.source.step(self)
            elif not waited:
                self._check()

    async def _atake(self, position: int) -> Arrival | None:
        loop = asyncio.get_running_loop()
        while True:
            come = asyncio.Event()
            with self._changed:
                if self._here(position):
                    return self._at(position)
                self._waiting.append((loop, come))
                mine, self._stepping = not self._stepping, True
            if mine:
                self.source.astep(self)
            if self.source.loop in (None, loop):
                await come.wait()
            else:
                await self._afar(come)

    async def _afar(self, come: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await come.wait()
        except TimeoutError:
            self._check()

    def _check(self) -> None:
        if self.source.loop is not None and not self.source.loop.is_running():
            self.end(FlightLost("its event loop has stopped"))

    def _here(self, position: int) -> bool:
        return position < len(self.record) or self._ended

    def _at(self, position: int) -> Arrival | None:
        if position < len(self.record):
            return self.record[position]
        if self._error is not None:
            raise self._error
        return None


class Flights:
    """The flights of one cache, by what was asked."""

    def __init__(self) -> None:
        self._flights: dict[Key, Flight] = {}
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many are in the air."""
        return len(self._flights)

    def join(
        self, key: Key, begin: Callable[[Flight], Source], blocking: bool
    ) -> tuple[Flight, bool]:
        """The flight for this key, and whether it begins with this reader.

        A reader who blocks the event loop that the source runs in gets its own.
        """
        with self._lock:
            flight = self._flights.get(key)
            blocked = flight is not None and blocking and _blocks(flight)
            if flight is not None and not blocked and flight.join():
                return flight, False
            flight = Flight(lambda landed: self._drop(key, landed))
            flight.source = begin(flight)
            flight.join()
            if not blocked:
                self._flights[key] = flight
            return flight, True

    def _drop(self, key: Key, landed: Flight) -> None:
        with self._lock:
            if self._flights.get(key) is landed:
                del self._flights[key]


def _blocks(flight: Flight) -> bool:
    here = asyncio._get_running_loop()
    return here is not None and flight.source.loop is here


_flights: WeakValueDictionary[int, Flights] = WeakValueDictionary()
_lock = threading.Lock()


def flights_of(cache: BaseCache) -> Flights:
    """The flights of a cache; hold on to them as long as to the cache.

    Whatever model is wrapped around it, how often: who shares a cache shares calls.
    """
    with _lock:
        flights = _flights.get(id(cache)) or Flights()  # a cache need not be hashable
        _flights[id(cache)] = flights
        return flights
