"""Every word of an end, in every way to ask a reliable model: passed on, or retried."""

import asyncio
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk

from course_utils.clock import VirtualClock
from course_utils.finish import MEANINGS, finish
from course_utils.reliability import StreamBroken, StreamTruncated, reliable
from tests.support.played import Played, chunk, fragment


def steady(*plays: list[Any], **settings: Any) -> tuple[BaseChatModel, Played]:
    model = Played(plays=list(plays))
    return reliable(model, clock=VirtualClock(), **settings), model


def total(chunks: list[Any]) -> AIMessageChunk:
    return reduce(add, chunks)


# The ways to ask, each to the message that stays


def stream(model: Any) -> Any:
    return total(list(model.stream("Hi")))


def astream(model: Any) -> Any:
    async def go() -> Any:
        return total([one async for one in model.astream("Hi")])

    return asyncio.run(go())


def invoke(model: Any) -> Any:
    return model.invoke("Hi")


def ainvoke(model: Any) -> Any:
    return asyncio.run(model.ainvoke("Hi"))


def state(model: Any) -> Any:
    asked = {"messages": [("user", "Hi")]}
    return create_agent(model, []).invoke(asked)["messages"][-1]


def messages(model: Any) -> Any:
    asked = {"messages": [("user", "Hi")]}
    sent = create_agent(model, []).stream(asked, stream_mode="messages")
    return total([one for one, _ in sent if isinstance(one, AIMessage)])


def events(model: Any) -> Any:
    return model.stream_events("Hi", version="v3").output


Way = Callable[[Any], Any]
WAYS: list[Way] = [stream, astream, invoke, ainvoke, state, messages, events]
STREAMS: list[Way] = [stream, astream, messages]
every_way = pytest.mark.parametrize("way", WAYS)

WORDS = [*MEANINGS, "gone fishing", "MAX_TOKENS", "SAFETY", "Stop"]
TOLD = [word for word in WORDS if not finish(word).broken]
BROKEN = [word for word in WORDS if finish(word).broken]


@every_way
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("word", TOLD)
def test_an_end_is_passed_on_and_what_is_not_whole_is_told(word: str, way: Way):
    model, inner = steady([chunk("Hi"), chunk("", word)])
    message = way(model)
    assert message.text == "Hi" and inner.requests == 1
    assert message.response_metadata.get("incomplete") == finish(word).incomplete
    if finish(word).meaning == "unknown":
        assert finish(word).incomplete == f"unknown: {word}"


@every_way
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("word", BROKEN)
def test_a_servers_own_stop_is_asked_again_like_a_break(word: str, way: Way):
    model, inner = steady([chunk("", word)], [chunk("Hi"), chunk("", "stop")])
    message = way(model)
    assert message.text == "Hi" and inner.requests == 2
    assert "incomplete" not in message.response_metadata


@pytest.mark.parametrize("way", STREAMS)
@pytest.mark.parametrize("broken", [[chunk("Ha"), chunk("lf", "error")]])
def test_a_servers_own_stop_after_text_is_an_error_with_the_text(
    broken: list[Any], way: Way
):
    model, _ = steady(broken)
    with pytest.raises(StreamBroken, match="'error'") as raised:
        way(model)
    assert raised.value.partial.text == "Half"


def test_a_servers_own_stop_goes_to_the_fallback():
    backup = Played(plays=[[chunk("From another.", "stop")]])
    model, inner = steady([chunk("", "abort")], fallbacks=[backup], attempts=2)
    assert model.invoke("Hi").text == "From another."
    assert (inner.requests, backup.requests) == (2, 1)


def test_continue_goes_on_after_a_servers_own_stop():
    plays = [chunk("One"), chunk(" two", "error")], [chunk(" three.", "stop")]
    model, _ = steady(*map(list, plays), after_first_token="continue")
    assert stream(model).text == "One two three."
    assert stream(model).response_metadata["finish_reason"] == "stop"


# What follows a finish reason


PAY = fragment('{"amount": 10000}', name="pay", call_id="call_1")
HALF = fragment('{"amount": 100', name="pay", call_id="call_1")


@every_way
@pytest.mark.filterwarnings("ignore")
def test_a_whole_tool_call_after_the_finish_reason_belongs_to_the_answer(way: Way):
    if way in (state, messages):
        pytest.skip("an agent would run it for ever")
    model, inner = steady([chunk("", "stop"), chunk(tool_call_chunks=[PAY])])
    (call,) = way(model).tool_calls
    assert call["args"] == {"amount": 10000} and inner.requests == 1


@pytest.mark.parametrize(
    "late", [chunk("One tw"), chunk(tool_call_chunks=[HALF])], ids=["text", "half call"]
)
def test_what_is_cut_after_the_finish_reason_is_cut(late: AIMessageChunk):
    model, _ = steady([chunk("", "stop"), late], attempts=1)
    with pytest.raises(StreamTruncated) as raised:
        stream(model)
    assert raised.value.partial.text == late.text
    assert raised.value.partial.tool_calls == []


def test_an_answer_may_go_on_after_a_finish_reason_and_end_again():
    model, _ = steady(
        [chunk("One"), chunk("", "stop"), chunk(" two"), chunk("", "stop")]
    )
    message = stream(model)
    assert message.text == "One two"
    assert message.response_metadata == {"finish_reason": "stop"}


def test_usage_and_empty_chunks_after_the_finish_reason_do_not_open_it_again():
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    last = chunk(usage_metadata=usage)
    model, inner = steady([chunk("Hi", "stop"), chunk(), last])
    assert stream(model).usage_metadata == usage and inner.requests == 1


def test_a_finish_reason_alone_leaves_nothing_behind_if_the_line_then_breaks():
    broken = [chunk("", "stop"), ConnectionError("reset")]
    model, _ = steady(broken, [chunk("Hi"), chunk("", "stop")])
    assert stream(model).response_metadata == {"finish_reason": "stop"}


# Half an answer, and then an empty one


EMPTY: list[list[Any]] = [[chunk()], []]


@every_way
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("after", ["raise", "continue", "restart", "full"])
@pytest.mark.parametrize("empty", EMPTY, ids=["an empty chunk", "nothing"])
def test_half_an_answer_is_not_made_whole_by_an_empty_one(
    way: Way, after: Any, empty: list[Any]
):
    plays = [chunk("Half"), ConnectionError("reset")], empty
    settings = {"require_finish": False, "after_first_token": after, "attempts": 2}
    settings |= {"first_token": 1000.0}  # so that invoke reads the stream, too
    model, _ = steady(*map(list, plays), **settings)
    with pytest.raises(Exception, match=r"finish reason|reset|No generation") as raised:
        way(model)
    assert raised.value.partial.text == "Half"  # type: ignore[attr-defined]


@every_way
@pytest.mark.parametrize("require", [True, False])
def test_an_empty_answer_without_a_word_is_no_answer(way: Way, require: bool):
    model, _ = steady([chunk()], require_finish=require, attempts=2)
    with pytest.raises(StreamTruncated):
        way(model)


@every_way
def test_an_empty_answer_that_says_why_is_one(way: Way):
    model, _ = steady([chunk("", "stop")], attempts=2)
    assert way(model).text == ""


# The model's own order


def thought(index: int) -> AIMessageChunk:
    summary = [{"type": "summary_text", "text": f"thought {index}", "index": 0}]
    return chunk([{"type": "reasoning", "summary": summary, "index": index}])


def called(index: int, args: str, head: bool = True) -> AIMessageChunk:
    names: dict[str, Any] = {"name": "pay"} if head else {}
    call_id = f"call_{index}" if head else None
    block = {"type": "function_call", "arguments": args, "index": index, **names}
    block |= {"call_id": call_id} if head else {}
    return chunk(
        [block], tool_call_chunks=[fragment(args, index, call_id=call_id, **names)]
    )


THINKS = [
    thought(0),
    called(1, '{"amount"'),
    called(1, ": 1}", head=False),
    thought(2),
    called(3, '{"amount": 2}'),
    chunk([{"type": "text", "text": "Done.", "index": 4}]),
    AIMessageChunk(content=[], response_metadata={"status": "completed"}),
]


@pytest.mark.parametrize("way", [stream, astream, invoke, ainvoke])
def test_thoughts_calls_and_text_come_in_the_models_order(way: Way):
    model, _ = steady(THINKS)
    message = way(model)
    assert message.content == total(THINKS).content
    assert message.tool_calls == total(THINKS).tool_calls


@given(st.lists(st.sampled_from(["text", "call", "both", "thought"]), max_size=8))
def test_whatever_the_order_it_is_kept(kinds: list[str]):
    sent = []
    for index, kind in enumerate(kinds):
        if kind == "thought":
            sent.append(chunk(additional_kwargs={"reasoning_content": f"{index}"}))
            continue
        call = fragment("{}", index, name="f", call_id=f"c{index}")
        text = f"{index} " if kind in ("text", "both") else ""
        calls = [call] if kind in ("call", "both") else []
        sent.append(chunk(text, tool_call_chunks=calls))
    sent.append(chunk("", "stop"))
    model, _ = steady(sent)
    came = list(model.stream("Hi"))
    names = ("content", "tool_call_chunks", "additional_kwargs")
    assert [[getattr(one, n) for n in names] for one in came[:-1]] == [
        [getattr(one, n) for n in names] for one in sent
    ]


def test_a_cut_call_is_marked_where_it_stands_and_all_else_stays():
    model, _ = steady([thought(0), called(1, '{"a": 1}'), called(2, '{"a": 2'), CUT])
    message = stream(model)
    assert [call["args"] for call in message.tool_calls] == [{"a": 1}]
    assert len(message.invalid_tool_calls) == 1
    whole = total([thought(0), called(1, '{"a": 1}')]).content
    assert message.content[:2] == whole and "cut short" in str(message.content[2])


CUT = AIMessageChunk(content=[], response_metadata={"status": "incomplete"})


# Usage


def usage(taken: int, given: int) -> Any:
    total_tokens = taken + given
    return {
        "input_tokens": taken,
        "output_tokens": given,
        "total_tokens": total_tokens,
    }


@pytest.mark.parametrize("after", ["continue", "full"])
def test_usage_is_that_of_the_last_request_wherever_it_came(after: Any):
    half = [chunk(usage_metadata=usage(10, 0)), chunk("Half"), ConnectionError("reset")]
    rest = [
        chunk(usage_metadata=usage(20, 0)),
        chunk(" more" if after == "continue" else "Half more"),
        chunk("", "stop", usage_metadata=usage(0, 5)),
    ]
    model, _ = steady(half, rest, after_first_token=after)
    message = stream(model)
    assert message.text == "Half more"
    assert message.usage_metadata == usage(20, 5)


def test_what_goes_on_in_blocks_is_added_to_no_block_of_before():
    half = [thought(0), chunk([{"type": "text", "text": "Half", "index": 1}])]
    rest = [chunk([{"type": "text", "text": " more", "index": 0}]), chunk([], "stop")]
    broken = [*half, ConnectionError("reset")]
    model, _ = steady(broken, rest, after_first_token="continue")
    message = stream(model)
    assert message.text == "Half more"
    assert message.content[:2] == total(half).content


@pytest.mark.parametrize("after", ["restart", "full"])
def test_a_restart_in_blocks_leaves_no_bare_text_among_them(after: Any):
    half = [chunk([{"type": "text", "text": "Half", "index": 0}])]
    again = [chunk([{"type": "text", "text": "All.", "index": 0}]), chunk([], "stop")]
    model, _ = steady([*half, ConnectionError("reset")], again, after_first_token=after)
    came = list(model.stream("Hi"))
    begin = next(
        n for n, one in enumerate(came) if one.response_metadata.get("restart")
    )
    message = total(came[begin:])
    assert message.text == "All."
    assert all(isinstance(block, dict) for block in message.content)
