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
AGAIN = 0.5  # seconds until a loop that is still there is interrupted again


class StopSwitch:
    """Stops one reader, once; pressing it again, or too late, does nothing."""

    def __init__(self) -> None:
        self.pressed = False
        self._hearers: list[Callable[[], None]] = []
        self._interrupt: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def press(self) -> None:
        """Stop the reader. Any thread may press."""
        with self._lock:
            if not self.pressed:
                self.pressed = True
                for hear in self._hearers:
                    hear()
                if interrupt := self._interrupt:
                    interrupt()

    def hear(self, call: Callable[[], None]) -> None:
        """Call this when Stop is pressed, before anything is interrupted."""
        self._hearers.append(call)

    @contextmanager
    def armed(self, interrupt: Callable[[], None] | None) -> Iterator[None]:
        """While this lasts, pressing calls `interrupt`."""
        self._interrupt = interrupt
        try:
            yield
        finally:
            self._interrupt = None
            with self._lock:
                pass  # whoever is pressing has sent the interrupt

    @contextmanager
    def loop(self) -> Iterator[None]:
        """Stop a sync loop: leave the block, with no traceback.

        Only the main thread can be interrupted; elsewhere the loop has to look at
        `pressed` between two items.
        """
        interrupt = interrupt_this_thread()
        try:
            with self.armed(interrupt and self._insistent(interrupt)):
                yield
            if self.pressed and interrupt:
                time.sleep(0.1)  # the signal is on its way: take it here
        except KeyboardInterrupt:
            if not self.pressed:
                raise

    def _insistent(self, interrupt: Callable[[], None]) -> Callable[[], None]:
        """The same, and again while the block lasts.

        A signal that comes just as a wait begins does not end it.
        """

        def insist() -> None:
            interrupt()
            timer = threading.Timer(AGAIN, again)
            timer.daemon = True
            timer.start()

        def again() -> None:
            with self._lock:
                if self._interrupt is insist:
                    insist()

        return insist

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


def interrupt_this_thread() -> Callable[[], None] | None:
    """A function that raises KeyboardInterrupt here; None off the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return None
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return None  # somebody else decides what an interrupt means
    if not hasattr(signal, "pthread_kill"):
        return lambda: signal.raise_signal(signal.SIGINT)
    me = threading.get_ident()
    return lambda: signal.pthread_kill(me, signal.SIGINT)


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
