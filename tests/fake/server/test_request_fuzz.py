"""Whatever a body holds, the server answers it or refuses it with a reason."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.fake.plan import plan
from course_utils.fake.responder import respond
from course_utils.fake.schema.parts import Unanswerable
from course_utils.fake.server.api import Api
from course_utils.fake.server.errors import Refused
from course_utils.fake.server.routes import route

CALL = {"id": "1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hi json"}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "done"},
    ],
    "tools": [{"type": "function", "function": {"name": "a", "parameters": {}}}],
    "tool_choice": {"type": "function", "function": {"name": "a"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"properties": {"x": {}}}},
    },
    "stream": True,
    "stream_options": {"include_usage": True},
    "stop": ["x"],
    "max_tokens": 3,
    "logprobs": True,
    "top_logprobs": 1,
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hi json"}]},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "1", "name": "a", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": "done"},
    ],
    "instructions": "Be kind.",
    "tools": [{"type": "function", "name": "a", "parameters": {}}],
    "tool_choice": "auto",
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
    "reasoning": {"summary": "auto"},
    "include": ["message.output_text.logprobs"],
    "top_logprobs": 1,
    "max_output_tokens": 3,
    "stream": True,
}
BODIES = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
}
anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "name", "$ref", "x"]), inner
        )
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a body."""
    keys = range(len(value)) if isinstance(value, list) else value
    inner = keys if isinstance(value, list | dict) else ()
    return [path, *(p for key in inner for p in places(value[key], (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """The body with another value in one place."""
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("path", BODIES)
@settings(max_examples=300)
@given(data=st.data())
def test_no_body_is_too_strange(path: str, data: Any) -> None:
    body = BODIES[path]
    place = data.draw(st.sampled_from(places(body)))
    strange = changed(body, place, data.draw(anything))
    try:
        api = route("POST", path, json.dumps(strange).encode())
        assert isinstance(api, Api)
        reply = api.suited(respond(api.request))
        assert b"".join(api.frame(step) for step in plan(reply))
    except (Refused, Unanswerable):
        pass
