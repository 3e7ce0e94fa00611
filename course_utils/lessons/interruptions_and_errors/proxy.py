"""A proxy that speaks HTTP/1.0 or HTTP/1.1 to the server behind it.

In HTTP/1.0 a body may end where its connection ends: a break looks like an end.

    with Proxy(server.url, http="1.0") as proxy: ...
"""

import socket
import threading
from http.client import HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import urlsplit


class Proxy:
    """A server on 127.0.0.1 that passes requests on to another one.

    Args:
        url: The other server's.
        http: The version that it is spoken to in.
    """

    def __init__(self, url: str, http: Literal["1.0", "1.1"] = "1.0") -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Passing)
        self._server.daemon_threads = True
        place = urlsplit(url)
        self._server.behind = (place.hostname, place.port)  # type: ignore[attr-defined]
        self._server.http = http  # type: ignore[attr-defined]
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
        with socket.create_connection(self.server.behind) as behind:
            behind.sendall(self._head() + body)
            answer = HTTPResponse(behind, method="POST")
            answer.begin()
            self._begin(answer)
            if self._pass_on(answer):
                self.wfile.write(b"0\r\n\r\n")  # the tidy end
        self.close_connection = True

    def _head(self) -> bytes:
        passed = ("Host", "Authorization", "Content-Type", "Content-Length")
        lines = [f"POST {self.path} HTTP/{self.server.http}", "Connection: close"]
        lines += [f"{name}: {self.headers[name]}" for name in passed]
        return "\r\n".join([*lines, "", ""]).encode()

    def _begin(self, answer: HTTPResponse) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", str(answer.getheader("Content-Type")))
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()

    def _pass_on(self, answer: HTTPResponse) -> bool:
        """Pass the body on; whether it came to its end, as far as HTTP can tell."""
        try:
            while part := answer.read1():
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        except (HTTPException, OSError):
            return False
        return True

    def log_message(self, *args: Any) -> None:
        """A lesson's output is the learner's: say nothing."""
