"""An agent on a timeline: lanes of its thoughts and tools, and the numbers in words."""

import pytest
from langchain_core.messages import AIMessageChunk

from course_utils.clock import VirtualClock
from course_utils.plots import timeline
from course_utils.plots.agent_lanes import rows_of
from course_utils.style import BLUE, ORANGE, PINK
from course_utils.timing import StreamTiming, measure
from tests.timing.test_spans import agent, result, said


def parallel(*ends: float, silent: int = 0) -> StreamTiming:
    """Tools that are called at 1 s and answer when said; some never do."""
    clock = VirtualClock()
    timing = StreamTiming("agent", clock)
    calls = [
        {"name": "weather", "args": "{}", "id": str(number), "index": number}
        for number in range(len(ends) + silent)
    ]
    with timing.recording():
        clock.sleep(1)
        timing.add((AIMessageChunk("", id="a", tool_call_chunks=calls), {}))
        for number, end in sorted(enumerate(ends), key=lambda pair: pair[1]):
            clock.sleep_until(end)
            back = result().model_copy(update={"tool_call_id": str(number)})
            timing.add((back, {"langgraph_node": "tools"}))
    return timing


def test_thoughts_have_a_lane_and_tools_have_one():
    thoughts, tools = rows_of(agent())
    assert [(b.start, b.end, b.colour) for b in thoughts] == [(2, 3, BLUE)]
    [tool] = tools
    assert (tool.since, tool.start, tool.end, tool.colour) == (5, 6, 9, PINK)
    assert tool.words == "weather 3.00 s"


def test_tools_at_a_time_stand_below_each_other():
    assert [len(row) for row in rows_of(parallel(2, 3, 4))] == [1, 1, 1]


def test_a_failed_tool_and_one_without_a_result_are_said_in_words():
    failed = rows_of(agent(status="error"))[1][0]
    assert (failed.colour, failed.words) == (ORANGE, "weather 3.00 s, failed")
    [[answered], [silent]] = rows_of(parallel(2, silent=1))
    assert (answered.words, answered.colour) == ("weather 1.00 s", PINK)
    assert (silent.words, silent.colour) == ("weather: no result", ORANGE)


def test_a_call_alone_is_a_mark_of_its_lane():
    assert rows_of(parallel(silent=1)) == []


def test_a_plain_answer_has_no_lanes():
    assert rows_of(measure(iter(["a", "b"]), clock=VirtualClock())) == []
    assert rows_of(measure([said("a")], clock=VirtualClock())) == []


def test_the_lines_below_say_each_call_and_each_tool():
    assert timeline(agent(), title="T").text.splitlines()[1:] == [
        "model call 1 (model): first sign 2.00 s · thinks from 2.00 s · "
        "text from 4.00 s · until 7.00 s · 7 tokens · tool_calls",
        "model call 2 (model): first sign 10.00 s · text from 10.00 s · "
        "until 11.00 s · 3 tokens · stop",
        "tool weather: asked 5.00 s · called 6.00 s · result 9.00 s",
    ]


@pytest.mark.parametrize("timing", [agent(), parallel(2, 3, 4), agent(status="error")])
def test_it_is_drawn_and_is_taller_than_a_plain_one(timing):
    plain = measure(iter("ab"), clock=VirtualClock())
    drawn = timeline(timing, plain, title="T").draw()
    assert (
        drawn.get_figheight() > timeline(plain, plain, title="T").draw().get_figheight()
    )
    words = {text.get_text() for text in drawn.axes[0].texts}
    assert {bar.words for row in rows_of(timing) for bar in row} <= words
    inside = drawn.axes[0].get_ylim()[0]
    assert all(y < inside for c in drawn.axes[0].collections for y in _heights(c))


def _heights(collection):
    return [y for path in collection.get_paths()[:1] for y in path.vertices[:, 1]]
