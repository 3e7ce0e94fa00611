"""What the parts of a graph's stream say: sources, asides, questions, states."""

from dataclasses import dataclass

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langgraph.types import Interrupt

from course_utils.fake import FakeStreamingChatModel
from course_utils.passages import Passage, Reader, passages

OLD = AIMessage("old", id="old")


def read(*items):
    return list(passages(iter(items)))


def text(found, aside=False):
    return "".join(p.text for p in found if p.kind == "text" and p.aside == aside)


def at(node, **more):
    return {"langgraph_node": node, "langgraph_checkpoint_ns": f"{node}:1", **more}


def chunk(words="Hi", message_id="lc_run-1", **fields):
    return AIMessageChunk(words, id=message_id, **fields)


SOURCES = {
    "a node": ((chunk(), at("model")), "model"),
    "an agent with a name": ((chunk(), at("model", lc_agent_name="poet")), "poet"),
    "a sub-agent": (
        (("tools:1",), (chunk(), at("model", lc_agent_name="poet"))),
        "tools/poet",
    ),
    "a graph in a graph": (
        (("one:1", "two:2"), "messages", (chunk(), at("three"))),
        "one/two/three",
    ),
    "an update": ({"writer": {"messages": [AIMessage("Hi")]}}, "writer"),
    "a bare model": (chunk(), ""),
}


@pytest.mark.parametrize("who", SOURCES)
def test_the_source_says_who_speaks(who):
    item, source = SOURCES[who]
    (passage,) = read(item)
    assert passage.source == source


ASIDES = {
    "a model in a tool": (chunk(), at("tools")),
    "a model in a tool node by another name": (chunk(), at("call_tools")),
    "a sub-agent": (("tools:1",), (chunk(), at("model"))),
    "the tool of a sub-agent's tool": (("one:1", "tools:1"), (chunk(), at("x"))),
    "a middleware's own model": (chunk(), at("model", lc_source="summarization")),
    "a guard's model": (chunk(), at("Guard.after_agent")),
    "a sub-agent's update": (("tools:1",), {"model": {"messages": [AIMessage("Hi")]}}),
}


@pytest.mark.parametrize("who", ASIDES)
def test_what_a_tool_or_a_helper_says_is_an_aside(who):
    found = read(ASIDES[who])
    assert (text(found), text(found, aside=True)) == ("", "Hi")


ANSWERS = {
    "a node that is a graph": (("poet:1",), (chunk(), at("model"))),
    "a node whose name has a tool in it": (chunk(), at("toolsmith")),
    "a message that a middleware wrote": (AIMessage("Hi"), at("Limit.before_model")),
    "a role by name": ChatMessage("Hi", role="assistant"),
    "a message by role": {"node": {"messages": [{"role": "ai", "content": "Hi"}]}},
    "one message, no list": {"node": {"messages": AIMessage("Hi")}},
    "a task that returns a message": {"task": AIMessage("Hi")},
}


@pytest.mark.parametrize("who", ANSWERS)
def test_what_others_say_is_the_answer(who):
    assert text(read(ANSWERS[who])) == "Hi"


@pytest.mark.parametrize(
    "message",
    [
        HumanMessage("a summary"),
        SystemMessage("a prompt"),
        ChatMessage("me", role="user"),
        RemoveMessage(id="1"),
    ],
)
def test_what_people_and_prompts_say_is_told_nowhere(message):
    state = {"messages": [message]}
    for item in (message, (message, at("model")), {"node": state}, ("values", state)):
        assert read(item) == []


def test_two_models_with_one_id_are_two_messages():
    found = read((chunk("a"), at("one")), (chunk("b"), at("two")))
    assert len({p.message for p in found}) == 2


def test_two_answers_of_the_responses_api_in_turn_are_two_messages():
    first, second = at("one"), at("two")
    found = read(
        (chunk("", "resp_1"), first),
        (chunk("", "resp_2"), second),
        (chunk("b", "lc_run-2"), second),
        (chunk("a", "lc_run-1"), first),
        (chunk("b", "lc_run-2"), second),
    )
    said = [(p.message, p.text) for p in found]
    assert said == [("resp_2", "b"), ("resp_1", "a"), ("resp_2", "b")]


def test_an_answer_that_keeps_its_providers_id_takes_no_other_in():
    found = read(chunk("a", "resp_1"), chunk("a", "resp_1"), chunk("b", "lc_run-2"))
    assert [p.message for p in found] == ["resp_1", "resp_1", "lc_run-2"]


def test_a_restart_takes_back_the_message_before():
    again = chunk("", "lc_run-2", response_metadata={"restart": True})
    reader = Reader()
    found = [p for c in (chunk("old"), again) for p in reader.read(c)]
    assert found[1:] == [Passage("restart", message="lc_run-1")]
    assert reader.endings.unended == ["lc_run-2"]


def test_a_restart_under_the_same_id_begins_the_message_anew():
    again = chunk("", response_metadata={"restart": True})
    end = chunk("new", response_metadata={"finish_reason": "stop"})
    reader = Reader()
    found = [p for c in (chunk("old"), again, end) for p in reader.read(c)]
    assert [p.kind for p in found] == ["text", "restart", "text", "finish"]
    assert reader.endings.whole


def test_of_two_voices_only_the_restarted_one_is_taken_back():
    restart = chunk("", "3", response_metadata={"restart": True})
    found = read(
        (chunk("a", "1"), at("one")), (chunk("b", "2"), at("two")), (restart, at("one"))
    )
    assert found[-1] == Passage("restart", message="1", source="one")


def test_a_history_that_is_rewritten_is_no_answer():
    kept = [RemoveMessage(id="__remove_all__"), HumanMessage("in short"), OLD]
    assert read({"Summary.before_model": {"messages": kept}}) == []
    assert text(read({"guard": {"messages": [RemoveMessage(id="1"), OLD]}})) == "old"


def test_a_state_of_dictionaries_is_read_like_one_of_messages():
    asked = {"role": "user", "content": "me"}
    first = {"messages": [asked]}
    found = read(first, {"messages": [asked, {"role": "assistant", "content": "Hi"}]})
    assert [(p.kind, p.text) for p in found] == [("text", "Hi")]


def test_what_several_modes_tell_is_told_once():
    whole = AIMessage("Hi", id="lc_run-1")
    result = ToolMessage("sunny", tool_call_id="1", id="t", name="weather")
    found = read(
        ("messages", (chunk("Hi"), at("model"))),
        ("updates", {"model": {"messages": [whole]}}),
        ("values", {"messages": [HumanMessage("?"), whole]}),
        ("messages", (result, at("tools"))),
        ("updates", {"tools": {"messages": [result]}}),
        ("values", {"messages": [HumanMessage("?"), whole, result]}),
    )
    assert [p.kind for p in found] == ["text", "tool_result"]


def test_a_result_that_only_a_state_tells_is_told():
    result = ToolMessage("sunny", tool_call_id="1", id="t", name="weather")
    found = read(
        ("messages", (chunk("Hi"), at("model"))),
        ("updates", {"tools": {"messages": [result]}}),
    )
    assert found[-1].text == "sunny"


def test_a_second_call_with_the_same_id_has_a_key_and_a_result_of_its_own():
    def turn(number):
        call = {"name": "look", "args": {}, "id": "call_0"}
        asks = AIMessage("", tool_calls=[call], id=f"a{number}")
        answer = ToolMessage(str(number), tool_call_id="call_0", id=f"t{number}")
        return {"model": {"messages": [asks]}}, {"tools": {"messages": [answer]}}

    keys = [p.call for p in read(*turn(1), *turn(2))]
    assert keys == ["call_0", "call_0", "call_0#2", "call_0#2"]


def test_a_question_to_a_person_is_told_once_with_its_id():
    asked = Interrupt(value={"ask": "Pay?"}, id="7")
    found = read(
        (("tools:1",), "updates", {"__interrupt__": (asked,)}),
        ((), "updates", {"__interrupt__": (asked,)}),
        ((), "values", {"messages": [], "__interrupt__": (asked,)}),
    )
    assert [(p.kind, p.call, p.value) for p in found] == [
        ("interrupt", "7", {"ask": "Pay?"})
    ]


QUESTIONS = {
    "v1 updates": {"__interrupt__": (Interrupt("Pay?", id="7"),)},
    "v1 values": {"messages": [], "__interrupt__": [Interrupt("Pay?", id="7")]},
    "v2 values": {
        "type": "values",
        "ns": (),
        "data": {},
        "interrupts": (Interrupt("Pay?", id="7"),),
    },
    "a task": {
        "id": "1",
        "name": "ask",
        "error": None,
        "result": {},
        "interrupts": [{"value": "Pay?", "id": "7"}],
    },
    "v3": {
        "type": "event",
        "method": "values",
        "params": {
            "namespace": [],
            "data": {},
            "interrupts": (Interrupt("Pay?", id="7"),),
        },
    },
}


@pytest.mark.parametrize("form", QUESTIONS)
def test_a_question_is_told_in_every_form(form):
    (asked,) = [p for p in read(QUESTIONS[form]) if p.kind == "interrupt"]
    assert (asked.call, asked.value) == ("7", "Pay?")


def test_a_pause_without_a_question_is_told():
    (pause,) = read({"__interrupt__": ()})
    assert (pause.kind, pause.value) == ("interrupt", None)


def test_the_calls_of_a_whole_message_are_told_valid_or_not():
    good = {"name": "pay", "args": {"amount": 1}, "id": "1"}
    bad = {"name": "pay", "args": '{"amount": 1', "id": "2", "error": None}
    found = read(AIMessage("", tool_calls=[good], invalid_tool_calls=[bad]))
    assert found == [
        Passage(
            "tool_call",
            '{"amount": 1}',
            name="pay",
            call="1",
            value={"amount": 1},
            whole=True,
        ),
        Passage(
            "tool_call", '{"amount": 1', name="pay", call="2", whole=True, invalid=True
        ),
    ]


def test_fragments_without_an_id_or_an_index_go_on_with_the_last_call():
    def part(name, args, call_id=None, index=None):
        piece = {"name": name, "args": args, "id": call_id, "index": index}
        return chunk("", tool_call_chunks=[piece])

    found = read(
        part("a", "1", "x", 0), part("b", "2", "y", 0), part(None, "3", None, 0)
    )
    assert [p.call for p in found] == ["x", "y", "y"]
    found = read(part("a", "1"), part(None, "2"), part("b", "3"))
    assert found[0].call == found[1].call != found[2].call


def test_a_structured_answer_is_told_once_and_its_placeholder_never():
    answer = {"setup": "hen"}
    found = read(
        {"model": {"messages": [], "structured_response": None}},
        {"model": {"messages": [], "structured_response": answer}},
        {"messages": [AIMessage("", id="1")], "structured_response": dict(answer)},
    )
    assert [(p.kind, p.value) for p in found] == [("data", answer)]


def test_a_state_never_carries_the_messages():
    found = read({"model": {"messages": [HumanMessage("me")], "todos": ["a"]}})
    assert [(p.kind, p.value) for p in found] == [
        ("state", {"model": {"todos": ["a"]}})
    ]


def test_an_object_as_a_state_is_given_on_without_its_messages():
    @dataclass
    class State:
        topic: str
        messages: list

    ask, answer = HumanMessage("?"), AIMessage("Hi", id="1")
    found = read(
        ("values", State("ice", [ask])), ("values", State("ice", [ask, answer]))
    )
    assert [p.value for p in found if p.kind == "state"] == [{"topic": "ice"}] * 2
    assert text(found) == "Hi"


def test_models_side_by_side_are_told_under_their_names():
    both = RunnableParallel(
        one=FakeStreamingChatModel(replies="A b."),
        two=FakeStreamingChatModel(replies="C d."),
    )
    found = list(passages(both.stream("Hi")))
    for name, said in (("one", "A b."), ("two", "C d.")):
        assert text([p for p in found if p.source == name]) == said


def test_the_raw_and_the_parsed_answer_are_both_told():
    found = read(
        {"raw": AIMessage("{}")}, {"parsed": {"a": 1}}, {"parsing_error": None}
    )
    assert text(found) == "{}"
    assert {"parsed": {"a": 1}} in [p.value for p in found]


async def test_events_of_a_chain_without_a_model_tell_its_text():
    chain = RunnableLambda(lambda word: word.upper()) | RunnableLambda(str.strip)
    found = [p async for p in passages(chain.astream_events(" hi ", version="v2"))]
    assert text(found) == "HI"


def test_half_a_call_of_v3_is_told_as_one_that_cannot_be_run():
    def event(name, **fields):
        return {"event": name, "index": 0, **fields}

    start = {"type": "tool_call_chunk", "id": "1", "name": "pay", "args": ""}
    bad = {"type": "invalid_tool_call", "id": "1", "name": "pay", "args": '{"a'}
    found = read(
        {"event": "message-start", "id": "m"},
        event("content-block-start", content=start),
        event("content-block-delta", delta={"type": "tool-call-delta", "args": '{"a'}),
        event("content-block-finish", content=bad),
        {"event": "message-finish"},
    )
    assert [(p.text, p.invalid) for p in found] == [
        ("", False),
        ('{"a', False),
        ("", True),
    ]
    assert {p.call for p in found} == {"1"}
