"""What a scripted model thinks, refuses and is sure of: in process and on the wire."""

from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.fake.plan import plan
from course_utils.fake.server import FakeServer
from tests.support.callers import ASK, STREAM, chat, events, get

THOUGHTFUL = Reply("It is four.", reasoning="Two and two.")
THOUGHT, SAID = 4, 4  # pieces


def fake(reply: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=reply, clock=VirtualClock())


async def streamed(model: Any, mode: str) -> list[AIMessageChunk]:
    if mode == "sync":
        return list(model.stream("Hi"))
    return [chunk async for chunk in model.astream("Hi")]


def added(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    return reduce(lambda whole, chunk: whole + chunk, chunks)


def thought(message: Any) -> str:
    blocks = message.content_blocks
    return "".join(b.get("reasoning", "") for b in blocks if b["type"] == "reasoning")


both = pytest.mark.parametrize("mode", ["sync", "async"])


def test_thoughts_come_first_in_pieces_of_their_own() -> None:
    kinds = [step.kind for step in plan(THOUGHTFUL)]
    assert kinds[2:] == ["reason"] * THOUGHT + ["text"] * SAID + [
        "finish",
        "usage",
        "done",
    ]


def test_the_first_token_is_a_thought() -> None:
    reply = Reply("a", reasoning="b c", first_token=2, per_token=1)
    waits = [(s.kind, s.wait) for s in plan(reply) if s.kind in ("reason", "text")]
    assert waits == [("reason", 2), ("reason", 1), ("text", 1)]


@pytest.mark.parametrize(
    ("after", "thoughts", "text"), [(2, "a b", ""), (3, "a b c", ""), (4, "a b c", "d")]
)
def test_a_fault_counts_the_thoughts_before_it(
    after: int, thoughts: str, text: str
) -> None:
    chunks = list(fake(Reply("d e", reasoning="a b c", cut_after=after)).stream("Hi"))
    assert "".join(map(thought, chunks)) == thoughts
    assert "".join(chunk.text for chunk in chunks) == text


@both
async def test_a_fake_that_thinks_answers_in_blocks(mode: str) -> None:
    chunks = await streamed(fake(THOUGHTFUL), mode)
    assert added(chunks).content == [
        {"type": "reasoning", "reasoning": "Two and two.", "index": 0},
        {"type": "text", "text": "It is four.", "index": 1},
    ]
    assert added(chunks).text == "It is four."


@both
async def test_a_fake_that_does_not_think_answers_in_text(mode: str) -> None:
    assert added(await streamed(fake("Four."), mode)).content == "Four."


def test_a_full_response_holds_the_same_blocks() -> None:
    model = fake(THOUGHTFUL)
    message = model.invoke("Hi")
    assert (thought(message), message.text) == ("Two and two.", "It is four.")
    assert message.usage_metadata == added(list(model.stream("Hi"))).usage_metadata


def test_thoughts_are_counted_among_the_tokens_of_the_answer() -> None:
    usage = fake(THOUGHTFUL).invoke("Hi").usage_metadata
    assert usage is not None
    assert usage["output_tokens"] == THOUGHT + SAID
    assert usage["output_token_details"] == {"reasoning": THOUGHT}


def test_a_limit_may_be_used_up_by_thinking() -> None:
    model = FakeStreamingChatModel(replies=THOUGHTFUL, max_tokens=2)
    message = model.invoke("Hi")
    assert (thought(message), message.text) == ("Two and", "")
    assert message.response_metadata["finish_reason"] == "length"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", None])
def test_a_chat_completion_tells_thoughts_in_the_field_the_server_has(
    field: str | None,
) -> None:
    with FakeServer(THOUGHTFUL, reasoning_field=field) as server:
        sent = events(server)
        body = get(server)[1]
    deltas = [event["choices"][0]["delta"] for event in sent]
    told = "".join(delta.get(field, "") for delta in deltas)
    assert told == ("Two and two." if field else "")
    assert body["choices"][0]["message"].get(field) == (told or None)
    details = body["usage"]["completion_tokens_details"]
    assert details["reasoning_tokens"] == THOUGHT


def test_a_field_that_no_client_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="think in silence"):
        FakeServer(reasoning_field="thoughts")


@both
@pytest.mark.parametrize("summary", [True, False])
async def test_responses_tell_a_summary_to_who_asked_for_it(
    mode: str, summary: bool
) -> None:
    asked = {"effort": "low", "summary": "auto"} if summary else {"effort": "low"}
    with FakeServer(THOUGHTFUL) as server:
        model = chat(server, use_responses_api=True, reasoning=asked)
        whole = added(await streamed(model, mode))
    assert thought(whole) == ("Two and two." if summary else "")
    assert whole.text == "It is four."
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_token_details"]["reasoning"] == THOUGHT


def test_the_events_of_a_summary_open_and_close_before_the_message() -> None:
    body = {"model": "m", "input": "Hi", "stream": True}
    with FakeServer(Reply("Four.", reasoning="Hm so.")) as server:
        asked = body | {"reasoning": {"summary": "auto"}}
        told = [event["type"] for event in events(server, asked, "/responses")]
        silent = [event["type"] for event in events(server, body, "/responses")]
    part, text = "response.reasoning_summary_part", "response.reasoning_summary_text"
    assert told[2:10] == [
        "response.output_item.added",
        f"{part}.added",
        *[f"{text}.delta"] * 3,
        f"{text}.done",
        f"{part}.done",
        "response.output_item.done",
    ]
    assert [name for name in told if "summary" not in name] == silent


# Refusals and log probabilities.


def test_a_refusal_is_told_apart_from_text() -> None:
    reply = Reply(refusal="I will not say that.")
    with FakeServer(reply) as server:
        message = get(server)[1]["choices"][0]["message"]
        answer = chat(server).invoke("Hi")
        output = chat(server, use_responses_api=True).invoke("Hi")
    assert (message["content"], message["refusal"]) == (None, reply.refusal)
    assert answer.additional_kwargs["refusal"] == reply.refusal
    assert {"type": "refusal", "refusal": reply.refusal}.items() <= dict(
        output.content[0]  # type: ignore[arg-type]  # a block
    ).items()
    assert fake(reply).invoke("Hi").additional_kwargs["refusal"] == reply.refusal


@both
async def test_a_streamed_refusal_adds_up(mode: str) -> None:
    chunks = await streamed(fake(Reply(refusal="I will not.")), mode)
    assert added(chunks).additional_kwargs["refusal"] == "I will not."
    assert added(chunks).text == ""


def test_log_probabilities_are_sent_to_who_asks_for_them() -> None:
    reply = Reply("a b c", logprobs=[-0.5, -2.0])
    with FakeServer(reply) as server:
        silent = get(server)[1]["choices"][0]
        asked = get(server, ASK | {"logprobs": True})[1]["choices"][0]
        sent = events(server, STREAM | {"logprobs": True})
        model = chat(server).bind(logprobs=True)
        metadata = added(list(model.stream("Hi"))).response_metadata  # type: ignore[arg-type]  # chunks
    assert silent["logprobs"] is None
    likely = [one["logprob"] for one in asked["logprobs"]["content"]]
    assert likely[:2] == [-0.5, -2.0]
    assert len(likely) == 3
    told = [event["choices"][0]["logprobs"] for event in sent]
    assert [one["content"][0]["logprob"] for one in told if one] == likely
    assert metadata["logprobs"]["content"][1]["logprob"] == -2.0
    mine = fake(reply).invoke("Hi").response_metadata["logprobs"]["content"]
    assert [one["logprob"] for one in mine] == likely


# Two calls, two models, two agents at once.

TWO = [{"name": "a", "args": {"x": 1234567}}, {"name": "b", "args": {"y": 7654321}}]


@both
async def test_fragments_of_two_calls_take_turns(mode: str) -> None:
    chunks = await streamed(fake(Reply(tool_calls=TWO, interleave=True)), mode)
    turns = [part["index"] for chunk in chunks for part in chunk.tool_call_chunks]
    assert sum(before != after for before, after in pairwise(turns)) > 4
    calls = added(chunks).tool_calls
    assert [(call["name"], call["args"]) for call in calls] == [
        (call["name"], call["args"]) for call in TWO
    ]


@pytest.mark.parametrize("responses", [True, False])
def test_fragments_that_take_turns_on_the_wire_add_up_too(responses: bool) -> None:
    with FakeServer(Reply(tool_calls=TWO, interleave=True)) as server:
        model = chat(server, use_responses_api=responses)
        calls = added(list(model.stream("Hi"))).tool_calls
    assert [(call["name"], call["args"]) for call in calls] == [
        (call["name"], call["args"]) for call in TWO
    ]


def test_two_models_speak_at_once_in_one_graph() -> None:
    def speaker(text: str) -> Any:
        model = FakeStreamingChatModel(replies=text, per_token=0.2)
        return lambda state: {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("one", speaker("one two three"))
    graph.add_node("four", speaker("four five six"))
    graph.add_edge(START, "one")
    graph.add_edge(START, "four")
    asked = {"messages": [("user", "Hi")]}
    parts: Any = graph.compile().stream(asked, stream_mode="messages")
    told = [(about["langgraph_node"], chunk.text) for chunk, about in parts]
    for node, text in (("one", "one two three"), ("four", "four five six")):
        assert "".join(piece for name, piece in told if name == node) == text
    nodes = [name for name, piece in told if piece]
    assert nodes not in (sorted(nodes), sorted(nodes, reverse=True))


def test_one_fake_plays_an_agent_and_its_sub_agent_by_the_question() -> None:
    def by_question(messages: list[Any]) -> Any:
        if messages[-1].text == "Weather?":
            return "It rains."
        if messages[-1].type == "tool":
            return f"The expert says: {messages[-1].text}"
        return Reply(tool_calls=[{"name": "expert", "args": {"question": "Weather?"}}])

    model = FakeStreamingChatModel(replies=by_question)
    inner: Any = create_agent(model, [])

    @tool
    def expert(question: str) -> str:
        """Ask the expert."""
        return str(
            inner.invoke({"messages": [("user", question)]})["messages"][-1].text
        )

    outer: Any = create_agent(model, [expert])
    answer = outer.invoke({"messages": [("user", "Shall I go out?")]})
    assert answer["messages"][-1].text == "The expert says: It rains."
    assert [call.outcome for call in model.log] == ["finished"] * 3
