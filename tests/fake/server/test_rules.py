"""Which requests OpenAI refuses, and in which words; and which it takes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from course_utils.fake.server.api import MOST_KEPT, Shared
from tests.support.callers import ASK, events, get

ANSWER = "/responses"
INPUT: dict[str, Any] = {"model": "m", "input": "Hi"}
PAY = {"type": "function", "function": {"name": "pay", "parameters": {}}}
FLAT = {"type": "function", "name": "pay", "parameters": {}}
SCHEMA = {"type": "object", "properties": {}}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    """A server that nobody scripted."""
    with FakeServer() as running:
        yield running


def said(**message: Any) -> dict[str, Any]:
    return {"messages": [message]}


def form(**format_: Any) -> dict[str, Any]:
    return {"response_format": format_}


# What is added to a request, and the field, code and words of the refusal.
CHAT_REFUSED: list[tuple[dict[str, Any], str | None, str | None, str]] = [
    ({"max_tokens": -1}, "max_tokens", "integer_below_min_value", ">= 1, but got -1"),
    ({"max_tokens": 0}, "max_tokens", "integer_below_min_value", ">= 1, but got 0"),
    ({"max_completion_tokens": -5}, "max_completion_tokens", None, ">= 1"),
    ({"max_tokens": 2.5}, "max_tokens", "invalid_type", "an integer, but got a dec"),
    ({"max_tokens": True}, "max_tokens", "invalid_type", "got a boolean"),
    ({"stream": "yes"}, "stream", "invalid_type", "a boolean, but got a string"),
    ({"stream": 1}, "stream", "invalid_type", "a boolean, but got an integer"),
    ({"temperature": 17}, "temperature", "decimal_above_max_value", "<= 2, but got 17"),
    ({"temperature": -0.1}, "temperature", "decimal_below_min_value", ">= 0"),
    ({"temperature": "hot"}, "temperature", "invalid_type", "a decimal"),
    ({"top_p": 1.5}, "top_p", "decimal_above_max_value", "<= 1"),
    ({"presence_penalty": 3}, "presence_penalty", "decimal_above_max_value", "<= 2"),
    ({"stream_options": {}}, "stream_options", None, "only allowed when 'stream'"),
    ({"top_logprobs": 2}, "top_logprobs", None, "only allowed when 'logprobs'"),
    (
        {"top_logprobs": 21, "logprobs": True},
        "top_logprobs",
        "integer_above_max_value",
        "<= 20",
    ),
    ({"stop": list("abcde")}, "stop", "array_above_max_length", "maximum length 4"),
    ({"tool_choice": "auto"}, "tool_choice", None, "when 'tools' are specified"),
    (
        {"tools": [PAY], "tool_choice": "banana"},
        "tool_choice",
        "invalid_value",
        "Supported values are: 'none', 'auto', and 'required'",
    ),
    (
        {
            "tools": [PAY],
            "tool_choice": {"type": "function", "function": {"name": "x"}},
        },
        "tool_choice",
        None,
        "no function named 'x' was specified",
    ),
    (
        {"tools": [{"type": "function", "function": {}}]},
        "tools[0].function.name",
        "missing_required_parameter",
        "Missing required parameter",
    ),
    ({"tools": [{"type": "function"}]}, "tools[0].function", None, "Missing"),
    ({"tools": [{"function": {"name": "a"}}]}, "tools[0].type", None, "Missing"),
    (
        {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        "tools[0].function.name",
        "invalid_value",
        "does not match pattern",
    ),
    (
        {"tools": [{"type": "function", "function": {"name": 3}}]},
        "tools[0].function.name",
        "invalid_type",
        "a string",
    ),
    (
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "a", "parameters": {"type": "array"}},
                }
            ]
        },
        "tools[0].function.parameters",
        "invalid_schema",
        "Invalid schema for function 'a'",
    ),
    ({"parallel_tool_calls": False}, "parallel_tool_calls", None, "only allowed when"),
    ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens", None, "same time"),
    ({"logit_bias": 3}, "logit_bias", "invalid_type", "an object"),
    ({"user": 5}, "user", "invalid_type", "a string"),
    (form(type="json_object"), "messages", None, "must contain the word 'json'"),
    (form(type="xml"), "response_format.type", "invalid_value", "Supported values"),
    (form(), "response_format.type", None, "Missing"),
    (form(type="json_schema"), "response_format.json_schema", None, "Missing"),
    (
        form(type="json_schema", json_schema={"schema": SCHEMA}),
        "response_format.json_schema.name",
        None,
        "Missing",
    ),
    (
        form(type="json_schema", json_schema={"name": "n"}),
        "response_format.json_schema.schema",
        None,
        "Missing",
    ),
    (said(role="cat", content="x"), "messages[0].role", "invalid_value", "'cat'"),
    (said(content="x"), "messages[0].role", None, "Missing"),
    (said(role="user"), "messages[0].content", None, "Missing"),
    (said(role="user", content=None), "messages[0].content", "invalid_type", "null"),
    (said(role="user", content=3), "messages[0].content", "invalid_type", "an integer"),
    (said(role="user", content=[{}]), "messages[0].content[0].type", None, "Missing"),
    (
        said(role="user", content=[{"type": "video"}]),
        "messages[0].content[0].type",
        "invalid_value",
        "'video'",
    ),
    (
        said(role="assistant"),
        "messages[0].content",
        None,
        "Invalid value for 'content': expected a string, got null",
    ),
    (
        said(role="assistant", tool_calls=[]),
        "messages[0].content",
        None,
        "got null",
    ),
    (
        said(role="assistant", content="", tool_calls=[]),
        "messages[0].tool_calls",
        "empty_array",
        "empty array",
    ),
    (
        said(role="assistant", tool_calls=[{"type": "function", "id": "1"}]),
        "messages[0].tool_calls[0].function",
        None,
        "Missing",
    ),
    (said(role="tool", content="x"), "messages[0].tool_call_id", None, "Missing"),
    ({"messages": [3]}, "messages[0]", "invalid_type", "an object"),
]


def refused(status: int, answer: Any, param: Any, code: Any, words: str) -> None:
    error = answer["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert error["param"] == param
    assert code is None or error["code"] == code
    assert re.search(re.escape(words), error["message"])


@pytest.mark.parametrize(
    ("more", "param", "code", "words"), CHAT_REFUSED, ids=lambda v: json.dumps(v)[:40]
)
def test_a_chat_completion_that_openai_refuses(
    server: FakeServer, more: Any, param: Any, code: Any, words: str
) -> None:
    refused(*get(server, ASK | more), param, code, words)
    assert server.log == []


RESPONSE_REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"max_output_tokens": 0}, "max_output_tokens", None, ">= 1"),
    ({"stream": "yes"}, "stream", "invalid_type", "a boolean"),
    ({"temperature": 2.1}, "temperature", "decimal_above_max_value", "<= 2"),
    (
        {"tools": [{"type": "function"}]},
        "tools[0].name",
        "missing_required_parameter",
        "Missing",
    ),
    (
        {"tools": [FLAT], "tool_choice": {"type": "function", "name": "x"}},
        "tool_choice",
        None,
        "'x' not found in 'tools'",
    ),
    (
        {"text": {"format": {"type": "json_object"}}},
        "input",
        None,
        "must contain the word 'json'",
    ),
    (
        {"text": {"format": {"type": "json_schema", "name": "n"}}},
        "text.format.schema",
        None,
        "Missing",
    ),
    ({"input": []}, "input", "empty_array", "empty array"),
    ({"input": 3}, "input", "invalid_type", "an integer"),
    ({"input": [3]}, "input[0]", "invalid_type", "an object"),
    ({"input": [{"role": "cat", "content": "x"}]}, "input[0].role", None, "'cat'"),
    ({"input": [{"type": "function_call"}]}, "input", None, "No tool output"),
    ({"reasoning": "hard"}, "reasoning", "invalid_type", "an object"),
    (
        {"input": [{"id": "msg_1", "role": "user", "content": "x"}] * 2},
        "input",
        None,
        "Duplicate item found with id msg_1",
    ),
]


@pytest.mark.parametrize(
    ("more", "param", "code", "words"),
    RESPONSE_REFUSED,
    ids=lambda v: json.dumps(v)[:40],
)
def test_a_response_that_openai_refuses(
    server: FakeServer, more: Any, param: Any, code: Any, words: str
) -> None:
    refused(*get(server, INPUT | more, ANSWER), param, code, words)


def called(arguments: str, **more: Any) -> dict[str, Any]:
    function = {"name": "pay", "arguments": arguments}
    call = {"id": "1", "type": "function", "function": function}
    return {
        "messages": [
            {"role": "user", "content": "Pay"},
            {"role": "assistant", "tool_calls": [call], **more},
            {"role": "tool", "tool_call_id": "1", "content": "done"},
        ]
    }


CHAT_TAKEN: dict[str, dict[str, Any]] = {
    "a call without a content": called("{}"),
    "a call with null for a content": called("{}", content=None),
    "a call with no text": called("{}", content=""),
    "arguments that are half": called('{"amount": 100'),
    "arguments that are empty": called(""),
    "arguments that are no object": called("[1]"),
    "thoughts in the history": called("{}", reasoning_content="Hm."),
    "a developer": said(role="developer", content="Be kind."),
    "a name": said(role="user", content="Hi", name="Ada"),
    "a text in parts": said(role="user", content=[{"type": "text", "text": "Hi"}]),
    "a picture": said(
        role="user",
        content=[{"type": "image_url", "image_url": {"url": "data:image/png,"}}],
    ),
    "a refusal in the history": {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": None, "refusal": "No."},
            {"role": "user", "content": "Why?"},
        ]
    },
    "an old function": {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "function_call": {"name": "a", "arguments": ""}},
            {"role": "function", "name": "a", "content": "done"},
        ]
    },
    "nulls": {"max_tokens": None, "stream": None, "tools": None, "stop": None},
    "edges": {"temperature": 2, "top_p": 0, "presence_penalty": -2, "max_tokens": 1},
    "the word in capitals": said(role="user", content="JSON, please")
    | form(type="json_object"),
    "the word in the system message": {
        "messages": [
            {"role": "system", "content": "Answer in JSON."},
            {"role": "user", "content": "Hi"},
        ]
    }
    | form(type="json_object"),
    "a tool of another kind": {
        "tools": [{"type": "custom", "custom": {"name": "a"}}, PAY]
    },
    "what nobody knows": {"top_k": 3, "user": "ada"},
}


@pytest.mark.parametrize("name", CHAT_TAKEN)
def test_a_chat_completion_that_openai_takes(server: FakeServer, name: str) -> None:
    status, answer = get(server, ASK | CHAT_TAKEN[name])
    assert (status, answer.get("error")) == (200, None)


def test_half_a_call_in_the_history_is_known_as_half() -> None:
    seen: list[Any] = []

    def look(messages: list[Any]) -> str:
        seen.extend(messages)
        return "Fine."

    with FakeServer(look) as server:
        get(server, ASK | called('{"amount": 100'))
    assert seen[1].invalid_tool_calls[0]["args"] == '{"amount": 100'
    assert seen[1].tool_calls == []


@pytest.mark.parametrize("open_", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [100, 1_000, 100_000])
def test_json_of_any_depth_gets_an_answer(
    server: FakeServer, open_: str, depth: int
) -> None:
    end = {"[": "1" + "]" * depth, '{"a":': "1" + "}" * depth}[open_]
    deep = open_ * depth + end
    for field in ("metadata", "messages", "tools"):
        body = f'{{"model": "m", "messages": [{{}}], "{field}": {deep}}}'.encode()
        status, answer = get(server, body)
        assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    nested = {"type": "object", "properties": {"x": "HERE"}}
    text = json.dumps(ASK | {"tools": [_with(nested)]})
    status, _ = get(server, text.replace('"HERE"', deep).encode())
    assert status == 400


def _with(schema: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "a", "parameters": schema}}


# A conversation that goes on.


def test_a_response_goes_on_from_an_earlier_one() -> None:
    seen: list[str] = []

    def look(messages: list[Any]) -> str:
        seen.append(" ".join(f"{m.type}={m.text}" for m in messages))
        return f"Answer {len(seen)}."

    with FakeServer(look) as server:
        first = get(server, INPUT, ANSWER)[1]
        more = {"input": "More", "previous_response_id": first["id"]}
        second = get(server, INPUT | more, ANSWER)[1]
        third = INPUT | {"input": "Again", "previous_response_id": second["id"]}
        get(server, third, ANSWER)
    assert second["previous_response_id"] == first["id"]
    assert seen[1] == "human=Hi ai=Answer 1. human=More"
    assert seen[2] == "human=Hi ai=Answer 1. human=More ai=Answer 2. human=Again"


def test_a_call_of_an_earlier_response_needs_its_output() -> None:

    call = Reply(tool_calls=[{"name": "pay", "args": {}, "id": "c"}])
    output = {"type": "function_call_output", "call_id": "c", "output": "done"}
    with FakeServer([call, "Paid."]) as server:
        first = get(server, INPUT, ANSWER)[1]
        after = INPUT | {"previous_response_id": first["id"]}
        status, answer = get(server, after, ANSWER)
        assert (status, answer["error"]["message"]) == (
            400,
            "No tool output found for function call c.",
        )
        again = after | {"input": [*first["output"], output]}
        status, answer = get(server, again, ANSWER)
        assert (status, answer["error"]["message"][:24]) == (
            400,
            "Duplicate item found wit",
        )
        assert get(server, after | {"input": [output]}, ANSWER)[0] == 200


@pytest.mark.parametrize("stream", [True, False])
def test_a_response_can_be_fetched_and_deleted(stream: bool) -> None:
    with FakeServer("Hello.") as server:
        if stream:
            given = events(server, INPUT | {"stream": True}, ANSWER)[-1]["response"]
        else:
            given = get(server, INPUT, ANSWER)[1]
        place = f"{ANSWER}/{given['id']}"
        assert get(server, path=place, method="GET") == (200, given)
        items = get(server, path=f"{place}/input_items", method="GET")[1]
        assert items["data"] == [{"role": "user", "content": "Hi"}]
        assert get(server, path=place, method="DELETE")[1]["deleted"]
        status, gone = get(server, path=place, method="GET")
    assert (status, gone["error"]["message"]) == (
        404,
        f"Response with id '{given['id']}' not found.",
    )


def test_what_was_not_to_be_stored_is_not_known_later() -> None:
    with FakeServer("Hello.") as server:
        given = get(server, INPUT | {"store": False}, ANSWER)[1]
        assert get(server, path=f"{ANSWER}/{given['id']}", method="GET")[0] == 404


def test_only_the_last_responses_are_remembered() -> None:
    shared = Shared()
    for number in range(MOST_KEPT + 1):
        shared.keep({"id": f"resp_{number}"}, [])
    assert len(shared.responses) == MOST_KEPT
    assert "resp_0" not in shared.responses
