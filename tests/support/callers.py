"""Callers of the fake server: a bare HTTP client, and the real ChatOpenAI."""

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from langchain_openai import ChatOpenAI

from course_utils.fake.server import FakeServer

ASK: dict[str, Any] = {
    "model": "fake",
    "messages": [{"role": "user", "content": "Hi"}],
}
STREAM = ASK | {"stream": True}
CHAT = "/chat/completions"


def connect(server: FakeServer) -> HTTPConnection:
    host = server.url.removeprefix("http://").removesuffix("/v1")
    return HTTPConnection(host, timeout=30)


def request(
    connection: HTTPConnection,
    body: Any = ASK,
    path: str = CHAT,
    *,
    method: str = "POST",
    key: str = "offline",
    **headers: str,
) -> HTTPResponse:
    data = body if isinstance(body, bytes) else json.dumps(body)
    sent = {"Authorization": f"Bearer {key}"} | headers
    connection.request(method, f"/v1{path}", data, sent)
    return connection.getresponse()


def get(server: FakeServer, *args: Any, **options: Any) -> tuple[int, Any]:
    """The status and the JSON body of one request."""
    with closing(connect(server)) as connection:
        response = request(connection, *args, **options)
        return response.status, json.loads(response.read())


def events(server: FakeServer, body: Any = STREAM, path: str = CHAT) -> list[Any]:
    """The JSON of every event of one stream."""
    with closing(connect(server)) as connection:
        text = request(connection, body, path).read().decode()
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def chat(server: FakeServer, key: str = "offline", **options: Any) -> ChatOpenAI:
    """The real ChatOpenAI, against this server."""
    given: dict[str, Any] = {"model": "fake", "api_key": key, "stream_usage": True}
    return ChatOpenAI(base_url=server.url, **given | options)
