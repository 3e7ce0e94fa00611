"""The process around the app: its signals, and what its server writes down."""

import asyncio
import logging
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
NAME = re.compile(r"(chat/[^/?\s]{6})[^/?\s]*")


def is_main() -> bool:
    """Whether this is the main thread: the process is a server and nothing else."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def hearing_signals(tell: Callable[[], None]) -> Iterator[None]:
    """Hear the signals that end the server, too, before it acts on them."""
    loop = asyncio.get_running_loop()
    found = {number: signal.getsignal(number) for number in SIGNALS}
    servers = {number: act for number, act in found.items() if callable(act)}

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        servers[signal.Signals(number)](number, frame)

    mine = servers if is_main() else {}
    for number in mine:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, act in mine.items():
            signal.signal(number, act)


class ShortNames(logging.Filter):
    """Shortens the names of answers: whoever knows a whole one needs but the cookie."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's arguments; it is written in any case."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                NAME.sub(r"\1…", arg) if isinstance(arg, str) else arg
                for arg in record.args
            )
        return True


def quiet_access_log() -> None:
    """Keep whole names out of the server's log, and our own lines in it."""
    access = logging.getLogger("uvicorn.access")
    if not any(isinstance(one, ShortNames) for one in access.filters):
        access.addFilter(ShortNames())
    logging.basicConfig()  # does nothing where somebody has set it up
    logging.getLogger("chat").setLevel(logging.INFO)
