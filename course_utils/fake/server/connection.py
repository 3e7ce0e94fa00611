"""One reader's connection: send, wait, break, and notice that the reader has left.

A wait watches the socket, so a reader who leaves in a silence of an hour is noticed at
once. The breaks are what networks do: a reset, or a body that ends before its end.

    connection.head(200, {}); connection.wait(0.5); connection.send(b"data: ...")
"""

import contextlib
import os
import select
import socket
import struct
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from math import inf

# Data still under way would be lost to a reset that follows too closely.
BEFORE_RESET = 0.02
# Linger on, for no time at all: the close that follows becomes a reset.
LINGER_NOT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class ReaderLeft(ConnectionError):
    """The other side has closed the connection."""


class Connection:
    """A socket that carries one answer: its head, then its body.

    Args:
        sock: The connection.
        chunks: Whether a body may be sent in chunks; HTTP/1.0 knows none.
        stays: Whether the connection may carry another answer after this one.
        bodiless: Whether only the head is wanted.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        chunks: bool = True,
        stays: bool = False,
        bodiless: bool = False,
    ) -> None:
        self._socket = sock
        self._speaks_chunks = chunks
        self._chunked = False
        self._bodiless = bodiless
        self.stays = stays

    def head(
        self, status: int, headers: Mapping[str, str], length: int | None = None
    ) -> None:
        """Send status and headers. A body of no known length is sent in chunks."""
        empty = status == HTTPStatus.NO_CONTENT
        self._chunked = length is None and self._speaks_chunks and not empty
        size = {} if length is None else {"Content-Length": str(length)}
        if self._chunked:
            size = {"Transfer-Encoding": "chunked"}
        own = {"x-request-id": f"req_{uuid.uuid4().hex}"}
        if not self.stays:
            own["Connection"] = "close"
        lines = [f"{name}: {text}" for name, text in {**headers, **size, **own}.items()]
        first = f"HTTP/1.1 {status} {_phrase(status)}"
        self._socket.sendall("\r\n".join([first, *lines, "", ""]).encode())

    def send(self, data: bytes, *, piecemeal: bool = False) -> None:
        """Send a part of the body; `piecemeal` sends every byte as its own chunk."""
        if self._bodiless:
            return
        if not piecemeal:
            self._socket.sendall(self._chunk(data))
            return
        for number in range(len(data)):
            self._socket.sendall(self._chunk(data[number : number + 1]))

    def _chunk(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def end(self) -> None:
        """End the body tidily."""
        if self._chunked:
            self._socket.sendall(b"0\r\n\r\n")

    def hang_up(self) -> None:
        """Let this answer be the last one on its connection."""
        self.stays = False

    def check(self) -> None:
        """Notice a reader who has left already.

        Raises:
            ReaderLeft: The reader has closed the connection.
        """
        if has_left(self._socket):
            raise ReaderLeft("The reader closed the connection.")

    def reset(self) -> None:
        """Break the connection with a TCP reset, once what was sent has arrived."""
        self.hang_up()
        time.sleep(BEFORE_RESET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self._socket.close()

    def wait(self, seconds: float) -> None:
        """Wait so many real seconds, for ever if they are infinite.

        Raises:
            ReaderLeft: As soon as the reader closes the connection.
        """
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            timeout = None if left == inf else left
            if select.select([self._socket], [], [], timeout)[0]:
                self._read()

    def _read(self) -> None:
        with contextlib.suppress(ConnectionError):
            if self._socket.recv(4096):
                self.hang_up()  # a second request before the answer: it is lost
                return
        raise ReaderLeft("The reader closed the connection.")


def _phrase(status: int) -> str:
    known = status in {known.value for known in HTTPStatus}
    return HTTPStatus(status).phrase if known else "Status"


def has_left(sock: socket.socket) -> bool:
    """Whether the other side of the socket has closed it. Never waits."""
    try:
        if not select.select([sock], [], [], 0)[0]:
            return False
        return not sock.recv(1, socket.MSG_PEEK)
    except (OSError, ValueError):  # reset, or closed on our side
        return True
