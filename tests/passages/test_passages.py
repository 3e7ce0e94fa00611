"""passages: one item of any stream, told one way."""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage

from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.finish import finish
from course_utils.passages import Passage, Reader, passages


def chunk(text="", message_id="lc_run-1", **fields):
    return AIMessageChunk(content=text, id=message_id, **fields)


def told(*items):
    return list(passages(iter(items)))


def texts(found, message=None):
    kept = [p for p in found if p.kind == "text" and message in (None, p.message)]
    return "".join(p.text for p in kept)


def kinds(found):
    return [p.kind for p in found]


def test_chunks_of_a_model_are_text_of_one_message():
    found = told(chunk("Hel"), chunk(), chunk("lo"))
    assert found == [
        Passage("text", "Hel", "lc_run-1"),
        Passage("text", "lo", "lc_run-1"),
    ]


def test_text_and_finish_in_one_chunk_are_told_in_this_order():
    last = chunk("lo", response_metadata={"finish_reason": "stop"})
    (text, end) = told(last)
    assert (text.text, end.text, end.value) == ("lo", "stop", finish("stop"))


def test_two_voices_in_turn_are_kept_apart():
    found = told(chunk("a", "1"), chunk("b", "2"), chunk("a", "1"), chunk("b", "2"))
    assert texts(found, "1") == "aa"
    assert texts(found, "2") == "bb"


def test_a_message_with_two_ids_is_one_message():
    found = told(chunk("", "resp_1"), chunk("a", "lc_run-1"), chunk("b", "lc_run-1"))
    assert {p.message for p in found} == {"resp_1"}


def test_what_people_and_prompts_say_is_not_told():
    said = [HumanMessage("me", id="1"), AIMessage("you", id="2")]
    assert texts(told({"node": {"messages": said}})) == "you"


def test_the_first_state_is_history():
    before, after = AIMessage("old", id="1"), AIMessage("new", id="3")
    question = HumanMessage("?", id="2")
    first = {"messages": [before, question]}
    assert texts(told(first, {"messages": [before, question, after]})) == "new"


def test_the_newest_running_total_of_a_message_counts():
    def used(given, taken):
        total = {"input_tokens": given, "output_tokens": taken}
        return chunk(usage_metadata={**total, "total_tokens": given + taken})

    last = told(used(100, 1), used(100, 2), used(100, 3))[-1]
    assert last.value["total_tokens"] == 103
    assert told(used(10, 0), used(0, 4))[-1].value["total_tokens"] == 14


def test_fragments_of_a_call_and_its_result_have_one_key():
    def part(name, args, call_id=None):
        piece = {"name": name, "args": args, "id": call_id, "index": 0}
        return chunk(tool_call_chunks=[piece])

    result = ToolMessage("paid", tool_call_id="call_1", name="pay")
    found = told(part("pay", "", "call_1"), part(None, '{"x": 1}'), (result, {}))
    assert kinds(found) == ["tool_call", "tool_call", "tool_result"]
    assert {p.call for p in found} == {"call_1"}


def test_an_unknown_item_is_refused_and_says_the_next_step():
    with pytest.raises(TypeError, match=r"show\(\) reads .* got one of bytes: decode"):
        Reader(name="show").read(b"Hi")


async def test_an_async_stream_gives_an_async_iterator():
    async def stream():
        yield chunk("Hi")

    assert [p.text async for p in passages(stream())] == ["Hi"]


def closable(closed):
    try:
        yield chunk("a")
        yield chunk("b")
    finally:
        closed.append(True)


async def aclosable(closed):
    for item in closable(closed):
        yield item


async def test_leaving_the_passages_leaves_the_stream():
    closed = []
    found = passages(closable(closed))
    next(found)
    found.close()
    afound = passages(aclosable(closed))
    await anext(afound)
    await afound.aclose()
    assert closed == [True, True]


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
async def test_leaving_the_passages_of_a_v3_run_stops_it():
    model = FakeStreamingChatModel(replies=Reply("One two three", stall_after=1))
    agent = create_agent(model, [])
    for run in (
        await model.astream_events("Hi", version="v3"),
        await agent.astream_events({"messages": [("user", "Hi")]}, version="v3"),
    ):
        found = passages(run)
        await anext(found)
        await found.aclose()
    assert {call.outcome for call in model.log} == {"closed by reader"}
