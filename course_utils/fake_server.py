"""A server on your own machine that speaks OpenAI's API and breaks on demand.

It plays the same scripted replies as the in-process model, over real HTTP: whatever can
go wrong on a wire, a reset, a stall, a silent cut, is one keyword of a `Reply`.

    with FakeServer(replies=["Hello.", Reply("a b c", cut_after=2)]) as server:
        model = ChatOpenAI(model="fake", base_url=server.url, api_key="offline")
"""

import argparse
import contextlib
import json
import os
import socket
import socketserver
import threading
import uuid
import weakref
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from typing import Any, Self

from course_utils.clock import Clock, course_clock
from course_utils.latency import Latency, preset
from course_utils.replies import Reply, Step
from course_utils.script import Call, Replies, Script
from course_utils.wire_api import Api
from course_utils.wire_chat import ChatCompletions
from course_utils.wire_connection import Connection, has_left
from course_utils.wire_errors import Refused, refusal, without_exception

APIS: dict[str, type[Api]] = {api.path: api for api in (ChatCompletions,)}
LOOPBACK = "127.0.0.1"
LARGEST_BODY = 32_000_000
BREAKS = ("reset", "drop", "truncate")


class FakeServer:
    """A scripted OpenAI-compatible server on 127.0.0.1, offline and for free.

    >>> with FakeServer("Hello.") as server:
    ...     server.url.endswith("/v1")
    True

    Args:
        replies: Text, a `Reply`, an exception, a function of the messages, or a list
            of these, consumed in turn and then from the start again. Without replies
            the server gives a sensible answer to any prompt, always the same.
        key: The API key that every request must carry.
        preset: Timing named `fast`, `frontier`, `reasoning` or `overloaded`.
        first_token: Seconds before the first token.
        per_token: Seconds before each later token.
        seed: Draws other waits and faults.
        fault_rate: Share of replies that break, as on a bad day.
        clock: What waits; a `VirtualClock` does not really wait.
        port: A fixed port; 0 takes a free one at each start.

    Use it in a `with`, or `start()` it and `stop()` it. Both may be repeated. A server
    that nothing refers to any more stops by itself.
    """

    def __init__(
        self,
        replies: Replies | None = None,
        *,
        key: str = "offline",
        preset: str | None = None,
        first_token: float = 0.0,
        per_token: float = 0.0,
        seed: str = "",
        fault_rate: float = 0.0,
        clock: Clock = course_clock,
        port: int = 0,
    ) -> None:
        if not isinstance(key, str) or not key:
            raise ValueError(
                f"FakeServer(key=...) is a text that callers send, got {key!r}: "
                'leave it out, then it is "offline".'
            )
        latency = _latency(preset, first_token, per_token)
        self._script = Script(replies, latency, seed, fault_rate)
        self._key, self._clock, self._port = key, clock, port
        self._listener: _Listener | None = None

    @property
    def url(self) -> str:
        """The base URL, for ChatOpenAI's `base_url`."""
        if self._listener is None:
            raise RuntimeError(
                "server.url needs a running server, and this one is stopped: "
                "use it inside `with FakeServer() as server:`, or server.start() it."
            )
        return f"http://{LOOPBACK}:{self._listener.server_port}/v1"

    @property
    def log(self) -> list[Call]:
        """Every request that was answered, with what became of it."""
        if self._listener is not None:
            self._listener.settle()
        return self._script.log

    def start(self) -> Self:
        """Listen and answer, in threads of this process, until `stop()`."""
        if self._listener is None:
            _stop_earlier(self._port)
            self._listener = _Listener(self._port, self._script, self._key, self._clock)
            self._stop = weakref.finalize(self, self._listener.close)
            if self._port:
                _ON_PORT[self._port] = self
        return self

    def stop(self) -> None:
        """Hang up on everyone and give the port back."""
        if self._listener is not None:
            self._listener = None
            self._stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"FakeServer({self.url if self._listener else 'stopped'})"


# A cell that starts a server on a fixed port runs again while the first one lives.
_ON_PORT: weakref.WeakValueDictionary[int, FakeServer] = weakref.WeakValueDictionary()


def _stop_earlier(port: int) -> None:
    if (earlier := _ON_PORT.pop(port, None)) is not None:
        earlier.stop()


def _latency(name: str | None, first_token: float, per_token: float) -> Latency:
    return preset(name) if name is not None else Latency(first_token, per_token)


class _Listener(ThreadingHTTPServer):
    """The socket that listens, and the threads that answer."""

    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port
    request_queue_size = 512

    def __init__(self, port: int, script: Script, key: str, clock: Clock) -> None:
        self.script, self.key, self.clock = script, key, clock
        self.stopping = False
        self._open: dict[threading.Thread, socket.socket] = {}
        super().__init__((LOOPBACK, port), _Answer)
        self._thread = threading.Thread(
            target=self._accept, name=f"fake server {self.server_port}", daemon=True
        )
        self._thread.start()

    def server_bind(self) -> None:
        """Bind, without the slow look-up of a host name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # IPv4

    def _accept(self) -> None:
        while not self.stopping:
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, which `close` can find."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            daemon=True,
        )
        self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one request, then forget it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(threading.current_thread(), None)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse the connection that only wakes `_accept`."""
        return not self.stopping

    def settle(self) -> None:
        """Let the threads whose readers have left note it in the log."""
        for thread, sock in list(self._open.items()):
            if has_left(sock):
                _join(thread)

    def close(self) -> None:
        """Stop listening, hang up on everyone, wait for all threads to end."""
        self.stopping = True
        with socket.create_connection(self.server_address[:2]):  # type: ignore[arg-type]
            _join(self._thread)
        self.server_close()
        for thread, sock in list(self._open.items()):
            _hang_up(sock)
            _join(thread)


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have gone already
        sock.shutdown(socket.SHUT_RDWR)


def _join(thread: threading.Thread) -> None:
    if thread is not threading.current_thread():
        thread.join(timeout=1)


class _Answer(BaseHTTPRequestHandler):
    """One request: read it, find its reply, play the reply's steps."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:
        """Answer what is asked without a body: the models."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer a request to a model."""
        self._answer("POST")

    def _answer(self, method: str) -> None:
        self.close_connection = True
        try:
            self._check_key()
            if method == "GET":
                self._send_json(200, models(self.path))
            else:
                self._converse(self._api())
        except Refused as refused:
            body = {"error": refused.error}
            self._send_json(refused.status, body, refused.headers)
        except ConnectionError:
            pass  # the reader has left; the log says so

    def _check_key(self) -> None:
        given = (self.headers["Authorization"] or "").removeprefix("Bearer ").strip()
        if not given:
            raise Refused(
                401, "You didn't provide an API key: send Authorization: Bearer KEY."
            )
        if given != self.server.key:
            raise Refused(
                401,
                f"Incorrect API key provided: {given[:4]}***. "
                "Use the key that FakeServer(key=...) was given.",
                code="invalid_api_key",
            )

    def _api(self) -> Api:
        path = self.path.partition("?")[0]
        if path.startswith("/v1/models"):
            raise not_allowed("POST", path)
        if path not in APIS:
            raise Refused(404, f"Invalid URL (POST {path})")
        return APIS[path](self._body())

    def _body(self) -> dict[str, Any]:
        length = self.headers["Content-Length"] or "0"
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            raise Refused(413, f"The body is too large: Content-Length {length}.")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused(
                400,
                "We could not parse the JSON body of your request: the API expects "
                "a JSON object.",
            )
        return body

    def _converse(self, api: Api) -> None:
        attempt = int(self.headers["x-stainless-retry-count"] or 0) + 1
        reply, call = self._next(api, attempt)
        steps = self.server.script.play(reply, call)
        try:
            if api.streamed:
                self._stream(api, reply, steps)
            else:
                self._whole(api, reply, steps)
        except ConnectionError:
            steps.close()
            if self.server.stopping:
                call.outcome = "stopped"
            raise

    def _next(self, api: Api, attempt: int) -> tuple[Reply, Call]:
        try:
            reply, call = self.server.script.next(api.request, attempt)
        except Exception as error:  # the author of the replies reads it at the caller
            raise Refused(500, str(error), kind="server_error") from error
        return without_exception(reply), call

    def _timed(self, steps: Iterator[Step], wire: Connection) -> Iterator[Step]:
        """Each step when it is due. Deadlines are absolute, so delays don't add up."""
        clock = self.server.clock
        due = clock.now()
        for step in steps:
            if step.wait:
                due += step.wait
                wire.wait(inf if due == inf else clock.real(due - clock.now()))
                clock.sleep_until(due)  # a clock that jumps has not waited yet
            yield step

    def _stream(self, api: Api, reply: Reply, steps: Iterator[Step]) -> None:
        wire = Connection(self.connection, chunked=self._speaks_chunks())
        ended_by = "end"
        for step in self._timed(steps, wire):
            ended_by = step.kind
            if step.kind == "headers":
                self._send_stream_headers()
            elif step.kind == "refuse":
                raise refusal(reply)
            elif frame := api.frame(step):
                wire.send(frame, piecemeal=reply.split_utf8)
        self._end(wire, ended_by)

    def _end(self, wire: Connection, ended_by: str) -> None:
        if ended_by in ("reset", "drop"):
            wire.reset()
        elif ended_by != "truncate":
            wire.end()

    def _whole(self, api: Api, reply: Reply, steps: Iterator[Step]) -> None:
        wire = Connection(self.connection, chunked=False)
        played = list(self._timed(steps, wire))
        ended_by = played[-1].kind
        if ended_by == "refuse":
            raise refusal(reply)
        if ended_by == "error":
            raise refusal(Reply(status=500))
        if ended_by == "reset":
            wire.reset()
            return
        body = encoded(api.whole(played), sum(step.padding for step in played))
        half = body[: len(body) // 2]
        self._send_headers(200, len(half if ended_by == "garble" else body))
        wire.send(half if ended_by in HALVES else body, piecemeal=reply.split_utf8)
        if ended_by == "drop":
            wire.reset()

    def _speaks_chunks(self) -> bool:
        return self.request_version != "HTTP/1.0"

    def _send_stream_headers(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-cache")
        if self._speaks_chunks():
            self.send_header("Transfer-Encoding", "chunked")
        self._end_headers()

    def _send_headers(self, status: int, length: int, **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in more.items():
            self.send_header(name, value)
        self._end_headers()

    def _end_headers(self) -> None:
        # One request per connection: a client's loop that has ended leaves none open.
        self.send_header("Connection", "close")
        self.send_header("x-request-id", f"req_{uuid.uuid4().hex}")
        self.end_headers()

    def _send_json(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        data = encoded(body)
        self._send_headers(status, len(data), **(headers or {}))
        self.wfile.write(data)

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Errors of HTTP itself, as JSON too."""
        text = message or HTTPStatus(code).phrase
        self._send_json(code, {"error": Refused(code, text).error})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
        """Keep quiet: `FakeServer.log` is the log."""


# Without streaming a break is an answer whose body is half there.
HALVES = ("drop", "truncate", "cut", "garble")


def encoded(body: dict[str, Any], padding: int = 0) -> bytes:
    """A JSON body; `padding` adds an ignored field of so many characters."""
    ignored = {"obfuscation": "x" * padding} if padding else {}
    return json.dumps(body | ignored, ensure_ascii=False).encode(errors="replace")


def models(path: str) -> dict[str, Any]:
    """What `/v1/models` answers: one model, that goes by any name."""
    path = path.partition("?")[0]
    if path == "/v1/models":
        return {"object": "list", "data": [_model("fake")]}
    if path.startswith("/v1/models/"):
        return _model(path.removeprefix("/v1/models/"))
    if path in APIS:
        raise not_allowed("GET", path)
    raise Refused(404, f"Invalid URL (GET {path})")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "course"}


def not_allowed(method: str, path: str) -> Refused:
    """The refusal of a method that this path does not have."""
    hint = "Perhaps you meant to use a different HTTP method?"
    return Refused(405, f"Not allowed to {method} on {path}. (HINT: {hint})")


def main() -> None:
    """Serve until Ctrl-C: `python -m course_utils.fake_server`."""
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.fake_server",
        description="An OpenAI-compatible server on this machine, for practice.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", default="offline", help="the key callers must send")
    parser.add_argument("--preset", help="fast, frontier, reasoning or overloaded")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="0.07: a bad day")
    options = parser.parse_args()
    with FakeServer(**vars(options)) as server:
        print(server.url, curl(server.url, options.key), sep="\n\n", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


def curl(url: str, key: str) -> str:
    """A command line that shows a raw stream."""
    body = {
        "model": "fake",
        "stream": True,
        "messages": [{"role": "user", "content": "What is a token?"}],
    }
    return (
        f"curl -N {url}/chat/completions -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    )


if __name__ == "__main__":
    main()
