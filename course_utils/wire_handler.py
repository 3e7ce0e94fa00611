"""One HTTP request to the fake server: read it, find its reply, have it played.

ThreadingHTTPServer(("127.0.0.1", 0), Handler)
"""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from course_utils.clock import Clock
from course_utils.replies import Reply
from course_utils.script import Call, Script
from course_utils.wire_api import Api, Shared, encode
from course_utils.wire_connection import Connection
from course_utils.wire_errors import Refused, without_exception
from course_utils.wire_player import JSON, Player
from course_utils.wire_routes import check_key, route

LARGEST_BODY = 64_000_000


class Playhouse(ThreadingHTTPServer):
    """What a handler needs to know of its server."""

    script: Script
    key: str
    clock: Clock
    shared: Shared
    stopping: bool


class Handler(BaseHTTPRequestHandler):
    """One request, whatever its method and path."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a token is sent when it is due, however small
    server: Playhouse

    def do_GET(self) -> None:
        """Answer a request."""
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  # its names
    do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def _answer(self) -> None:
        self.close_connection = True
        chunks = self.request_version != "HTTP/1.0"
        self._wire = Connection(self.connection, chunks=chunks)
        try:
            body = self._body()  # even for a refusal: unread data would reset it
            check_key(self.headers["Authorization"], self.server.key)
            answer = route(self.command, self.path, body, self.server.shared)
            if isinstance(answer, Api):
                self._converse(answer)
            else:
                self._send(200, answer)
        except Refused as refused:
            self._send(refused.status, {"error": refused.error}, refused.headers)
        except ConnectionError:
            pass  # the reader has left; the log says so

    def _body(self) -> bytes:
        length = self.headers["Content-Length"] or "0"
        if not length.isdecimal():
            raise Refused(400, f"Content-Length is a number, got {length!r}.")
        if int(length) > LARGEST_BODY:
            raise Refused(413, f"The body is too large: {length} bytes.")
        return self.rfile.read(int(length))

    def _converse(self, api: Api) -> None:
        reply, call = self._reply(api)
        steps = self.server.script.play(reply, call)
        try:
            Player(self._wire, api, reply, self.server.clock).play(steps)
        except ConnectionError:
            steps.close()
            if self.server.stopping:
                call.outcome = "stopped"
            raise

    def _reply(self, api: Api) -> tuple[Reply, Call]:
        retries = self.headers["x-stainless-retry-count"] or "0"
        attempt = int(retries) + 1 if retries.isdecimal() else 1
        try:
            reply, call = self.server.script.next(api.request, attempt)
        except Exception as error:  # who wrote the replies reads it at the caller
            raise Refused(500, str(error), kind="server_error") from error
        return api.suited(without_exception(reply)), call

    def _send(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        data = encode(body).encode(errors="replace")
        self._wire.head(status, JSON | (headers or {}), len(data))
        self._wire.send(data)

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Say errors of HTTP itself as JSON too."""
        self.close_connection = True
        self._wire = Connection(self.connection)
        text = message or HTTPStatus(code).phrase
        self._send(code, {"error": Refused(code, text).error})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
        """Keep quiet: `FakeServer.log` is the log."""
