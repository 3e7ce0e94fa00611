"""How long a reader waits for an item: one timer for all the waits of a stream.

`asyncio.timeout` sets a timer for each wait and clears it again, which for a reader of
tokens is a good part of the work. Here a wait moves the moment, and the timer stays.

    patience.begin(15); await news.wait(); patience.end()   # True: nothing came
"""

import asyncio
from collections.abc import Callable
from math import inf


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

    def begin(self, seconds: float) -> None:
        """A wait begins, and may take so many real seconds."""
        if seconds == inf:
            return
        loop = asyncio.get_running_loop()
        self._due = loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._due:
            self.cancel()
        if self._timer is None:
            self._timer = loop.call_at(self._due, self._look, loop)

    def end(self) -> bool:
        """The wait has ended: whether because it took too long."""
        over, self.is_over, self._due = self.is_over, False, None
        return over

    def cancel(self) -> None:
        """There will be no more waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._due is None:
            return
        if loop.time() < self._due:
            self._timer = loop.call_at(self._due, self._look, loop)
        else:
            self.is_over = True
            self._tell()
