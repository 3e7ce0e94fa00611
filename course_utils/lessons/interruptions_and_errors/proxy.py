"""A proxy of the usual kind: it passes on what it gets, and ends in good order.

with Proxy(server.url) as proxy: ...
"""

import threading
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.request import Request

from course_utils.offline import open_local


class Proxy:
    """A server on 127.0.0.1 that passes requests on to another one."""

    def __init__(self, url: str) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Passing)
        self._server.daemon_threads = True
        self._server.upstream = url.removesuffix("/v1")  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        request = Request(self.server.upstream + self.path, body, asked)
        with open_local(request) as answer:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Connection", "close")
            self.end_headers()
            self._pass_on(answer)
        self.wfile.write(b"0\r\n\r\n")  # the tidy end, whatever came before
        self.close_connection = True

    def _pass_on(self, answer: Any) -> None:
        try:
            while part := answer.read1():
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        except (HTTPException, OSError):
            return  # the other side broke off: there is no more to pass on

    def log_message(self, *args: Any) -> None:
        """A lesson's output is the learner's: say nothing."""
