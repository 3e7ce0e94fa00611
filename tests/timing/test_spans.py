"""Each model call and each tool of a run: when it began, spoke, ended, what it used."""

import pytest
from langchain_core.messages import AIMessageChunk, ToolMessage

from course_utils.clock import VirtualClock
from course_utils.timing import measure
from tests.forms.cases import CASES

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)


def timed(*steps):
    """The timing of `(wait, item)` pairs."""
    clock = VirtualClock()
    return measure((i for wait, i in steps if clock.sleep(wait) is None), clock=clock)


def said(text="", message="a", **more):
    return (AIMessageChunk(text, id=message, **more), {"langgraph_node": "model"})


def thought(text):
    return said([{"type": "reasoning", "reasoning": text, "index": 0}])


def part(args, name=None, call=None):
    fields = {"name": name, "args": args, "id": call, "index": 0}
    return said(tool_call_chunks=[fields])


def usage(output):
    return {"input_tokens": 1, "output_tokens": output, "total_tokens": 1 + output}


def ended(word, output, message="a"):
    metadata = {"finish_reason": word}
    return said(
        message=message, response_metadata=metadata, usage_metadata=usage(output)
    )


def result(**more):
    return ToolMessage("sunny", tool_call_id="1", name="weather", **more)


def agent(**more):
    return timed(
        (1, said()),
        (1, thought("Let")),
        (1, thought(" me")),
        (1, said("I look.")),
        (1, part("", "weather", "1")),
        (1, part("{}")),
        (1, ended("tool_calls", 7)),
        (2, (result(**more), {"langgraph_node": "tools"})),
        (1, said("Sunny.", "b")),
        (1, ended("stop", 3, "b")),
    )


def test_each_model_call_has_its_times_and_its_usage():
    first, second = agent().model_calls
    assert (first.first_sign, first.first_thought, first.last_thought) == (2, 2, 3)
    assert (first.first_text, first.last_sign) == (4, 7)
    assert (second.first_sign, second.first_text, second.last_sign) == (10, 10, 11)
    assert second.first_thought is None
    assert [m.usage["output_tokens"] for m in (first, second)] == [7, 3]
    assert [m.finish.reason for m in (first, second)] == ["tool_calls", "stop"]
    assert first.source == second.source == "model"


def test_the_usage_of_all_calls_is_that_of_the_run():
    timing = agent()
    assert timing.usage["output_tokens"] == 10
    assert (
        sum(m.usage["total_tokens"] for m in timing.model_calls)
        == (timing.usage["total_tokens"])
    )


def test_a_tool_is_asked_called_and_answered():
    [tool] = agent().tool_calls
    assert (tool.name, tool.asked, tool.called, tool.returned) == ("weather", 5, 6, 9)
    assert not tool.failed and not tool.aside
    assert agent(status="error").tool_calls[0].failed


def test_a_tool_that_was_asked_before_the_stream_has_only_its_result():
    [tool] = timed((1, (result(), {"langgraph_node": "tools"}))).tool_calls
    assert (tool.name, tool.asked, tool.called, tool.returned) == (
        "weather",
        None,
        None,
        1,
    )


def test_a_tool_without_a_result_has_none():
    [tool] = timed((1, part("{}", "weather", "1"))).tool_calls
    assert (tool.called, tool.returned) == (1, None)


def test_what_was_taken_back_is_no_call_and_what_goes_on_has_no_end():
    again = {"response_metadata": {"restart": True}}
    timing = timed((1, said("Wro")), (1, said("", "b", **again)), (1, said("R", "b")))
    assert [m.message for m in timing.model_calls] == ["b"]
    [open_end] = timed(
        (1, said("a")), (1, ended("stop", 1)), (1, said("b"))
    ).model_calls
    assert open_end.finish is None


@pytest.mark.parametrize("case", [c for c in CASES if c.both], ids=lambda c: c.id)
def test_every_form_has_its_calls_and_tools(case):
    told, timing = case.told, measure(case.run().stream())
    ends = [m.finish.reason for m in timing.model_calls if m.finish and not m.aside]
    assert sorted(ends) == sorted(told.finish)
    used = [m.usage["output_tokens"] for m in timing.model_calls if m.usage]
    assert sum(used) == told.output
    asked = [tool for tool in timing.tool_calls if tool.asked is not None]
    assert [tool.name for tool in asked] == [call.split()[0] for call in told.calls]
    answered = [tool for tool in timing.tool_calls if tool.returned is not None]
    assert len(answered) == len(told.results)
    thinkers = [m for m in timing.model_calls if m.first_thought is not None]
    assert bool(thinkers) is bool(told.reasoning)
