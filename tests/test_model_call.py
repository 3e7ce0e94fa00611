"""A model called below its callbacks: as chunks, whatever its answer came as."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from course_utils.model_call import (
    FirstChunk,
    Request,
    acall,
    call,
    chunk_of,
    result_of,
)
from tests.support.played import Played, chunk

HI = [HumanMessage("Hi")]
INVALID: Any = {
    "type": "invalid_tool_call",
    "name": "pay",
    "args": '{"amount": 100',
    "id": "call_1",
    "error": "cut",
}
CALLS: list[Any] = [
    {"type": "tool_call", "name": "look", "args": {"at": "ä"}, "id": f"call_{number}"}
    for number in (2, 3)
]
USAGE: Any = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
BLOCKS: list[Any] = [
    {"type": "reasoning", "reasoning": "Hm.", "id": "rs_1"},
    {"type": "text", "text": "Hi", "annotations": [{"title": "a"}]},
]
FULL = AIMessage(
    content=BLOCKS,
    tool_calls=CALLS,
    invalid_tool_calls=[INVALID],
    additional_kwargs={"parsed": {"a": 1}},
    response_metadata={"status": "completed"},
    usage_metadata=USAGE,
    id="msg_1",
    name="agent",
)


def result(message: AIMessage, **more: Any) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)], **more)


def test_a_full_response_comes_back_as_it_was():
    (generation,) = result_of([chunk_of(result(FULL))]).generations
    assert generation.message == FULL


def test_what_stands_beside_the_message_is_kept_with_it():
    answer = result(AIMessage("Hi"), llm_output={"model_name": "m"})
    answer.generations[0].generation_info = {"finish_reason": "stop"}
    message = chunk_of(answer).message
    assert message.response_metadata == {"model_name": "m", "finish_reason": "stop"}


@pytest.mark.parametrize("args", ['{"amount": 100', '"', "", None, "[1]", "nonsense"])
def test_an_invalid_call_stays_invalid_however_chunks_are_added(args: str | None):
    message = AIMessage("", invalid_tool_calls=[{**INVALID, "args": args}])
    last = ChatGenerationChunk(
        message=AIMessageChunk(content="", chunk_position="last")
    )
    total: Any = (chunk_of(result(message)) + last).message
    assert total.tool_calls == [] and len(total.invalid_tool_calls) == 1
    assert total.invalid_tool_calls[0]["id"] == "call_1"


def test_valid_calls_of_a_full_response_survive_being_added():
    last = ChatGenerationChunk(
        message=AIMessageChunk(content=[], chunk_position="last")
    )
    total: Any = (chunk_of(result(FULL)) + last).message
    assert total.tool_calls == CALLS and total.content == BLOCKS


class Both(Played):
    """Takes note of what it is called with."""

    asked: list[Any] = []  # noqa: RUF012 - a field, copied for each model

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        assert run_manager is None
        self.asked.append({"stop": stop, **kwargs})
        yield from super()._stream()


def calls(model: BaseChatModel, request: Request, how: str) -> list[Any]:
    if how == "sync":
        return list(call(model, request))

    async def go() -> list[Any]:
        return [one async for one in acall(model, request)]

    return asyncio.run(go())


how = pytest.mark.parametrize("how", ["sync", "async"])


@how
def test_a_stream_is_passed_on_and_a_full_response_is_one_chunk(how: str):
    model = Played(plays=[[chunk("Nice "), chunk("day.", "stop")]])
    streamed = calls(model, Request(HI), how)
    whole = calls(model, Request(HI, whole=True), how)
    assert [one.text for one in streamed] == ["Nice ", "day."]
    assert [one.text for one in whole] == ["Nice day."]


@how
@pytest.mark.parametrize("stream", [{}, {"stream": True}])
def test_the_models_own_options_reach_it_and_no_others(how: str, stream: Any):
    model = Both(plays=[[chunk("Hi", "stop")]])
    options = {"temperature": 0.5, **stream}
    calls(model, Request(HI, ["."], options), how)
    assert model.asked == [{"stop": ["."], "temperature": 0.5}]


@how
def test_a_model_that_does_not_stream_is_asked_for_a_full_response(how: str):
    model = Played(plays=[[chunk("a"), chunk("b", "stop")]], disable_streaming=True)
    assert [one.text for one in calls(model, Request(HI), how)] == ["ab"]


# The sum of an answer that began anew


RESTART = chunk(response_metadata={"restart": True})
part = st.one_of(st.text(max_size=3).map(chunk), st.just(RESTART))


@given(st.lists(part, min_size=1, max_size=8))
def test_the_sum_of_an_answer_begins_at_its_last_restart(messages: list[Any]):
    chunks = [ChatGenerationChunk(message=one) for one in messages]
    first = FirstChunk(message=messages[0])
    expected = ""
    for one in messages:
        expected = "" if one is RESTART else expected + one.text
    assert (first + chunks[1:]).text == expected
    assert result_of(chunks).generations[0].text == expected
