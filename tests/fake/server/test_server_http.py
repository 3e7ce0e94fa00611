"""HTTP itself: connections that stay, bodies in chunks, methods, browsers, no noise."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from typing import Any

import pytest

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from tests.support.callers import ASK, CHAT, STREAM, connect, get, request


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer("a b") as running:
        yield running


def raw(server: FakeServer, data: bytes) -> bytes:
    """Everything that a bare socket gets for these bytes, until the server hangs up."""
    host, port = server.url[7:-3].split(":")
    with socket.create_connection((host, int(port)), timeout=20) as caller:
        caller.sendall(data)
        return b"".join(iter(lambda: caller.recv(4096), b""))


def head(path: str = CHAT, method: str = "POST", *more: str) -> bytes:
    lines = [f"{method} /v1{path} HTTP/1.1", "Host: x", "Authorization: Bearer offline"]
    return "\r\n".join([*lines, *more, "", ""]).encode()


@pytest.mark.parametrize("body", [ASK, STREAM, {}, {"model": "m", "messages": []}])
def test_a_connection_carries_one_answer_after_the_other(
    server: FakeServer, body: Any
) -> None:
    with closing(connect(server)) as connection:
        sockets = set()
        for _ in range(3):
            response = request(connection, body)
            assert response.headers["Connection"] is None
            response.read()
            sockets.add(id(connection.sock))
    assert sockets != {id(None)}
    assert len(sockets) == 1


def test_a_caller_who_wants_one_answer_gets_one(server: FakeServer) -> None:
    body = json.dumps(ASK).encode()
    size = f"Content-Length: {len(body)}"
    assert b'"content":"a b"' in raw(
        server, head(CHAT, "POST", size, "Connection: close") + body
    )


def test_the_async_client_for_python_gets_a_new_connection_each_time(
    server: FakeServer,
) -> None:
    with closing(connect(server)) as connection:
        response = request(connection, **{"x-stainless-async": "async:asyncio"})
        assert response.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "reply",
    [Reply("a b", drop_after=1), Reply("a b", truncate_after=1)],
    ids=["drop", "truncate"],
)
def test_a_broken_answer_is_the_last_on_its_connection(reply: Reply) -> None:
    with FakeServer(reply) as server:
        body = json.dumps(STREAM).encode()
        with suppress(ConnectionResetError):
            got = raw(server, head(CHAT, "POST", f"Content-Length: {len(body)}") + body)
            assert not got.endswith(b"0\r\n\r\n")


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[n : n + size] for n in range(0, len(body), size)]
    chunks = [b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in parts]
    return b"".join(chunks) + b"0\r\nX-Trailer: a\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_body_may_come_in_chunks(server: FakeServer, size: int) -> None:
    body = json.dumps(ASK).encode()
    asked = head(CHAT, "POST", "Transfer-Encoding: chunked", "Connection: close")
    got = raw(server, asked + chunked(body, size))
    assert got.startswith(b"HTTP/1.1 200")
    assert b'"content":"a b"' in got


def test_two_bodies_in_chunks_share_a_connection(server: FakeServer) -> None:
    with closing(connect(server)) as connection:
        for _ in range(2):
            headers = {"Authorization": "Bearer offline"}
            parts = iter([json.dumps(ASK).encode()])
            connection.request("POST", f"/v1{CHAT}", parts, headers)
            assert json.loads(connection.getresponse().read())["object"]


def test_a_chunk_of_no_size_is_refused(server: FakeServer) -> None:
    got = raw(server, head(CHAT, "POST", "Transfer-Encoding: chunked") + b"soon\r\n")
    assert got.startswith(b"HTTP/1.1 400")


METHODS = ["PUT", "DELETE", "PATCH", "TRACE", "BREW"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("path", "status"), [(CHAT, 405), ("/models", 405), ("/nowhere", 404)]
)
def test_another_method_is_refused_for_good(
    server: FakeServer, method: str, path: str, status: int
) -> None:
    got, body = get(server, path=path, method=method)
    assert got == (status if method in METHODS[:3] else 405)
    assert set(body["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (CHAT, "POST, OPTIONS"),
        ("/responses", "POST, OPTIONS"),
        ("/models", "GET, HEAD, OPTIONS"),
        ("/models/fake?a=b", "GET, HEAD, OPTIONS"),
        ("/responses/resp_1", "GET, HEAD, DELETE, OPTIONS"),
        ("/responses/resp_1/input_items", "GET, HEAD, OPTIONS"),
    ],
)
def test_who_is_refused_a_method_is_told_those_there_are(
    server: FakeServer, method: str, path: str, allowed: str
) -> None:
    with closing(connect(server)) as connection:
        response = request(connection, path=path, method=method)
        if response.status == 405:
            assert response.headers["Allow"] == allowed
        else:
            assert method in allowed


@pytest.mark.parametrize(
    ("path", "status"), [(CHAT, 405), ("/models", 200), ("/nowhere", 404)]
)
def test_a_head_has_no_body(server: FakeServer, path: str, status: int) -> None:
    with closing(connect(server)) as connection:
        for _ in range(2):
            response = request(connection, b"", path, method="HEAD")
            assert response.status == status
            assert int(response.headers["Content-Length"]) > 0
            assert response.read() == b""


@pytest.mark.parametrize("path", [CHAT, "/responses", "/models", "/nowhere"])
def test_a_page_of_any_site_may_ask(server: FakeServer, path: str) -> None:
    with closing(connect(server)) as connection:
        asked = {"Origin": "https://a.example", "Access-Control-Request-Headers": "x-a"}
        response = request(connection, b"", path, method="OPTIONS", key="", **asked)
        assert (response.status, response.read()) == (204, b"")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Access-Control-Allow-Headers"] == "x-a"
        assert "POST" in response.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("body", [ASK, STREAM, {}])
def test_every_answer_may_be_read_by_a_page(server: FakeServer, body: Any) -> None:
    with closing(connect(server)) as connection:
        response = request(connection, body)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        response.read()


# Leaving is no error, and the log tells the truth.


def leave_after_connecting(connection: HTTPConnection) -> None:
    connection.connect()


def leave_in_the_head(connection: HTTPConnection) -> None:
    connection.connect()
    connection.sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost")


def leave_in_the_body(connection: HTTPConnection) -> None:
    connection.connect()
    connection.sock.sendall(head(CHAT, "POST", "Content-Length: 100") + b"{")


def leave_in_the_answer(connection: HTTPConnection) -> None:
    request(connection, STREAM).read(10)


def leave_after_the_answer(connection: HTTPConnection) -> None:
    request(connection, ASK).read()


def leave_with_a_reset(connection: HTTPConnection) -> None:
    request(connection, STREAM).read(10)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" * 2)


LEAVING = [
    leave_after_connecting,
    leave_in_the_head,
    leave_in_the_body,
    leave_in_the_answer,
    leave_after_the_answer,
    leave_with_a_reset,
]


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.parametrize("reply", [Reply("a b"), Reply("a b " * 200, stall_after=100)])
def test_a_reader_who_leaves_makes_no_noise(
    leave: Any, reply: Reply, capfd: pytest.CaptureFixture[str]
) -> None:
    if leave is leave_after_the_answer and reply.stall_after:
        return  # an answer that never ends has no after
    with FakeServer(reply) as server:
        for _ in range(3):
            with closing(connect(server)) as connection:
                leave(connection)
        end = time.monotonic() + 10  # the server may hear of it a little later
        while "running" in {call.outcome for call in server.log}:
            assert time.monotonic() < end
            time.sleep(0.001)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def boom(messages: Any) -> str:
    raise RuntimeError("boom")


def test_a_reply_that_raises_is_told_and_logged_as_failed() -> None:
    with FakeServer([boom, "Fine."]) as server:
        status, body = get(server)
        assert get(server)[0] == 200
        assert [call.outcome for call in server.log] == ["failed", "finished"]
    assert (status, body["error"]["message"]) == (500, "RuntimeError: boom")


@pytest.mark.parametrize("stream", [True, False])
def test_a_reader_who_left_while_the_reply_was_made_is_logged(stream: bool) -> None:
    asked, left = threading.Event(), threading.Event()

    def slow(messages: Any) -> str:
        asked.set()
        left.wait(20)
        return "a b"

    with FakeServer(slow) as server:
        with closing(connect(server)) as connection:
            body = json.dumps(ASK | {"stream": stream})
            headers = {"Authorization": "Bearer offline"}
            connection.request("POST", f"/v1{CHAT}", body, headers)
            assert asked.wait(20)
        left.set()
        assert server.log[0].outcome == "closed by reader"
        assert server.log[0].tokens_sent == 0
