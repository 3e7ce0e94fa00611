"""A reliable model at work: tools, agents, events, chains, structured output."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.reliability import StreamTruncated
from tests.support.steady import (
    BROKEN,
    PAY,
    SILENT,
    TEXT,
    Read,
    both,
    fake,
    read,
    steady,
    text,
)


class Paid:
    """A tool that remembers what it was called with."""

    def __init__(self) -> None:
        self.amounts: list[int] = []

    def agent(self, model: BaseChatModel) -> Any:
        def pay(to: str, amount: int) -> str:
            """Pay someone."""
            self.amounts.append(amount)
            return f"Paid {amount} to {to}."

        return create_agent(model, [pay])


def invoke_agent(agent: Any, question: Any) -> Any:
    return agent.invoke(question)["messages"]


def stream_agent(agent: Any, question: Any) -> Any:
    *_, last = agent.stream(question, stream_mode=["messages", "values"])
    return last[1]["messages"]


def astream_agent(agent: Any, question: Any) -> Any:
    async def go() -> Any:
        modes = ["messages", "values"]
        return [item async for item in agent.astream(question, stream_mode=modes)]

    return asyncio.run(go())[-1][1]["messages"]


def events_agent(agent: Any, question: Any) -> Any:
    return agent.stream_events(question, version="v3").output["messages"]


ways = pytest.mark.parametrize(
    "ask", [invoke_agent, stream_agent, astream_agent, events_agent]
)
beta = pytest.mark.filterwarnings("ignore:The v3 streaming protocol")
QUESTION = {"messages": [HumanMessage("Pay bob 10000.")]}


@ways
@beta
def test_a_whole_tool_call_is_executed(ask: Any):
    paid = Paid()
    agent = paid.agent(steady(fake(Reply(tool_calls=[PAY]), "Done.")))
    assert ask(agent, QUESTION)[-1].text == "Done."
    assert paid.amounts == [10_000]


@ways
@beta
@pytest.mark.parametrize("cut", range(-1, -9, -1))
def test_half_a_tool_call_is_never_executed(ask: Any, cut: int):
    paid = Paid()
    half = Reply(tool_calls=[PAY], length_after=cut)
    answer = ask(paid.agent(steady(fake(half, "Done."))), QUESTION)[-1]
    assert paid.amounts == [] and not answer.tool_calls
    assert [call["name"] for call in answer.invalid_tool_calls] == ["pay"]


@ways
@beta
def test_half_a_tool_call_that_was_cut_is_asked_for_again(ask: Any):
    paid = Paid()
    half = Reply(tool_calls=[PAY], cut_after=-3)
    model = steady(fake(half, Reply(tool_calls=[PAY]), "Done."))
    assert ask(paid.agent(model), QUESTION)[-1].text == "Done."
    assert paid.amounts == [10_000]


@both
def test_a_sum_of_chunks_never_holds_half_a_tool_call(read: Read):
    half = fake(Reply(tool_calls=[PAY], cut_after=-3))
    first, *rest = read(steady(half, require_finish=False))
    total = first + rest
    assert total.tool_calls == []
    assert total.invalid_tool_calls[0]["args"].startswith("cut short: {")
    again = total + AIMessageChunk(content="")
    assert again.tool_calls == [], "however often they are added"


def test_half_a_tool_call_is_on_the_error_as_an_invalid_one():
    model = steady(fake(Reply(tool_calls=[PAY], cut_after=-3)), attempts=1)
    with pytest.raises(StreamTruncated) as raised:
        read(model)
    assert raised.value.partial.tool_calls == []
    assert raised.value.partial.invalid_tool_calls[0]["name"] == "pay"


def test_an_agent_keeps_only_the_text_that_stays():
    model = steady(fake(BROKEN[0], TEXT), after_first_token="restart")
    agent = create_agent(model, [])
    items = list(agent.stream(QUESTION, stream_mode=["messages", "values"]))
    shown = [item[1][0] for item in items if item[0] == "messages"]
    assert text(shown) == "Nice to" + TEXT
    assert items[-1][1]["messages"][-1].text == TEXT
    last = items[-1][1]["messages"][-1].id
    assert text([chunk for chunk in shown if chunk.id == last]) == TEXT


@beta
@pytest.mark.parametrize("how", ["restart", "full"])
def test_events_that_know_no_restart_get_the_error_instead(how: Any):
    model = steady(fake(BROKEN[0], "Hello."), after_first_token=how)
    with pytest.raises(StreamTruncated) as raised:
        events_agent(create_agent(model, []), QUESTION)
    assert raised.value.partial.text == "Nice to"


@beta
def test_events_are_continued_in_one_message():
    model = fake(BROKEN[0], " meet you.")
    stays = create_agent(steady(model, after_first_token="continue"), [])
    run = stays.stream_events(QUESTION, version="v3")
    assert ["".join(message.text) for message in run.messages] == [TEXT]


async def test_events_of_version_two_hear_it_all():
    model = fake(BROKEN[0], " meet you.")
    stays = steady(model, after_first_token="continue")
    events = [event async for event in stays.astream_events("Hi", version="v2")]
    said = [e["data"]["chunk"].text for e in events if e["event"].endswith("_stream")]
    assert "".join(said) == TEXT
    assert events[-1]["data"]["output"].text == TEXT


def test_a_chain_is_reliable():
    model = fake(BROKEN[0], " meet you.")
    chain = steady(model, after_first_token="continue") | StrOutputParser()
    assert "".join(chain.stream("Hi")) == TEXT
    lambdas = RunnableLambda(lambda _: "Hi") | steady(fake(SILENT[0], TEXT))
    assert lambdas.invoke("Hi").text == TEXT


class Joke(BaseModel):
    """A joke."""

    setup: str
    punch: str


def test_structured_output_is_whole_or_an_error():
    args = {"setup": "Why?", "punch": "To get to the other side."}
    call = {"name": "Joke", "args": args}
    model = fake(Reply(tool_calls=[call], cut_after=-4), Reply(tool_calls=[call]))
    jokes = list(steady(model).with_structured_output(Joke).stream("Tell me one."))
    assert jokes[-1] == Joke(**args)
    half = fake(Reply(tool_calls=[call], length_after=-4))
    found = steady(half).with_structured_output(Joke).invoke("Tell me one.")
    assert found is None, "LangChain's own answer where there is no whole call"


def test_tools_reach_a_fallback_that_wants_them_in_another_way():
    class Other(FakeStreamingChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self.bind(functions=tools)

        def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
            assert kwargs == {"functions": [Joke], "stop": None}
            yield from super()._stream(*args)

    first = fake(Reply(status=500))
    model = steady(first, fallbacks=[Other(replies=TEXT)], attempts=1)
    assert text(read(model.bind_tools([Joke]))) == TEXT
    assert first.log[0].request.tools[0]["name"] == "Joke"
