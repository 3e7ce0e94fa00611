"""Hang up for a thread that waits on a socket: the last resort of a deadline.

A generator that runs in one thread can't be closed from another, and nothing else wakes
a thread out of `recv`. Its frames are the only way to its socket: the HTTP client's
frame that reads keeps it as `self._sock`. Tried with httpcore 1.0.9 and httpcore2
2.16.2, which are under httpx and httpx2; its test says if it changes.

    hang_up(thread)
"""

import socket
import sys
import threading
from contextlib import suppress


def hang_up(thread: threading.Thread) -> None:
    """Shut the socket that this thread waits on, if it waits on one."""
    if (line := socket_of(thread)) is not None:
        with suppress(OSError):  # it may be closed already
            line.shutdown(socket.SHUT_RDWR)


def socket_of(thread: threading.Thread) -> socket.socket | None:
    """The socket in whose frame the thread stands; None if there is none."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        line = getattr(frame.f_locals.get("self"), "_sock", None)
        if isinstance(line, socket.socket):
            return line
        frame = frame.f_back
    return None
