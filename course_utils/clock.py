"""Time as a parameter: one clock that runs at the course's speed, one that jumps.

Whatever waits or measures takes a `clock`. Lessons use the course clock; tests use
a `VirtualClock`, so a script of three minutes runs in no time and always alike.

    model = FakeStreamingChatModel(clock=VirtualClock())
"""

import asyncio
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar
from queue import Empty, SimpleQueue


def course_speed() -> float:
    """How fast the course runs: 1 is real time, 20 is twenty times as fast.

    Read from the environment variable `COURSE_SPEED` when a clock is made, so that a
    notebook and the kernel that tests it may differ.

    Raises:
        ValueError: `COURSE_SPEED` is not a number above zero.
    """
    setting = os.environ.get("COURSE_SPEED", "1")
    try:
        speed = float(setting)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ValueError(
            f"COURSE_SPEED is a number above 0, got {setting!r}: "
            "use 1 for real time, 20 for twenty times as fast."
        )
    return speed


class Clock:
    """Real time, as fast as the course runs. All figures are seconds.

    Its speed is set when it is made: a clock that runs never jumps.
    """

    def __init__(self, speed: float | None = None) -> None:
        speed = course_speed() if speed is None else speed
        # The speed, and a moment that was: in real time, and on this clock.
        self._pace = (speed, time.perf_counter(), 0.0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def now(self) -> float:
        """Seconds on this clock; only differences mean something."""
        speed, real, shown = self._pace
        return shown + (time.perf_counter() - real) * speed

    def real(self, seconds: float) -> float:
        """How many real seconds these seconds of the clock last."""
        return seconds / self.speed

    @property
    def speed(self) -> float:
        """How many of its seconds pass in a real one."""
        return self._pace[0]

    @contextmanager
    def at_most(self, speed: float) -> Iterator[None]:
        """Run no faster than this for a while, and go on from what it shows."""
        before = self.speed
        self._set(min(speed, before))
        try:
            yield
        finally:
            self._set(before)

    def _set(self, speed: float) -> None:
        self._pace = (speed, time.perf_counter(), self.now())

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock."""
        if seconds > 0:
            real = min(self.real(seconds), LONGEST_SLEEP)
            if (alarm := _alarm.get()) is not None:
                alarm.sleep(real)
            else:
                time.sleep(real)

    async def asleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock; others may work meanwhile."""
        await asyncio.sleep(min(self.real(max(0.0, seconds)), LONGEST_SLEEP))

    def sleep_until(self, moment: float) -> None:
        """Wait until the clock shows `moment`; return at once if it is past."""
        self.sleep(moment - self.now())

    async def asleep_until(self, moment: float) -> None:
        """Wait until the clock shows `moment`; others may work meanwhile."""
        if (left := moment - self.now()) > 0:
            await self.asleep(left)


# Longer sleeps overflow in the operating system; nobody waits a day for a token.
LONGEST_SLEEP = 86_400.0


class Alarm:
    """Ends the sleeps of a thread that nobody waits for any more.

    In a context of that thread, `alarm.set_in(context)`; from another, `alarm.ring()`.
    """

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()  # safe from anywhere, any time

    def set_in(self, context: Context) -> None:
        """What sleeps in this context is woken by this alarm."""
        context.run(_alarm.set, self)

    def ring(self) -> None:
        """Wake it, and let no later sleep last."""
        self._rung.put(None)

    def sleep(self, seconds: float) -> None:
        """Sleep so many real seconds, or until the alarm rings."""
        with suppress(Empty):
            self._rung.get(timeout=seconds)
            self.ring()


_alarm: ContextVar[Alarm | None] = ContextVar("course_alarm", default=None)


class VirtualClock(Clock):
    """A clock that jumps: sleeping returns at once and the time has passed.

    >>> clock = VirtualClock()
    >>> clock.sleep(2.5)
    >>> clock.now()
    2.5
    """

    def __init__(self, time: float = 0.0) -> None:
        self.time = time

    def now(self) -> float:
        return self.time

    def real(self, seconds: float) -> float:
        return 0.0

    @property
    def speed(self) -> float:
        return math.inf

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.time += max(0.0, seconds)

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


course_clock = Clock()
