"""What the frame of a graph's stream tells beside its items, on this Python.

When one of these fails, CPython or LangGraph has changed: `course_utils.passages.frame`
says what it is for and how to live without it.
"""

import asyncio

import pytest
from langchain_core.messages import AIMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph

from course_utils.passages import passages
from course_utils.passages.frame import MODES, asked_of
from course_utils.timing import measure

ODD = {
    "a string": "half done",
    "a tuple": ("messages", 1),
    "a message": AIMessage("not the answer"),
    "a state": {"messages": [AIMessage("not the answer")]},
    "a dictionary of dictionaries": {"a": {"b": 1}},
}


def graph(said="half done"):
    def node(state):
        get_stream_writer()(said)
        return {"x": 1}

    return StateGraph(dict).add_node("node", node).add_edge(START, "node").compile()


CALLS = {
    "one mode": ({"stream_mode": "custom"}, (("custom",), False, False, False)),
    "no mode": ({}, (("updates",), False, False, False)),
    "a list": (
        {"stream_mode": ["custom", "values"], "subgraphs": True},
        (("custom", "values"), True, False, True),
    ),
    "v2": (
        {"stream_mode": "custom", "version": "v2"},
        (("custom",), False, True, False),
    ),
}


@pytest.mark.parametrize("call", CALLS)
async def test_the_frame_says_what_a_graph_was_asked_for(call):
    options, asked = CALLS[call]
    for stream in (graph().stream({}, **options), graph().astream({}, **options)):
        assert asked_of(stream) == asked


def test_the_frame_says_it_while_the_stream_runs():
    stream = graph().stream({}, stream_mode="custom")
    next(stream)
    assert asked_of(stream).modes == ("custom",)


@pytest.mark.parametrize("said", ODD)
def test_whatever_a_v1_tool_says_of_its_progress_is_progress(said):
    stream = graph(ODD[said]).stream({}, stream_mode="custom")
    (passage,) = passages(stream)
    assert (passage.kind, passage.value) == ("progress", ODD[said])


@pytest.mark.parametrize("mode", ["token", "mesages", ["updates", "msgs"], []])
@pytest.mark.parametrize("reader", [passages, measure])
def test_a_mode_that_there_is_not_is_refused_at_the_door(mode, reader):
    for start in (graph().stream, graph().astream):
        with pytest.raises(ValueError, match=r"LangGraph has no stream_mode .* Take"):
            result = reader(start({}, stream_mode=mode))
            asyncio.run(result) if asyncio.iscoroutine(result) else list(result)


def test_a_mode_that_there_is_not_gives_an_empty_stream_without_a_word():
    assert list(graph().stream({}, stream_mode="token")) == []


def test_the_modes_are_those_of_langgraph():
    from typing import get_args

    from langgraph.types import StreamMode

    assert set(get_args(StreamMode)) | {"tools"} == MODES
