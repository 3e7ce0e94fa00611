"""The socket that listens, and the threads that answer: started and stopped at once.

Nothing here polls. To stop, the listener is woken by a connection of its own, and each
answer by the end of its connection.

    listener = Listener(0, script, "offline", clock); listener.close()
"""

import contextlib
import os
import socket
import socketserver
import threading
from typing import Any

from course_utils.clock import Clock
from course_utils.script import Script
from course_utils.wire_api import Shared
from course_utils.wire_connection import has_left
from course_utils.wire_handler import Handler, Playhouse

LOOPBACK = "127.0.0.1"


class Listener(Playhouse):
    """Listens on 127.0.0.1 from the moment it is made until `close`."""

    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port
    request_queue_size = 512

    def __init__(
        self, port: int, script: Script, key: str, clock: Clock, shared: Shared
    ) -> None:
        self.script, self.key, self.clock, self.shared = script, key, clock, shared
        self.stopping = False
        self._answers: dict[threading.Thread, socket.socket] = {}
        super().__init__((LOOPBACK, port), Handler)
        self._thread = threading.Thread(
            target=self._listen, name=f"fake server {self.server_port}", daemon=True
        )
        self._thread.start()

    def server_bind(self) -> None:
        """Bind, without the slow look-up of a host name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.socket.getsockname()[1]

    def _listen(self) -> None:
        while not self.stopping:
            self.handle_request()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Hang up on the connection that only wakes the listener."""
        return not self.stopping

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, which `close` can find."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"fake answer {self.server_port}",
            daemon=True,
        )
        self._answers[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, then be forgotten."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._answers.pop(threading.current_thread(), None)

    def settle(self) -> None:
        """Wait until the answers whose reader has left have noted it."""
        for thread, sock in list(self._answers.items()):
            if has_left(sock):
                _join(thread)

    def close(self) -> None:
        """Stop listening, hang up on every reader, and see all threads end."""
        self.stopping = True
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, self.server_port)).close()
        _join(self._thread)
        self.server_close()
        for thread, sock in list(self._answers.items()):
            with contextlib.suppress(OSError):  # it may have gone already
                sock.shutdown(socket.SHUT_RDWR)
            _join(thread)


def _join(thread: threading.Thread) -> None:
    # A forgotten server is closed by whichever thread the garbage collector runs in.
    if thread is not threading.current_thread():
        thread.join(timeout=2)
