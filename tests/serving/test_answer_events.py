"""The events of sse_response: what a browser is told, and what it never is."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableParallel

from course_utils.buffering import WordBuffer, buffered
from course_utils.cache import cached
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall
from course_utils.reliability import reliable
from course_utils.serving import read_sse, sse_response
from tests.support.played import Played, chunk


def strictly(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


async def served(stream: Any, **options: Any) -> list[tuple[str, Any]]:
    response = sse_response(stream, **options)
    body = "".join([part async for part in response.body_iterator])
    found = read_sse(body.split("\n"))
    return [(event.event, strictly(event.data)) for event in found]


async def stream(*items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def fake(*replies: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=list(replies), clock=VirtualClock())


async def test_a_restart_reaches_the_browser():
    model = fake(Reply("One two three.", cut_after=2), "Two three four.")
    steady = reliable(model, after_first_token="restart", clock=VirtualClock())
    events = await served(steady.astream("Hi"))
    names = [name for name, _ in events]
    at = names.index("restart")
    before, after = events[:at], events[at:]
    assert "".join(f["text"] for n, f in before if n == "text") == "One two"
    assert "".join(f["text"] for n, f in after if n == "text") == "Two three four."
    # A page that keeps texts by message drops the right one.
    assert events[at][1]["message"] == before[0][1]["message"]
    assert names[-1] == "done"


@pytest.mark.parametrize(
    ("reason", "last", "word"),
    [
        ("length", "cut", "length"),
        ("gone_fishing", "error", "gone_fishing"),
        ("abort", "error", "abort"),
        ("cancelled", "stopped", "cancelled"),
        ("pause_turn", "paused", "pause_turn"),
    ],
)
async def test_a_chains_text_ends_as_its_model_did(reason, last, word):
    chain = fake(Reply("One two.", finish_reason=reason)) | StrOutputParser()
    *_, (name, told) = await served(chain.astream("Hi"))
    assert (name, word in json.dumps(told)) == (last, True)


async def test_two_answers_at_once_can_be_kept_apart():
    pairs = [("al", "1", "a"), ("one", "2", "b"), ("pha", "1", "a"), (" two", "2", "b")]
    items = [
        (AIMessageChunk(text, id=key), {"langgraph_node": node})
        for text, key, node in pairs
    ]
    texts: dict[tuple[str, str], str] = {}
    for name, told in await served(stream(*items), require_finish=False):
        if name == "text":
            key = (told["message"], told["source"])
            texts[key] = texts.get(key, "") + told["text"]
    assert texts == {("1", "a"): "alpha", ("2", "b"): "one two"}


@pytest.mark.parametrize("mode", ["messages", "updates", "values", "debug"])
async def test_a_private_summary_stays_private(mode):
    summary = SummarizationMiddleware(
        fake("SECRET summary."), trigger=("messages", 2), keep=("messages", 1)
    )
    agent = create_agent(fake("Hello."), [], middleware=[summary], name="boss")
    asked = [HumanMessage("SECRET question"), AIMessage("old"), HumanMessage("Hi")]
    events = await served(agent.astream({"messages": asked}, stream_mode=mode))
    assert "SECRET" not in json.dumps(events)
    assert "".join(f["text"] for n, f in events if n == "text") == "Hello."
    assert events[-1][0] == "done"


async def test_what_a_model_tells_a_tool_is_no_part_of_the_answer():
    def ask(question: str) -> str:
        """Ask a helper."""
        return str(fake("psst").invoke(question).text)

    call = Reply(tool_calls=[ToolCall("ask", {"question": "?"})])
    agent = create_agent(fake(call, "End."), [ask], name="boss")
    question = {"messages": [("user", "Hi")]}
    events = await served(agent.astream(question, stream_mode="messages"))
    assert "".join(f["text"] for n, f in events if n == "text") == "End."
    assert [n for n, f in events if "psst" in json.dumps(f)] == ["tool_result"]


SECRET = AIMessage("secret")


async def test_odd_values_are_sent_as_json_or_not_at_all():
    odd = {"a": float("nan"), ("b",): 1, "c": object(), "d": [SECRET]}
    part = {"type": "custom", "ns": (), "data": odd}
    events = await served(
        stream(odd, part, {"type": "custom", "ns": (), "data": SECRET})
    )
    told = {"a": None, "d": []}
    assert events[:-1] == [("data", told), ("progress", {"value": told})]


async def test_a_whole_message_tells_its_tool_calls():
    calls = [{"name": "pay", "args": {"amount": 5}, "id": "1"}]
    bad = [{"name": "pay", "args": '{"am', "id": "2", "error": None}]
    message = AIMessage("", tool_calls=calls, invalid_tool_calls=bad, id="m")
    events = await served(stream({"model": {"messages": [message]}}))
    who = {"message": "m", "source": "model"}
    assert events[:-1] == [
        ("tool_call", {"id": "1", "name": "pay", "args": '{"amount": 5}', **who}),
        (
            "tool_call",
            {"id": "2", "name": "pay", "args": '{"am', "invalid": True, **who},
        ),
    ]
    assert events[-1][1]["open_calls"] == ["pay"]


async def test_a_character_in_two_halves_goes_out_whole():
    high, low = chr(0xD83D), chr(0xDE00)
    items = [AIMessageChunk(text, id="m") for text in ("a" + high, low, high)]
    events = await served(stream(*items), require_finish=False)
    assert [told["text"] for name, told in events if name == "text"] == ["a", "😀", "�"]


async def test_a_stream_that_was_stopped_here_says_so():
    async def stopped() -> AsyncIterator[str]:
        yield "One"
        raise asyncio.CancelledError

    events = await served(stopped())
    assert events == [
        ("text", {"text": "One"}),
        ("stopped", {"finish_reason": None, "usage": None}),
    ]


@pytest.mark.parametrize(
    ("items", "note"),
    [
        ([], "nothing came"),
        (
            [{"type": "updates", "ns": (), "data": {"a": {"b": 1}}}],
            "only state, no text",
        ),
        ([AIMessageChunk("", response_metadata={"finish_reason": "stop"})], "no text"),
    ],
)
async def test_a_stream_that_gave_nothing_to_read_says_so(items, note):
    *_, (name, told) = await served(stream(*items))
    assert (name, told["note"]) == ("done", note)


async def test_an_item_that_nobody_can_read_is_an_error_with_the_text_before_it():
    events = await served(stream("One", 7j))
    assert events[0] == ("text", {"text": "One"})
    assert events[-1][0] == "error" and events[-1][1]["type"] == "TypeError"


async def test_half_a_character_is_told_though_the_stream_breaks():
    def breaks():
        yield "One" + chr(0xD83D)
        raise ConnectionError("reset")

    (_, one), (name, half), (last, _) = await served(breaks())
    assert (one, name, half, last) == ({"text": "One"}, "text", {"text": "�"}, "error")


def test_a_misspelt_mode_is_refused_before_anything_is_sent():
    agent = create_agent(fake("Hi"), [])
    question = {"messages": [("user", "Hi")]}
    with pytest.raises(ValueError, match="no stream_mode 'token'"):
        sse_response(agent.astream(question, stream_mode="token"))


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("around", [lambda model: model, cached], ids=["", "cached"])
@pytest.mark.parametrize(
    "chain",
    [
        lambda model: model | StrOutputParser(),
        lambda model: model | StrOutputParser() | buffered(WordBuffer),
        lambda model: RunnableParallel(a=model | StrOutputParser()),
        lambda model: model | StrOutputParser() | fake("A second answer."),
    ],
    ids=["text", "buffered", "parallel", "question of another"],
)
async def test_text_that_was_taken_back_and_cannot_be_is_no_success(chain, around, way):
    broken = [Reply("Half an answer.", drop_after=2), "A whole answer."]
    steady = reliable(fake(*broken), after_first_token="restart", clock=VirtualClock())
    asked = chain(around(steady))
    stream = asked.stream("Hi") if way == "sync" else asked.astream("Hi")
    name, told = (await served(stream))[-1]
    assert (name, told["type"]) == ("error", "AnswerReplaced")


async def test_a_restart_after_a_thought_alone_takes_no_text_back():
    thought = AIMessageChunk([{"type": "reasoning", "reasoning": "Hm", "index": 0}])
    plays = [[thought, ConnectionError("reset")], [chunk("Whole."), chunk("", "stop")]]
    model = reliable(
        Played(plays=plays), after_first_token="restart", clock=VirtualClock()
    )
    events = await served((model | StrOutputParser()).stream("Hi"))
    assert [name for name, _ in events] == ["text", "done"]
