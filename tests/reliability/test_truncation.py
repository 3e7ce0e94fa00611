"""When an answer counts as whole, and a tool call as fit to run."""

import json
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from course_utils.finish import finish, finish_of
from course_utils.reliability import StreamTruncated
from course_utils.reliability.truncation import (
    ToolCallGuard,
    ending_of,
    report_incomplete,
    sum_of,
)


def chunk(content: Any = "", info: Any = None, **fields: Any) -> ChatGenerationChunk:
    message = AIMessageChunk(content=content, **fields)
    return ChatGenerationChunk(message=message, generation_info=info)


@pytest.mark.parametrize(
    ("sent", "ending"),
    [
        (chunk("text"), None),
        (chunk(info={"finish_reason": "stop"}), "stop"),
        (chunk(response_metadata={"stop_reason": "end_turn"}), "end_turn"),
        (chunk(response_metadata={"status": "completed"}), "completed"),
        (chunk(response_metadata={"status": "in_progress"}), None),
        (chunk(response_metadata={"model_provider": "openai"}), None),
        (chunk(chunk_position="last"), None),
    ],
)
def test_only_a_finish_reason_ends_an_answer(sent: Any, ending: str | None):
    ended = ending_of(sent)
    assert (ended and ended.reason) == ending


@pytest.mark.parametrize(
    "reason", ["stop", "tool_calls", "end_turn", "completed", "STOP"]
)
def test_a_proper_reason_is_not_reported(reason: str):
    last = chunk(info={"finish_reason": reason})
    report_incomplete(last, finish(reason))
    assert last.message.response_metadata == {}


@pytest.mark.parametrize(
    "reason", ["length", "content_filter", "MAX_TOKENS", "max_tokens", "SAFETY"]
)
def test_an_early_end_is_reported_in_the_providers_word(reason: str):
    last = chunk(info={"finish_reason": reason})
    report_incomplete(last, finish(reason))
    assert last.message.response_metadata == {"incomplete": reason}


def test_the_reason_behind_the_status_is_the_one_reported():
    told = {"incomplete_details": {"reason": "max_output_tokens"}}
    last = chunk(response_metadata={"status": "incomplete", **told})
    report_incomplete(last, finish_of(last))
    assert last.message.response_metadata["incomplete"] == "max_output_tokens"


def test_the_error_says_the_fact_what_came_and_the_next_step():
    error = StreamTruncated(AIMessageChunk(content="Nice"))
    assert error.is_retryable and error.partial.text == "Nice"
    assert str(error) == (
        "The stream ended without a finish reason, after 4 characters: read them in "
        ".partial, or pass require_finish=False if this endpoint never sends one."
    )


def fragments(*pieces: str, name: str = "pay", index: int = 0) -> list[Any]:
    """A tool call as a model streams it."""
    head = {"name": name, "args": "", "id": f"call_{index}", "index": index}
    rest = [{"name": None, "args": p, "id": None, "index": index} for p in pieces]
    return [chunk(tool_call_chunks=[call]) for call in [head, *rest]]


def guarded(chunks: list[Any], reason: str | None) -> AIMessageChunk:
    guard = ToolCallGuard()
    assert all(guard.push(one) for one in chunks) and guard.holds
    return sum_of(guard.flush(reason and finish(reason)))


def test_text_is_not_held_back():
    guard = ToolCallGuard()
    assert not guard.push(chunk("text"))
    assert not guard.holds and guard.flush(finish("stop")) == []


@pytest.mark.parametrize("reason", ["tool_calls", "length", None])
def test_a_whole_call_comes_as_it_was_sent(reason: str | None):
    sent = fragments('{"amount": ', "10000}")
    guard = ToolCallGuard()
    assert [guard.push(one) for one in sent] == [True] * 3
    assert guard.flush(reason and finish(reason)) == sent


def test_a_call_without_arguments_needs_a_proper_end():
    assert guarded(fragments(), "tool_calls").tool_calls[0]["args"] == {}
    assert guarded(fragments(), "length").tool_calls == []


def test_whole_calls_beside_half_a_call_stay():
    calls = fragments('{"amount": 1}') + fragments('{"amount": 20', index=1)
    total = guarded(calls, "length")
    assert [call["args"] for call in total.tool_calls] == [{"amount": 1}]
    assert total.invalid_tool_calls[0]["id"] == "call_1"


def test_what_is_not_an_object_is_not_a_call():
    assert guarded(fragments('"just text"'), "tool_calls").tool_calls == []


def test_what_came_with_half_a_call_is_kept():
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    last = chunk("Paying.", usage_metadata=usage, id="msg")
    last.message.tool_call_chunks = fragments('{"am')[1].message.tool_call_chunks
    last.message.response_metadata = {"finish_reason": "length"}
    total = guarded([*fragments(), last], "length")
    assert (total.text, total.id, total.usage_metadata) == ("Paying.", "msg", usage)
    assert total.response_metadata == {"finish_reason": "length"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
arguments = st.dictionaries(st.text(max_size=6), values, min_size=1, max_size=3)


@given(args=arguments, data=st.data())
def test_no_part_of_any_arguments_is_ever_a_call(args: Any, data: st.DataObject):
    sent = json.dumps(args, ensure_ascii=False)
    cut = data.draw(st.integers(0, len(sent) - 1))
    total = guarded(fragments(*sent[:cut]), None)
    for again in accumulate([total, chunk().message, chunk("more").message]):
        assert again.tool_calls == []
    assert total.invalid_tool_calls[0]["args"] == "cut short: " + sent[:cut]


@given(args=arguments)
def test_all_of_any_arguments_is_always_a_call(args: Any):
    sent = json.dumps(args, ensure_ascii=False)
    assert guarded(fragments(*sent), "length").tool_calls[0]["args"] == args
