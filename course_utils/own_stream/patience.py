"""How a reader waits for an item, and how long: a bell, and one timer for all waits.

`asyncio.timeout` sets a timer for each wait and clears it again, which for a reader of
tokens is a good part of the work. Here a wait moves the moment, and the timer stays.

    patience.begin(15); await bell.rings(); patience.end()   # True: nothing came
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

T = TypeVar("T")


async def heeding(answer: Awaitable[T]) -> T:
    """Await this; if something under it swallowed a cancellation, raise it here.

    `asyncio.wait_for` does so in Python 3.11 when what it waits for comes in the same
    moment, and redis waits by it. Who had left would be read to for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    result = await answer
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
    return result


class Bell:
    """Wakes who waits in this event loop: an `asyncio.Event` for half the work.

    It does not remember that it has rung, so look first, and wait if there is nothing.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        """Something has changed: all who wait shall look again."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                if not one.done():
                    one.set_result(None)

    async def rings(self) -> None:
        """Wait until the bell is rung."""
        one = self._loop.create_future()
        self._waiting.append(one)
        await one


class Patience:
    """Ends a wait that has become too long.

    Args:
        tell: Wakes who waits; called in the event loop.

    Attributes:
        is_over: Whether the wait that goes on has become too long.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self.is_over = False
        self._tell = tell
        self._due: float | None = None  # None: nobody waits
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def begin(self, seconds: float) -> None:
        """A wait begins, and may take so many real seconds."""
        if seconds == inf:
            return
        self._due = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._due:
            self.cancel()
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._look)

    def end(self) -> bool:
        """The wait has ended: whether because it took too long."""
        over, self.is_over, self._due = self.is_over, False, None
        return over

    def cancel(self) -> None:
        """There will be no more waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._look)
        else:
            self.is_over = True
            self._tell()
