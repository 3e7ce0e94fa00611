"""Answers that outlive a broken connection for a while, in the memory of one process.

The events of a stream are recorded as they come, and any number of readers follow the
record, each from where it broke off. If all have left, the stream is stopped soon.

    replay = ReplayBuffer()     # one for the app, and sse_response(..., replay=replay)
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

from course_utils.clock import Clock, course_clock
from course_utils.serving.replay.protocol import STOPPED, new_name, position_of
from course_utils.serving.replay.record import Record
from course_utils.serving.sse import Event, encoded
from course_utils.settings import settings


@settings()
class ReplayBuffer:
    """Holds the events of recent streams, so that a reader can come back for the rest.

    Args:
        grace: Seconds a stream goes on while nobody follows it.
        keep: Seconds its events are kept after it has ended.
        clock: What measures them.
    """

    def __init__(
        self, grace: float = 10.0, keep: float = 60.0, clock: Clock = course_clock
    ) -> None:
        self.grace = grace
        self.keep = keep
        self._clock = clock
        self._records: dict[str, Record] = {}

    def __repr__(self) -> str:
        return f"ReplayBuffer({len(self)} stream{'' if len(self) == 1 else 's'})"

    def __len__(self) -> int:
        return len(self._records)

    async def start(
        self,
        events: AsyncGenerator[Event, None],
        *,
        name: str = "",
        ended: Callable[[Event], None] | None = None,
    ) -> str:
        """Begin an answer, which goes on without its readers; its name.

        Args:
            events: What it says, as `sse_events` gives it.
            name: What it shall be called; by default something nobody guesses.
            ended: Told the last event, once, whichever way the answer ended.
        """
        record = Record(name or new_name(), self._clock.real(self.grace), ended=ended)
        self._records[record.name] = record
        record.begin(events)
        record.task.add_done_callback(lambda task: self._forget_later(record.name))
        return record.name

    async def follow(
        self, name: str, after: int = 0
    ) -> AsyncGenerator[Event, None] | None:
        """The events after this number, then as they come; None: no such answer."""
        record = self._found(name, after)
        return record.follow(after) if record else None

    async def body(
        self, name: str, after: int = 0, heartbeat: float = 15.0
    ) -> AsyncGenerator[str, None] | None:
        """The same as the text of a response, with a comment in each silence."""
        record = self._found(name, after)
        return encoded(record.follow(after, heartbeat)) if record else None

    async def stop(self, name: str) -> bool:
        """Stop an answer, whose last event is then `stopped`; False: no such answer."""
        record = self._records.get(name)
        if record is not None:
            record.end(STOPPED)
        return record is not None

    async def end_all(self, why: Event) -> None:
        """End all answers that are not whole with this event; wait for their models."""
        records = list(self._records.values())
        for record in records:
            record.end(why)
        if records:
            await asyncio.wait([record.task for record in records])

    async def aclose(self) -> None:
        """Let go of all that is open: the last call."""
        for record in self._records.values():
            record.task.cancel()

    def missed(self, last_event_id: str) -> bool:
        """Whether there is, or may come, anything after this event."""
        name, number = position_of(last_event_id)
        record = self._records.get(name)
        if record is None or number < 0:
            return False
        return not record.ended or number < len(record.events)

    def _found(self, name: str, after: int) -> Record | None:
        return self._records.get(name) if after >= 0 else None

    def _forget_later(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._clock.real(self.keep), self._records.pop, name, None)
