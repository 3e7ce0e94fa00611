"""One answer where it is made: its events so far, and who follows them here.

It goes on without its readers for a while, and always has a last event in the end.

    record = Record(name, grace=10); record.begin(events); record.follow(after=3)
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import inf
from typing import Any

from course_utils.own_stream.backpressure import outside
from course_utils.own_stream.patience import Bell, Patience
from course_utils.serving.answer_events import error_event
from course_utils.serving.replay.protocol import CUT, LAST, LEFT, STOPPED
from course_utils.serving.sse import Event

log = logging.getLogger(__name__)


class Record:
    """The events of one stream, and who follows them.

    Args:
        name: What the answer is called.
        grace: Real seconds it goes on while nobody follows it here.
        ended: Told the last event, once.
        left: What to do after the grace; by default the answer is ended.
        changed: Told of every event, and of the end.
    """

    task: "asyncio.Task[None]"

    def __init__(
        self,
        name: str,
        grace: float,
        *,
        ended: Callable[[Event], None] | None = None,
        left: Callable[["Record"], None] | None = None,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.grace = grace
        self.events: list[Event] = []
        self.ended = False
        self._tell = ended
        self._left = left or (lambda record: record.end(LEFT))
        self._tell_change = changed or (lambda: None)
        self._followers = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._changed = Bell()

    def begin(self, events: AsyncGenerator[Event, None]) -> None:
        """Take the events from here on, whether anybody reads or not."""
        self.task = asyncio.create_task(self._fill(events), context=outside())
        self.wait_for_followers()  # its asker may have left already

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
        self._changed.ring()
        self._tell_change()

    async def follow(
        self, position: int, heartbeat: float = inf
    ) -> AsyncGenerator[Any, None]:
        """The events after this number, then as they come; None in each silence."""
        patience = Patience(self._changed.ring)
        self._enter()
        try:
            while True:
                for event in self.events[position:]:
                    position += 1
                    yield event
                if position < len(self.events):
                    continue
                if self.ended:
                    return
                patience.begin(heartbeat)
                while not (self._is_more(position) or patience.is_over):
                    await self._changed.rings()
                if patience.end() and not self._is_more(position):
                    yield None
        finally:
            patience.cancel()
            self._leave()

    def _is_more(self, position: int) -> bool:
        """Whether there is an event after this one, or the end."""
        return self.ended or position < len(self.events)

    def _enter(self) -> None:
        self._followers += 1
        if self._leaving:
            self._leaving.cancel()

    def _leave(self) -> None:
        self._followers -= 1
        self.wait_for_followers()

    def wait_for_followers(self) -> None:
        """Unless somebody comes within the grace, all have left."""
        if self._followers or self.ended:
            return
        loop = asyncio.get_running_loop()
        self._leaving = loop.call_later(self.grace, self._left, self)
