"""Many readers of one server at once, who note how late each token came.

Bare sockets: a client's own work would be measured, too.

    read(port, "plain", streams=60, tokens=60).p(0.99)
"""

import re
import selectors
import socket
import time
from dataclasses import dataclass, field

GAP = 0.05  # seconds from token to token
DUE = re.compile(rb"(\d+\.\d{4}) ")


@dataclass
class Reading:
    """What a reader of many streams saw."""

    late: list[float]  # milliseconds, sorted
    whole: int  # streams that had all their tokens

    def p(self, share: float) -> float:
        """The lateness that this share of the tokens does not exceed."""
        last = len(self.late) - 1
        return self.late[min(last, int(len(self.late) * share))] if self.late else 1e9


@dataclass
class Stream:
    """One open stream, and what has come of it."""

    connection: socket.socket
    parts: list[tuple[float, bytes]] = field(default_factory=list)

    def read(self) -> bool:
        """Take what is there; False if that was the end."""
        data = self.connection.recv(1 << 18)
        self.parts.append((time.monotonic(), data))
        return bool(data) and not data.endswith(b"0\r\n\r\n")

    def late(self) -> list[float]:
        """How late each token was, in milliseconds."""
        due = {}
        for at, data in self.parts:
            for moment in DUE.findall(data):
                due.setdefault(moment, at)
        return [1e3 * (at - float(moment)) for moment, at in due.items()]


def request(way: str, tokens: int, number: int) -> bytes:
    """The bytes of a question; each for another answer."""
    if not way.startswith("app"):
        return f"GET /{way}?tokens={tokens} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    body = f'{{"text": "{tokens} tokens, number {number} of {time.monotonic()}"}}'
    head = f"POST /{way}/chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def read(port: int, way: str, streams: int, tokens: int, a_second: int = 60) -> Reading:
    """Read so many streams, of which so many begin a second."""
    selector = selectors.DefaultSelector()
    found: list[Stream] = []
    began, open_now = time.monotonic(), 0
    limit = began + streams / a_second + tokens * GAP + 20
    while (len(found) < streams or open_now) and time.monotonic() < limit:
        while (
            len(found) < streams and time.monotonic() - began >= len(found) / a_second
        ):
            connection = socket.create_connection(("127.0.0.1", port), 10)
            connection.sendall(request(way, tokens, len(found)))
            found.append(Stream(connection))
            selector.register(connection, selectors.EVENT_READ, found[-1])
            open_now += 1
        for key, _ in selector.select(0.005):
            if not key.data.read():
                selector.unregister(key.fileobj)
                open_now -= 1
    for stream in found:
        stream.connection.close()
    all_late = [stream.late() for stream in found]
    whole = sum(len(late) == tokens for late in all_late)
    return Reading(sorted(one for late in all_late for one in late), whole)
