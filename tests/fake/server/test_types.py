"""Everything the server sends is what the `openai` package's own types allow."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter, ValidationError

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from tests.support.callers import ASK, CHAT, connect, events, get, request

PAY = {"name": "pay", "args": {"to": "bob", "amount": 10000}}
CALLS = [PAY, {"name": "ask", "args": {"what": "why"}}]
LIKELY = {"logprobs": True, "top_logprobs": 1}

KINDS: dict[str, Reply] = {
    "text": Reply("a b c"),
    "nothing": Reply(""),
    "thoughts and text": Reply("a b", reasoning="Let me think."),
    "thoughts only": Reply(reasoning="Let me think."),
    "thoughts and a call": Reply(reasoning="Hm.", tool_calls=[PAY]),
    "a refusal": Reply(refusal="I will not say that."),
    "text and a refusal": Reply("Well.", refusal="No."),
    "log probabilities": Reply("a b", logprobs=[-0.1, -2.0]),
    "a call": Reply(tool_calls=[PAY]),
    "text and calls": Reply("a b", tool_calls=CALLS),
    "calls that take turns": Reply(tool_calls=CALLS, interleave=True),
    "a whole mind": Reply("a", reasoning="Hm.", tool_calls=CALLS, interleave=True),
    "length": Reply("a b c", length_after=2),
    "length in the thoughts": Reply("a", reasoning="b c d", length_after=2),
    "length in a call": Reply(tool_calls=[PAY], length_after=3),
    "filter": Reply("a b c", filter_after=1),
    "a token twice": Reply("a b c", duplicate_after=1),
    "a fragment twice": Reply(tool_calls=[PAY], duplicate_after=-1),
    "a megabyte": Reply("a b c", huge_after=1),
    "letters in halves": Reply("é 🙂", split_utf8=True),
    "no end mark": Reply("a", no_done=True),
    "a silent cut": Reply("a b c", cut_after=2),
    "an error event": Reply("a b c", error_after=2),
    "kept alive": Reply("a b", stall_after=1, stall=1, keep_alive=True),
}
ANSWERED = [name for name in KINDS if name not in ("a silent cut", "an error event")]
ASKED: dict[str, dict[str, Any]] = {
    "plain": {},
    "with everything": {
        "chat": LIKELY,
        "responses": {
            "include": ["message.output_text.logprobs"],
            "top_logprobs": 1,
            "reasoning": {"summary": "auto"},
        },
    },
}

chunk = TypeAdapter(ChatCompletionChunk)
event: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    """One server, whose reply is named in the question."""
    with FakeServer(lambda messages: KINDS[str(messages[-1].text)]) as running:
        yield running


def body(kind: str, api: str, asked: str) -> dict[str, Any]:
    said = [{"role": "user", "content": kind}]
    talk = {"messages": said} if api == "chat" else {"input": kind}
    return {"model": "m", **talk, **ASKED[asked].get(api, {})}


each_kind = pytest.mark.parametrize("kind", KINDS)
each_question = pytest.mark.parametrize("asked", ASKED)


@each_kind
@each_question
def test_every_chunk_of_a_chat_completion_is_of_openai_s_type(
    server: FakeServer, kind: str, asked: str
) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    sent = events(server, body(kind, "chat", asked) | options)
    broken = [one for one in sent if "error" in one]
    assert bool(broken) == (kind == "an error event")
    for one in sent:
        if "error" not in one:
            chunk.validate_python(one)


@each_kind
@each_question
def test_every_event_of_a_response_is_of_openai_s_type(
    server: FakeServer, kind: str, asked: str
) -> None:
    sent = events(
        server, body(kind, "responses", asked) | {"stream": True}, "/responses"
    )
    for one in sent:
        event.validate_python(one)
    numbers = [one["sequence_number"] for one in sent]
    assert numbers == list(range(len(sent)))


@pytest.mark.parametrize("kind", ANSWERED)
@each_question
def test_every_whole_answer_is_of_openai_s_type(
    server: FakeServer, kind: str, asked: str
) -> None:
    ChatCompletion.model_validate(get(server, body(kind, "chat", asked))[1])
    whole = get(server, body(kind, "responses", asked), "/responses")[1]
    Response.model_validate(whole)


@pytest.mark.parametrize("kind", ANSWERED)
@each_question
def test_a_streamed_response_ends_with_the_whole_one(
    server: FakeServer, kind: str, asked: str
) -> None:
    asking = body(kind, "responses", asked)
    whole = get(server, asking, "/responses")[1]
    last = events(server, asking | {"stream": True}, "/responses")[-1]["response"]
    if KINDS[kind].duplicate_after is not None:
        return  # the second copy of a token is the fault
    for response in (whole, last):
        for field in ("id", "created_at", "obfuscation"):
            response.pop(field, None)
        for item in response["output"]:
            item["id"] = item["id"].rsplit("_", 1)[0]
    assert last == whole


def test_items_close_with_what_their_deltas_said(server: FakeServer) -> None:
    asking = body("a whole mind", "responses", "with everything") | {"stream": True}
    sent = events(server, asking, "/responses")
    deltas: dict[tuple[str, int], str] = {}
    for one in sent:
        if one["type"].endswith(".delta"):
            key = (one["type"].removesuffix(".delta"), one["output_index"])
            deltas[key] = deltas.get(key, "") + one["delta"]
        for field in ("text", "arguments"):
            if one["type"].endswith(".done") and field in one:
                key = (one["type"].removesuffix(".done"), one["output_index"])
                assert deltas[key] == one[field]
    assert len(deltas) == 4


ERRORS: dict[str, tuple[str, str, Any]] = {
    "no key": ("POST", CHAT, None),
    "no JSON": ("POST", CHAT, b"{"),
    "no messages": ("POST", CHAT, {"model": "m"}),
    "no path": ("POST", "/nowhere", {}),
    "wrong method": ("PUT", CHAT, ASK),
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_openai_s_four_fields(server: FakeServer, name: str) -> None:
    method, path, sent = ERRORS[name]
    key = "" if name == "no key" else "offline"
    with closing(connect(server)) as connection:
        response = request(connection, sent or {}, path, method=method, key=key)
        assert 400 <= response.status < 500
        told = json.loads(response.read())
    assert set(told["error"]) == {"message", "type", "param", "code"}


def test_the_types_would_notice_what_is_missing() -> None:
    with pytest.raises(ValidationError):
        event.validate_python({"type": "response.output_text.delta", "delta": "a"})
