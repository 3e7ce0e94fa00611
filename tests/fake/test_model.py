"""The fake chat model, as LangChain's callers see it."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from langchain_core.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelRateLimitError,
)
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import tool

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply

FRENCH = "Où ça ? *Là-bas*, près de l’hôtel 🙂."


def fake(replies: Any, **options: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=replies, clock=VirtualClock(), **options)


async def streamed(model: FakeStreamingChatModel, mode: str) -> list[AIMessageChunk]:
    if mode == "sync":
        return list(model.stream("Hi"))
    return [chunk async for chunk in model.astream("Hi")]


async def collect(model: FakeStreamingChatModel, mode: str, seen: list[str]) -> None:
    """Read the text into `seen`, so that it is there when the stream breaks."""
    if mode == "sync":
        for chunk in model.stream("Hi"):
            seen.append(str(chunk.text))
    else:
        async for chunk in model.astream("Hi"):
            seen.append(str(chunk.text))


both = pytest.mark.parametrize("mode", ["sync", "async"])


@both
async def test_the_chunks_join_to_the_text(mode: str) -> None:
    chunks = await streamed(fake(FRENCH), mode)
    assert "".join(chunk.text for chunk in chunks) == FRENCH


@both
async def test_a_stream_begins_with_an_empty_chunk_and_ends_with_its_reason(
    mode: str,
) -> None:
    chunks = await streamed(fake("Hi you"), mode)
    assert chunks[0].text == ""
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 2


@both
async def test_a_stream_takes_the_time_its_reply_says(mode: str) -> None:
    clock = VirtualClock()
    model = FakeStreamingChatModel(
        replies=Reply("a b c", first_token=2, per_token=0.5), clock=clock
    )
    await streamed(model, mode)
    assert clock.now() == 3


async def test_the_full_response_takes_as_long_as_the_stream() -> None:
    clock = VirtualClock()
    reply = Reply("a b c", first_token=2, per_token=0.5)
    FakeStreamingChatModel(replies=reply, clock=clock).invoke("Hi")
    assert clock.now() == 3


@both
@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (Reply(status=400), ModelInvalidRequestError, ""),
        (Reply(status=429), ModelRateLimitError, ""),
        (Reply(status=500), ModelAPIError, ""),
        (Reply(status=503), ModelAPIError, ""),
        (Reply(reset=True), ModelConnectionError, ""),
        (Reply("a b c", drop_after=2), ModelConnectionError, "a b"),
        (Reply("a b c", truncate_after=2), ModelConnectionError, "a b"),
        (Reply("a b c", error_after=2), ModelAPIError, "a b"),
        (Reply("a b c", garble_after=2), ModelAPIError, "a b"),
    ],
)
async def test_a_fault_raises_langchain_s_own_error_after_what_was_sent(
    mode: str, reply: Reply, error: type[ModelError], text: str
) -> None:
    seen: list[str] = []
    with pytest.raises(error):
        await collect(fake(reply), mode, seen)
    assert "".join(seen) == text


@both
async def test_the_silent_cut_ends_a_stream_without_error_or_reason(mode: str) -> None:
    chunks = await streamed(fake(Reply("a b c", cut_after=2)), mode)
    assert "".join(chunk.text for chunk in chunks) == "a b"
    assert all("finish_reason" not in c.response_metadata for c in chunks)


def test_a_refusal_carries_how_long_to_wait() -> None:
    with pytest.raises(ModelRateLimitError) as refused:
        fake(Reply(status=429, retry_after=3)).invoke("Hi")
    assert refused.value.retry_after == 3  # type: ignore[attr-defined]  # set by us


@pytest.mark.parametrize("fault", ["drop_after", "cut_after", "truncate_after"])
async def test_a_full_response_that_breaks_is_an_error(fault: str) -> None:
    broken: dict[str, Any] = {fault: 2}
    model = fake(Reply("a b c", **broken))
    with pytest.raises(ModelConnectionError):
        model.invoke("Hi")
    with pytest.raises(ModelConnectionError):
        await model.ainvoke("Hi")


def test_exceptions_among_the_replies_are_raised_in_their_turn() -> None:
    model = fake(["one", ConnectionError("gone"), "three"])
    assert model.invoke("Hi").text == "one"
    with pytest.raises(ConnectionError, match="gone"):
        model.invoke("Hi")
    assert model.invoke("Hi").text == "three"


def test_leaving_early_closes_the_answer_and_the_log_says_so() -> None:
    model = fake("a b c d")
    for chunk in model.stream("Hi"):
        if chunk.text:
            break
    assert [call.outcome for call in model.log] == ["closed by reader"]
    assert model.log[0].tokens_sent <= 1


async def test_a_cancelled_task_closes_the_answer() -> None:
    model = FakeStreamingChatModel(replies=Reply("a b", stall_after=1))
    begun = asyncio.Event()

    async def read() -> None:
        async for chunk in model.astream("Hi"):
            if chunk.text:
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.log[0].outcome == "closed by reader"


@tool
def pay(to: str, amount: int) -> str:
    """Send money."""
    return f"paid {amount} to {to}"


def test_tool_arguments_stream_in_fragments_and_add_up() -> None:
    call = {"name": "pay", "args": {"to": "bob", "amount": 10000}}
    chunks = list(fake(Reply(tool_calls=[call])).bind_tools([pay]).stream("Pay bob"))
    fragments = [c.tool_call_chunks for c in chunks if c.tool_call_chunks]  # type: ignore[attr-defined]  # AI chunks
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk  # type: ignore[assignment]  # chunks add up to a chunk
    assert len(fragments) > 5
    assert whole.tool_calls[0]["args"] == call["args"]


def test_without_streaming_half_an_argument_is_an_invalid_call() -> None:
    call = {"name": "pay", "args": {"to": "bob", "amount": 10000}}
    message = fake(Reply(tool_calls=[call], length_after=-2)).invoke("Pay")
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '{"to": "bob", "amount": 100'


def test_two_models_with_the_same_seed_wait_alike() -> None:
    def gaps() -> list[float]:
        clock = VirtualClock()
        model = FakeStreamingChatModel(
            replies="a b c d e", preset="frontier", seed="s", clock=clock
        )
        times = [clock.now() for chunk in model.stream("Hi") if chunk.text]
        return [later - earlier for earlier, later in pairwise(times)]

    assert gaps() == gaps()


def test_the_log_knows_the_fault_that_ended_an_answer() -> None:
    model = fake(Reply("a b c", drop_after=2))
    with pytest.raises(ModelConnectionError):
        list(model.stream("Hi"))
    assert repr(model.log[0]) == "Call 1 (attempt 1): 2 tokens, drop"


# Settings, at the door.


def test_a_reply_may_be_given_without_its_name() -> None:
    assert FakeStreamingChatModel("Hi there.").invoke("Hi").text == "Hi there."
    assert FakeStreamingChatModel(["a", "b"]).invoke("Hi").text == "a"


@pytest.mark.parametrize(
    ("slip", "advice"),
    [
        ("repiles", "write replies="),
        ("per_tokens", "write per_token="),
        ("sed", "write seed="),
        ("xyz", "there are replies, preset"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_right_one(
    slip: str, advice: str
) -> None:
    with pytest.raises(TypeError, match=f"such setting, got {slip}=.*: {advice}"):
        FakeStreamingChatModel(**{slip: "Hi"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_token", "2"),
        ("first_token", -1),
        ("per_token", None),
        ("preset", "slow"),
        ("seed", 3),
        ("strict", "yes"),
        ("max_tokens", "5"),
        ("clock", 3),
        ("replies", 3),
        ("replies", []),
        ("replies", {"text": "Hi"}),
    ],
)
def test_a_wrong_kind_of_setting_fails_where_it_is_written(
    name: str, value: Any
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"got |empty list"):
        FakeStreamingChatModel(**{name: value})


def test_a_fake_can_be_made_anew_with_another_setting() -> None:
    model = FakeStreamingChatModel("Hi", temperature=1)
    other = model.model_copy(update={"temperature": 0.5})
    assert (other.invoke("Hi").text, other.temperature) == ("Hi", 0.5)
    assert model.with_config(tags=["a"]).invoke("Hi").text == "Hi"


@pytest.mark.parametrize("stall", [float("inf"), 1e12])
@pytest.mark.parametrize("keep_alive", [True, False])
async def test_a_full_response_that_stalls_is_not_made_of_endless_comments(
    stall: float, keep_alive: bool
) -> None:
    reply = Reply("a b", stall_after=1, stall=stall, keep_alive=keep_alive)
    clock = VirtualClock()
    model = FakeStreamingChatModel(reply, clock=clock)
    assert model.invoke("Hi").text == (await model.ainvoke("Hi")).text == "a b"
    assert clock.now() >= stall
    assert "".join(chunk.text for chunk in model.stream("Hi")) == "a b"
