"""Answers that outlive a broken connection for a while, in the memory of one process.

The events of a stream are recorded as they come, and any number of readers follow the
record, each from where it broke off. If all have left, the stream is stopped soon.

    replay = ReplayBuffer()     # one for the app, and sse_response(..., replay=replay)
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from course_utils.clock import Clock, course_clock
from course_utils.own_stream.backpressure import outside
from course_utils.serving.answer_events import error_event, event
from course_utils.serving.replay import LAST, LEFT, STOPPED, new_name, position_of
from course_utils.serving.sse import Event
from course_utils.settings import settings

log = logging.getLogger(__name__)

CUT = event(
    "cut",
    {
        "finish_reason": None,
        "usage": None,
        "note": "The answer ended without a last event.",
    },
)


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
        self._records: dict[str, _Record] = {}

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
        record = _Record(name or new_name(), self._clock.real(self.grace), ended)
        self._records[record.name] = record
        record.begin(events)
        record.task.add_done_callback(lambda task: self._forget_later(record.name))
        return record.name

    async def follow(
        self, name: str, after: int = 0
    ) -> AsyncGenerator[Event, None] | None:
        """The events after this number, then as they come; None: no such answer."""
        record = self._records.get(name)
        return record.follow(after) if record and after >= 0 else None

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

    def missed(self, last_event_id: str) -> bool:
        """Whether there is, or may come, anything after this event."""
        name, number = position_of(last_event_id)
        record = self._records.get(name)
        if record is None or number < 0:
            return False
        return not record.ended or number < len(record.events)

    def _forget_later(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._clock.real(self.keep), self._records.pop, name, None)


class _Record:
    """The events of one stream, and who follows them."""

    task: "asyncio.Task[None]"

    def __init__(
        self, name: str, grace: float, tell: Callable[[Event], None] | None
    ) -> None:
        self.name = name
        self.grace = grace
        self.events: list[Event] = []
        self.ended = False
        self._tell = tell
        self._followers = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    def begin(self, events: AsyncGenerator[Event, None]) -> None:
        self.task = asyncio.create_task(self._fill(events), context=outside())
        self._wait_for_followers()  # its asker may have left already

    async def _fill(self, events: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    self._push(event)
            self._close(CUT)
        except Exception as error:
            log.warning("An answer broke: %s", type(error).__name__)
            self._close(error_event(type(error).__name__, "The answer broke off."))
        finally:
            self._close(STOPPED)

    def end(self, why: Event) -> None:
        """Say at once how it ended, then stop whoever makes it."""
        if not self.ended:
            self._close(why)
            self.task.cancel()

    def _close(self, why: Event) -> None:
        """Nothing comes after this; `why` counts if the last event does not say it."""
        if self.ended:
            return
        if not self.events or self.events[-1].event not in LAST:
            self._push(why)
        self.ended = True
        self._wake()
        if self._leaving:
            self._leaving.cancel()
        if self._tell:
            self._tell(self.events[-1])

    def _push(self, event: Event) -> None:
        if not self.ended:
            number = len(self.events) + 1
            numbered = Event(event.event, event.data, f"{self.name}.{number}")
            self.events.append(numbered)
            self._wake()

    def _wake(self) -> None:
        """Wake who waits now; later waits are for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, position: int) -> AsyncGenerator[Event, None]:
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
            self._wait_for_followers()

    def _wait_for_followers(self) -> None:
        loop = asyncio.get_running_loop()
        self._leaving = loop.call_later(self.grace, self.end, LEFT)
