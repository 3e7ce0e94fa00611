"""Which conversations OpenAI refuses, and so the server and the strict fake."""

import re
from typing import Any

import pytest
from langchain_core.exceptions import ModelInvalidRequestError
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from course_utils.fake import FakeStreamingChatModel
from course_utils.fake.history import fault_in
from course_utils.fake.server import FakeServer
from tests.support.callers import chat, get


def calling(*ids: str) -> AIMessage:
    calls = [{"name": "pay", "args": {}, "id": name} for name in ids]
    return AIMessage("", tool_calls=calls)


def broken(name: str) -> AIMessage:
    half = {"name": "pay", "args": '{"amount": 100', "id": name, "error": None}
    return AIMessage("", invalid_tool_calls=[half])


def result(name: str) -> ToolMessage:
    return ToolMessage("done", tool_call_id=name)


ASKED = HumanMessage("Pay")
OPEN = r"must be followed by tool messages .* response messages: "
ORPHAN = r"must be a response to a preceeding message with 'tool_calls'"
FOREIGN = r"'tool_call_id' of 'c' not found in 'tool_calls' of previous message"

REFUSED: dict[str, tuple[list[BaseMessage], str]] = {
    "a call without a result": ([ASKED, calling("a"), ASKED], OPEN + "a$"),
    "a call at the end": ([ASKED, calling("a")], OPEN + "a$"),
    "one of two results": ([ASKED, calling("a", "b"), result("b")], OPEN + "a$"),
    "half a call": ([ASKED, broken("a"), ASKED], OPEN + "a$"),
    "a result too late": ([ASKED, calling("a"), ASKED, result("a")], OPEN + "a$"),
    "two calls, one after the other": (
        [ASKED, calling("a"), calling("b"), result("a"), result("b")],
        OPEN + "a$",
    ),
    "a result of nothing": ([ASKED, result("a")], ORPHAN),
    "a result at the beginning": ([result("a"), ASKED], ORPHAN),
    "a result after an answer": ([ASKED, AIMessage("Hi"), result("a")], ORPHAN),
    "a result of another call": (
        [ASKED, calling("a"), result("a"), result("c")],
        FOREIGN,
    ),
    "two results of one call": (
        [ASKED, calling("a", "b"), result("a"), result("b"), result("a")],
        r"Duplicate value for 'tool_call_id' of 'a', in messages\[2\] and .*\[4\]",
    ),
    "only a result of another call": ([ASKED, calling("a"), result("c")], OPEN + "a$"),
}
TAKEN: dict[str, list[BaseMessage]] = {
    "no tools": [SystemMessage("Be kind."), ASKED, AIMessage("Hi"), ASKED],
    "a call and its result": [ASKED, calling("a"), result("a")],
    "results in another order": [ASKED, calling("a", "b"), result("b"), result("a")],
    "half a call with a result": [ASKED, broken("a"), result("a"), ASKED],
    "two turns": [ASKED, calling("a"), result("a"), ASKED, calling("a"), result("a")],
    "two calls of one id and a result": [ASKED, calling("a", "a"), result("a")],
    "two people in a row": [ASKED, ASKED],
    "an answer first": [AIMessage("Hi"), ASKED],
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_conversation_that_openai_refuses_gets_its_words(name: str) -> None:
    messages, words = REFUSED[name]
    fault = fault_in(messages)
    assert fault is not None
    assert re.search(words, fault.message)
    with FakeServer("Fine.") as server:
        with pytest.raises(ModelInvalidRequestError) as refused:
            chat(server).invoke(messages)
        assert server.log == []
    told = refused.value.body  # type: ignore[attr-defined]  # OpenAI's error as well
    assert told == {
        "message": fault.message,
        "type": "invalid_request_error",
        "param": fault.param,
        "code": None,
    }


@pytest.mark.parametrize("name", TAKEN)
def test_a_conversation_that_openai_takes_is_answered(name: str) -> None:
    messages = TAKEN[name]
    assert fault_in(messages) is None
    strict = FakeStreamingChatModel(replies="Fine.", strict=True)
    with FakeServer("Fine.") as server:
        for model in (chat(server), chat(server, use_responses_api=True), strict):
            assert model.invoke(messages).text == "Fine."


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
@pytest.mark.parametrize("name", REFUSED)
async def test_a_strict_fake_refuses_what_openai_refuses(name: str, way: str) -> None:
    messages, words = REFUSED[name]
    model = FakeStreamingChatModel(replies="Fine.", strict=True)
    with pytest.raises(ModelInvalidRequestError, match=words):
        await asked(model, way, messages)
    assert model.log == []
    lenient = FakeStreamingChatModel(replies="Fine.")
    assert lenient.invoke(messages).text == "Fine."


async def asked(model: Any, way: str, messages: list[BaseMessage]) -> None:
    match way:
        case "invoke":
            model.invoke(messages)
        case "ainvoke":
            await model.ainvoke(messages)
        case "stream":
            list(model.stream(messages))
        case "astream":
            [chunk async for chunk in model.astream(messages)]


CALL = {"type": "function_call", "call_id": "a", "name": "pay", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "done"}
SAID = {"role": "user", "content": "Pay"}


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([SAID, CALL], "No tool output found for function call a."),
        ([SAID, CALL, SAID], "No tool output found for function call a."),
        (
            [SAID, OUTPUT],
            "No tool call found for function call output with call_id a.",
        ),
        ([SAID, CALL, OUTPUT], None),
        ([SAID, CALL, SAID, OUTPUT], None),
    ],
)
def test_the_responses_api_has_words_of_its_own(items: Any, words: str | None) -> None:
    with FakeServer("Fine.") as server:
        status, told = get(server, {"model": "m", "input": items}, "/responses")
    assert status == (400 if words else 200)
    assert (told["error"] or {}).get("message") == words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_tokens": -1}, "Expected a value >= 1, but got -1"),
        ({"max_tokens": 0}, "Expected a value >= 1, but got 0"),
        ({"tool_choice": "x"}, "Tool choice 'x' not found"),
    ],
)
def test_a_strict_fake_refuses_options_that_openai_refuses(
    options: Any, words: str
) -> None:
    strict = FakeStreamingChatModel("One two.", strict=True)
    with pytest.raises(ModelInvalidRequestError, match=words):
        strict.invoke("Hi", **options)
    if options.get("max_tokens") != 0:
        lenient = FakeStreamingChatModel("One two.")
        assert lenient.invoke("Hi", **options).text == "One two."
