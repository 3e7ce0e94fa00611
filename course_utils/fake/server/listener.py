"""The socket that listens, and one thread for each connection: read, answer, again.

Nothing here polls. To stop, the listener is woken by a connection of its own, and each
answer by the end of its connection.

    listener = Listener(0, script, "offline", clock, Shared()); listener.close()
"""

import contextlib
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from course_utils.clock import Clock
from course_utils.fake.reply import Reply
from course_utils.fake.schema.parts import Unanswerable
from course_utils.fake.script import Call, Script
from course_utils.fake.server.api import Api, Shared, encode
from course_utils.fake.server.connection import Connection, ReaderLeft, has_left
from course_utils.fake.server.errors import Refused, without_exception
from course_utils.fake.server.player import CORS, JSON, Player
from course_utils.fake.server.routes import allow, check_key, route

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 64_000_000
IDLE = 60.0  # seconds until a connection that asks nothing more is closed
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Max-Age": "600",
}


class Listener(ThreadingHTTPServer):
    """Listens on 127.0.0.1 from the moment it is made until `close`."""

    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port
    request_queue_size = 512

    def __init__(
        self, port: int, script: Script, key: str, clock: Clock, shared: Shared
    ) -> None:
        self.script, self.key, self.clock, self.shared = script, key, clock, shared
        self.stopping = False
        self._answers: dict[threading.Thread, socket.socket] = {}
        self._starting = threading.Lock()  # a thread that has not begun has no end
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
        with self._starting:
            self._answers[thread] = request
            thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, then be forgotten."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._answers.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader who leaves is no error; anything else is told as ever."""
        if not (self.stopping or isinstance(sys.exception(), ConnectionError)):
            super().handle_error(request, client_address)

    def settle(self) -> None:
        """Wait until the answers whose reader has left have noted it."""
        for thread, sock in self._under_way():
            if has_left(sock):
                _join(thread)

    def _under_way(self) -> list[tuple[threading.Thread, socket.socket]]:
        with self._starting:
            return list(self._answers.items())

    def close(self) -> None:
        """Stop listening, hang up on every reader, and see all threads end."""
        self.stopping = True
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, self.server_port)).close()
        _join(self._thread)
        self.server_close()
        for thread, sock in self._under_way():
            with contextlib.suppress(OSError):  # it may have gone already
                sock.shutdown(socket.SHUT_RDWR)
            _join(thread)


def _join(thread: threading.Thread) -> None:
    # A forgotten server is closed by whichever thread the garbage collector runs in.
    if thread is not threading.current_thread():
        thread.join(timeout=2)


class Handler(BaseHTTPRequestHandler):
    """The requests of one connection, whatever their method and path."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a token is sent when it is due, however small
    server: Listener

    def handle_one_request(self) -> None:
        """Answer one request; one that does not come in time ends the connection."""
        self.connection.settimeout(IDLE)
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answer a request."""
        self.connection.settimeout(None)
        self._wire = self._connection()
        try:
            body = self._body()  # even for a refusal: unread data would reset it
            self._answer(body)
        except Refused as refused:
            self._send(refused.status, {"error": refused.error}, refused.headers)
        except ConnectionError:
            self._wire.hang_up()  # the reader has left; the log says so
        self.close_connection = not self._wire.stays

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  # its names
    do_HEAD = do_GET  # noqa: N815

    def do_OPTIONS(self) -> None:
        """Tell a browser that its page may ask, whatever headers it sends."""
        self._wire = self._connection()
        wanted = self.headers["Access-Control-Request-Headers"] or "*"
        self._wire.head(
            204, CORS | PREFLIGHT | {"Access-Control-Allow-Headers": wanted}
        )
        self.close_connection = not self._wire.stays

    def _connection(self) -> Connection:
        old = self.request_version == "HTTP/1.0"
        # OpenAI's async client for Python keeps its connections from one event loop to
        # the next, where they are dead, so it gets no chance to keep one.
        loops = "async:asyncio" in (self.headers["x-stainless-async"] or "")
        return Connection(
            self.connection,
            chunks=not old,
            stays=not (self.close_connection or old or loops),
            bodiless=self.command == "HEAD",
        )

    def _answer(self, body: bytes) -> None:
        check_key(self.headers["Authorization"], self.server.key)
        answer = route(self.command, self.path, body, self.server.shared)
        if isinstance(answer, Api):
            self._converse(answer)
        else:
            self._send(200, answer)

    def _body(self) -> bytes:
        if "chunked" in (self.headers["Transfer-Encoding"] or "").lower():
            return self._chunks()
        length = self.headers["Content-Length"] or "0"
        if not length.isdecimal():
            self._wire.hang_up()
            raise Refused(400, f"Content-Length is a number, got {length!r}.")
        return self._read(int(length))

    def _chunks(self) -> bytes:
        """A body sent in chunks, each after a line with its size."""
        body = b""
        while size := self._size_of_chunk():
            body += self._read(size, so_far=len(body))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers say nothing that is needed here
        return body

    def _size_of_chunk(self) -> int:
        line = self.rfile.readline().partition(b";")[0].strip()
        try:
            return int(line, 16)
        except ValueError:
            self._wire.hang_up()
            said = f"The size of a chunk is a number, got {line!r}."
            raise Refused(400, said) from None

    def _read(self, size: int, so_far: int = 0) -> bytes:
        if size + so_far > LARGEST_BODY:
            self._wire.hang_up()
            raise Refused(413, f"The body is too large: {size + so_far} bytes.")
        data = self.rfile.read(size)
        if len(data) < size:
            raise ReaderLeft("The caller left in the middle of its request.")
        return data

    def _converse(self, api: Api) -> None:
        reply, call = self._reply(api)
        steps = self.server.script.play(reply, call)
        try:
            self._wire.check()  # making up the reply may have taken a while
            Player(self._wire, api, reply, self.server.clock).play(steps)
        except ConnectionError:
            steps.close()
            if self.server.stopping:
                call.outcome = "stopped"
            elif call.outcome == "running":  # not a step of it was played
                call.outcome = "closed by reader"
            raise

    def _reply(self, api: Api) -> tuple[Reply, Call]:
        retries = self.headers["x-stainless-retry-count"] or "0"
        attempt = int(retries) + 1 if retries.isdecimal() else 1
        try:
            reply, call = self.server.script.next(api.request, attempt)
        except Unanswerable as error:
            raise Refused(400, str(error), code="invalid_schema") from error
        except Exception as error:  # who wrote the replies reads it at the caller
            message = f"{type(error).__name__}: {error}"
            raise Refused(500, message, kind="server_error") from error
        return api.suited(without_exception(reply)), call

    def _send(
        self,
        status: int,
        body: dict[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        data = encode(body).encode(errors="backslashreplace")
        with contextlib.suppress(ConnectionError):  # the reader need not wait for it
            self._wire.head(status, {**JSON, **(headers or {})}, len(data))
            self._wire.send(data)

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Say errors of HTTP itself as JSON too."""
        self.close_connection = True
        self._wire = Connection(self.connection)
        # A status of 500 and more would be retried, and a method is no matter of luck.
        status = 405 if code == HTTPStatus.NOT_IMPLEMENTED else code
        text = message or HTTPStatus(status).phrase
        allowed = allow(self.path) if status == HTTPStatus.METHOD_NOT_ALLOWED else ""
        refused = Refused(status, text, allow=allowed)
        self._send(status, {"error": refused.error}, refused.headers)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
        """Keep quiet: `FakeServer.log` is the log."""
