"""Hang up for another thread, which waits on a socket and cannot be told to stop.

A generator that runs in another thread can't be closed from outside, and Python has no
way to interrupt a read. So this looks into the thread's frames for the one of the HTTP
client that reads, which keeps its socket as `self._sock`, and shuts that down.

Tried with httpcore 1.0 (httpx 0.28) and httpcore2 2.0; Python 3.11 to 3.13. A test
says so when a client keeps its socket elsewhere; the wait then ends at its timeout.

    hang_up(thread)
"""

import socket
import sys
import threading
from contextlib import suppress


def hang_up(thread: threading.Thread) -> None:
    """Shut the socket that the thread waits on, if it waits on one."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        line = getattr(frame.f_locals.get("self"), "_sock", None)
        if isinstance(line, socket.socket):
            with suppress(OSError):  # it may be closed already
                line.shutdown(socket.SHUT_RDWR)
            return
        frame = frame.f_back
