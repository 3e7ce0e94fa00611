"""Answers that outlive a broken connection for a while.

The events of a stream are recorded as they come, and any number of readers follow the
record, each from where it broke off. If all have left, the stream is stopped soon.

    replay = ReplayBuffer()     # one for the app, and sse_response(..., replay=replay)
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from course_utils.clock import Clock, course_clock
from course_utils.own_stream.backpressure import outside
from course_utils.serving.sse import Event
from course_utils.settings import settings


@settings()
class ReplayBuffer:
    """Holds the events of recent streams, so that a reader can come back for the rest.

    Args:
        grace: Seconds a stream goes on after its last reader has left.
        keep: Seconds its events are kept after it has ended.
        clock: What measures them.
    """

    def __init__(
        self, grace: float = 10.0, keep: float = 60.0, clock: Clock = course_clock
    ) -> None:
        self.grace = grace
        self.keep = keep
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def __repr__(self) -> str:
        return f"ReplayBuffer({len(self)} stream{'' if len(self) == 1 else 's'})"

    def __len__(self) -> int:
        return len(self._records)

    def missed(self, last_event_id: str) -> bool:
        """Whether there is, or may come, anything after this event."""
        name, _, number = last_event_id.rpartition(".")
        record = self._records.get(name)
        if record is None or not number.isdecimal():
            return False
        return not record.ended or int(number) < len(record.events)

    async def follow(self, last_event_id: str) -> AsyncIterator[Event]:
        """The events after this one, as far as there are any, then as they come."""
        name, _, number = last_event_id.rpartition(".")
        async for event in self._records[name].follow(int(number)):
            yield event

    async def record(self, events: AsyncGenerator[Event, None]) -> AsyncIterator[Event]:
        """Record a new stream, and follow it from its beginning."""
        name = uuid.uuid4().hex  # nobody guesses it and reads along
        record = self._records[name] = _Record(name, self._clock.real(self.grace))
        record.begin(events)
        record.task.add_done_callback(lambda task: self._forget_later(name))
        async for event in record.follow(0):
            yield event

    def _forget_later(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._clock.real(self.keep), self._records.pop, name, None)


class _Record:
    """The events of one stream, and who follows them."""

    task: "asyncio.Task[None]"

    def __init__(self, name: str, grace: float) -> None:
        self.name = name
        self.grace = grace
        self.events: list[Event] = []
        self.ended = False
        self._followers = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    def begin(self, events: AsyncGenerator[Event, None]) -> None:
        self.task = asyncio.create_task(self._fill(events), context=outside())

    async def _fill(self, events: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    number = len(self.events) + 1
                    self.events.append(replace(event, id=f"{self.name}.{number}"))
                    self._wake()
        finally:
            self.ended = True
            self._wake()

    def _wake(self) -> None:
        """Wake who waits now; later waits are for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, position: int) -> AsyncIterator[Event]:
        self._enter()
        try:
            while True:
                for event in self.events[position:]:
                    position += 1
                    yield event
                if self.ended and position >= len(self.events):
                    return
                if position >= len(self.events):
                    await self._changed.wait()
        finally:
            self._leave()

    def _enter(self) -> None:
        self._followers += 1
        if self._leaving:
            self._leaving.cancel()

    def _leave(self) -> None:
        self._followers -= 1
        if not self._followers and not self.ended:
            loop = asyncio.get_running_loop()
            self._leaving = loop.call_later(self.grace, self.task.cancel)
