"""What the fake server answers to requests, right ones and wrong ones."""

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from course_utils.clock import VirtualClock
from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from tests.support.callers import ASK, CHAT, STREAM, chat, events, get


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server that nobody scripted."""
    with FakeServer() as running:
        yield running


def test_a_server_answers_what_nobody_scripted(server: FakeServer) -> None:
    assert "small scripted model" in str(chat(server).invoke("Why?").text)


def test_the_same_request_twice_gets_two_ids(server: FakeServer) -> None:
    first, second = get(server)[1]["id"], get(server)[1]["id"]
    assert first != second
    assert first.startswith("chatcmpl-")


def test_the_schedule_of_a_reply_is_kept() -> None:
    clock = VirtualClock()
    reply = Reply("a b c", headers_after=1, first_token=2, per_token=0.5)
    with FakeServer(reply, clock=clock) as server:
        events(server)
        assert clock.now() == 4
        get(server)
        assert clock.now() == 8


def test_a_server_has_a_tempo_of_its_own() -> None:
    clock = VirtualClock()
    with FakeServer("a b c", first_token=2, per_token=1, clock=clock) as server:
        events(server)
    assert clock.now() == 4


def test_a_function_answers_the_messages_it_gets() -> None:
    def echo(messages: list[BaseMessage]) -> str:
        return " ".join(f"{m.type}={m.text}" for m in messages)

    talk = [("system", "Be kind."), ("human", "Hi"), ("ai", "Yes?"), ("human", "Bye")]
    said = "system=Be kind. human=Hi ai=Yes? human=Bye"
    with FakeServer(echo) as server:
        assert chat(server).invoke(talk).text == said
        assert chat(server, use_responses_api=True).invoke(talk).text == said


def test_replies_that_are_none_are_told_to_the_caller() -> None:
    with FakeServer(lambda messages: 3) as server:  # type: ignore[arg-type]  # on purpose
        status, body = get(server)
    assert status == 500
    assert "A reply is text" in body["error"]["message"]


def test_usage_is_streamed_only_when_asked_for() -> None:
    with FakeServer("a b") as server:
        plain = events(server)
        asked = events(server, STREAM | {"stream_options": {"include_usage": True}})
    assert all("usage" not in event for event in plain)
    assert [event["usage"] for event in asked[:-1]] == [None] * (len(asked) - 1)
    assert asked[-1]["choices"] == []
    assert asked[-1]["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize("path", [CHAT, "/responses"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_limit_of_tokens_is_kept(path: str, stream: bool) -> None:
    limit = "max_output_tokens" if path == "/responses" else "max_tokens"
    body = ASK | {"input": "Hi", limit: 2, "stream": stream}
    with FakeServer("a b c") as server:
        answer = json.dumps(
            events(server, body, path) if stream else get(server, body, path)[1]
        )
        assert server.log[0].tokens_sent == 2
    assert ("max_output_tokens" if path == "/responses" else "length") in answer
    assert " c" not in answer


@pytest.mark.parametrize("stop", ["c", ["x", "c"]])
def test_stop_sequences_end_the_answer(stop: Any) -> None:
    with FakeServer("a b c d") as server:
        body = get(server, ASK | {"stop": stop})[1]
    assert body["choices"][0]["message"]["content"] == "a b "


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_an_answer_follows_the_schema_it_is_given(api: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    with FakeServer() as server:
        model = chat(server, use_responses_api=api == "responses")
        shaped = model.with_structured_output(schema | {"title": "N"}, strict=False)
        assert shaped.invoke("Count to 7.") == {"n": 7}


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("auto", "pay"),
        ("required", "pay"),
        ({"type": "function", "function": {"name": "ask"}}, "ask"),
    ],
)
def test_the_choice_of_a_tool_is_obeyed(choice: Any, called: str | None) -> None:
    tools = [{"type": "function", "function": {"name": n}} for n in ("pay", "ask")]
    with FakeServer() as server:
        answer = get(server, ASK | {"tools": tools, "tool_choice": choice})[1]
    calls = answer["choices"][0]["message"].get("tool_calls") or []
    assert [call["function"]["name"] for call in calls] == [called] * bool(called)


def test_models_are_listed_by_any_name(server: FakeServer) -> None:
    status, listed = get(server, path="/models", method="GET")
    assert (status, listed["data"][0]["id"]) == (200, "fake")
    assert get(server, path="/models/any", method="GET")[1]["id"] == "any"


def test_a_caller_of_http_1_0_gets_a_body_that_ends_with_the_connection() -> None:
    body = json.dumps(STREAM)
    with FakeServer("a b") as server:
        host, port = server.url[7:-3].split(":")
        with socket.create_connection((host, int(port))) as caller:
            head = f"POST /v1{CHAT} HTTP/1.0\r\nAuthorization: Bearer offline\r\n"
            caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = b"".join(iter(lambda: caller.recv(4096), b""))
    assert b"Transfer-Encoding" not in answer
    assert answer.endswith(b"data: [DONE]\n\n")


def test_many_readers_at_once_get_each_their_answer() -> None:
    def echo(messages: list[BaseMessage]) -> str:
        return str(messages[-1].text)

    def got_its_own(number: int) -> bool:
        said = [{"role": "user", "content": f"reader {number}"}]
        answer = events(running, STREAM | {"messages": said})
        pieces = [event["choices"][0]["delta"].get("content", "") for event in answer]
        return "".join(pieces) == f"reader {number}"

    with FakeServer(echo) as running, ThreadPoolExecutor(20) as pool:
        assert all(pool.map(got_its_own, range(60)))
    assert sorted(call.number for call in running.log) == list(range(1, 61))


REFUSED: dict[str, tuple[dict[str, Any], int, str | None, str]] = {
    "no such path": ({"path": "/chat"}, 404, None, r"Invalid URL \(POST /v1/chat\)"),
    "wrong method": ({"method": "GET"}, 405, None, "Not allowed to GET"),
    "wrong method for models": ({"path": "/models"}, 405, None, "Not allowed to POST"),
    "unknown method": ({"method": "PATCH"}, 405, None, "Not allowed to PATCH"),
    "wrong key": ({"key": "wrong"}, 401, "invalid_api_key", "Incorrect API key"),
    "no key": ({"key": ""}, 401, None, "You didn't provide an API key"),
    "not JSON": ({"body": b"{"}, 400, None, "could not parse the JSON"),
    "not text": ({"body": b"\xff"}, 400, None, "could not parse the JSON"),
    "not an object": ({"body": [1]}, 400, None, "could not parse the JSON"),
    "no model": ({"body": {}}, 400, None, "must provide a model"),
    "a model that is none": ({"body": {"model": 3}}, 400, "invalid_type", "'model'"),
    "no messages": (
        {"body": {"model": "m"}},
        400,
        "missing_required_parameter",
        "Missing required parameter: 'messages'",
    ),
    "messages that are none": (
        {"body": {"model": "m", "messages": "Hi"}},
        400,
        "invalid_type",
        "expected an array of objects",
    ),
    "no message": ({"body": ASK | {"messages": []}}, 400, "empty_array", "at least"),
    "a role that is none": (
        {"body": ASK | {"messages": [{"role": "cat", "content": "Miaow"}]}},
        400,
        "invalid_value",
        "cat",
    ),
    "several choices": ({"body": ASK | {"n": 2}}, 400, "unsupported_value", "'n'"),
    "no input": (
        {"path": "/responses", "body": {"model": "m"}},
        400,
        "missing_required_parameter",
        "'input'",
    ),
    "an earlier response": (
        {
            "path": "/responses",
            "body": {"model": "m", "input": "Hi", "previous_response_id": "resp_1"},
        },
        400,
        "previous_response_not_found",
        "resp_1",
    ),
    "tools that are none": ({"body": ASK | {"tools": 3}}, 400, "invalid_type", "tools"),
    "a tool that is none": (
        {"body": ASK | {"tools": [3]}},
        400,
        "invalid_value",
        "Invalid request body",
    ),
    "a limit that is none": (
        {"body": ASK | {"max_tokens": "x"}},
        400,
        "invalid_type",
        "'max_tokens'",
    ),
    "a format that is none": (
        {"body": ASK | {"response_format": "json"}},
        400,
        "invalid_type",
        "'response_format'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_is_wrong_gets_the_error_of_the_real_api(
    name: str, server: FakeServer
) -> None:
    options, status, code, message = REFUSED[name]
    got, body = get(server, **options)
    assert (got, body["error"]["code"]) == (status, code)
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert re.search(message, body["error"]["message"])
    assert server.log == []
