"""A Stop that works at once: also while a loop waits for a token that never comes.

A flag is not enough, for a silent stream never looks at it. So Stop interrupts the
reader: a loop by a KeyboardInterrupt of its own thread, a task by cancelling it.

    with switch.loop(): ...        # press() from any thread ends the block
"""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")


GRACE = 0.3  # seconds that a stream may take to close before it is interrupted
PATIENCE = 1.0  # seconds until a loop that is still there is interrupted once more


class StopSwitch:
    """Stops one reader; pressing too late does nothing.

    Pressed again, it interrupts a loop again: a sync agent answers the first interrupt
    by waiting for its tools.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._hearers: list[Callable[[], None]] = []
        self._interrupt: Callable[[], None] | None = None
        self._last = 0.0
        self._lock = threading.Lock()

    def press(self) -> None:
        """Stop the reader. Any thread may press."""
        with self._lock:
            now, first = time.monotonic(), not self.pressed
            self.pressed = True
            for hear in self._hearers if first else ():
                hear()
            late = (
                isinstance(self._interrupt, Interrupt) and now - self._last > PATIENCE
            )
            if self._interrupt and (first or late):
                self._last = now
                self._interrupt()

    def hear(self, call: Callable[[], None]) -> None:
        """Call this when Stop is pressed, before anything is interrupted."""
        self._hearers.append(call)

    @contextmanager
    def armed(self, interrupt: Callable[[], None] | None) -> Iterator[None]:
        """While this lasts, pressing calls `interrupt`."""
        with self._lock:
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None

    @contextmanager
    def loop(self) -> Iterator[None]:
        """Stop a sync loop: leave the block, with no traceback.

        Only the main thread can be interrupted; elsewhere the loop has to look at
        `pressed` between two items.
        """
        try:
            with interrupting() as interrupt, self.armed(interrupt):
                yield
        except KeyboardInterrupt:
            if not self.pressed:
                raise

    async def task(self, reader: Coroutine[Any, Any, None]) -> None:
        """Stop an async reader: run it as a task of its own and cancel that."""
        task = asyncio.ensure_future(reader)
        loop = asyncio.get_running_loop()
        with self.armed(lambda: _from_outside(loop, task.cancel)):
            try:
                await task
            except asyncio.CancelledError:
                me = asyncio.current_task()
                if not self.pressed or (me and me.cancelling()):
                    raise


def _from_outside(loop: asyncio.AbstractEventLoop, call: Callable[[], Any]) -> None:
    with suppress(RuntimeError):  # the loop is closed, so the task is over
        loop.call_soon_threadsafe(call)


AGAIN = 0.05  # seconds until an interrupt that was not heard is sent again


class Interrupt:
    """A KeyboardInterrupt for one thread, sent from another until it is heard.

    Once is not enough: a signal that comes just before a sleep begins does not end it.
    """

    def __init__(self, before: Any = signal.default_int_handler) -> None:
        self._before = before  # the handler of whoever interrupts from around this
        self._sent = False
        self._heard: float | None = None  # when
        self._lock = threading.Lock()
        self._thread = threading.get_ident()

    def __call__(self) -> None:
        """Send it. Any thread may."""
        with self._lock:
            self._sent, self._heard = True, None
        threading.Thread(target=self._send, name="course-stop", daemon=True).start()

    def _send(self) -> None:
        while self._send_once():
            time.sleep(AGAIN)

    def _send_once(self) -> bool:
        with self._lock:
            if self._heard is None:
                _interrupt(self._thread)
            return self._heard is None

    def hear(self, number: int, frame: Any) -> None:
        """The handler of the signal: what was sent twice interrupts once."""
        now = time.monotonic()
        again = self._heard is not None and now - self._heard < 2 * AGAIN
        if self._sent and self._heard is None:
            self._heard = now
            signal.default_int_handler(number, frame)
        if not again:
            self._before(number, frame)

    def take(self) -> None:
        """Take here what is on its way."""
        while self._sent and self._heard is None:
            time.sleep(AGAIN)

    def end(self) -> None:
        """Send no more."""
        with self._lock:
            self._heard = self._heard or time.monotonic()


def _interrupt(thread: int) -> None:
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, signal.SIGINT)
    else:  # Windows, where a sleep waits for this event, too
        signal.raise_signal(signal.SIGINT)


@contextmanager
def interrupting() -> Iterator[Interrupt | None]:
    """A way to interrupt this thread meanwhile; None off the main thread."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    ours = isinstance(getattr(before, "__self__", None), Interrupt)
    if before is not signal.default_int_handler and not ours:
        yield None  # somebody else decides what an interrupt means
        return
    interrupt = Interrupt(before)
    signal.signal(signal.SIGINT, interrupt.hear)
    try:
        yield interrupt
        interrupt.take()
    finally:
        interrupt.end()
        signal.signal(signal.SIGINT, before)


def leave(close: Callable[[], None]) -> None:
    """Close a sync stream; interrupt it where it stands if it keeps us waiting.

    A LangChain chain answers `close()` by asking its model for one more token, and a
    silent model never sends it.
    """
    hurry = StopSwitch()
    timer = threading.Timer(GRACE, hurry.press)
    with hurry.loop():
        timer.start()
        close()
        timer.cancel()
