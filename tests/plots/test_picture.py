import re
import sys
from html import unescape
from io import BytesIO

import pytest
from langchain_core.messages import AIMessageChunk
from matplotlib.image import imread

from course_utils.clock import VirtualClock
from course_utils.plots import curve, table, timeline
from course_utils.timing import StreamTiming, measure


def run(title="run", *waits):
    clock = VirtualClock()
    stream = ("a" for wait in waits if clock.sleep(wait) is None)
    return measure(stream, title=title, clock=clock)


def pixels(picture):
    return imread(BytesIO(picture.png()))


def test_below_a_timeline_stands_one_line_for_each_run():
    picture = timeline(run("one", 0.5, 0.5), run("two", 1), title="Two runs")
    assert repr(picture).splitlines() == [
        "Two runs",
        "one: first token 0.50 s · 2 chunks · 2.0 chunks/s · total 1.00 s · done",
        "two: first token 1.00 s · 1 chunk · 1.0 chunks/s · total 1.00 s · done",
    ]


def test_the_picture_has_a_ground_of_its_own_and_is_drawn_in_colour():
    image = pixels(timeline(run("one", 0.5, 0.5), title="A run"))
    assert (image == 1).all(axis=-1).mean() > 0.7, "white, on a page of any colour"
    assert image[..., 3].min() == 1, "nothing of the page comes through"
    assert timeline(run("one", 0.5), title="A").png() == (
        timeline(run("one", 0.5), title="A").png()
    ), "the same runs give the same file"


PICTURES = {
    "timeline": lambda title: timeline(run("<b>", 0.5), title=title),
    "curve": lambda title: curve([1, 2], {"<b>": [1, 2]}, title=title),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES.keys())
@pytest.mark.parametrize("title", ["It is late", 'A "quoted" <title> & more', ""])
def test_every_picture_has_alt_text_and_its_numbers_beside_it(draw, title):
    html = draw(title)._repr_html_()
    [alt] = re.findall(r'<img alt="([^"]+)" width="\d+" src="data:image/png', html)
    assert unescape(alt) == (title or "Picture")
    assert html.endswith("</p>") and "&lt;b&gt;" in html and "<b>" not in html


def test_a_run_without_text_and_one_that_never_started_are_drawn():
    assert pixels(timeline(run("empty"), title="Nothing came")).any()


def test_tokens_and_tool_calls_are_said_in_the_text_too():
    call = {"name": "search", "args": "", "id": "1", "index": 0}
    usage = {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}
    parts = [
        AIMessageChunk("", tool_call_chunks=[call]),
        AIMessageChunk("a", usage_metadata=usage),
    ]
    timing = measure(parts, clock=VirtualClock())
    assert repr(timeline(timing, title="T")).endswith(" · 1 token · calls search")


@pytest.mark.parametrize("title", ["", "$x$ _a_ {", "a" * 200])
def test_any_title_is_drawn_as_it_is(title):
    assert pixels(timeline(run(title, 0.5), title=title)).any()


def test_a_stall_a_fault_a_stop_and_a_restart_are_drawn():
    clock = VirtualClock()
    timing = StreamTiming("bad day", clock)
    with pytest.raises(ConnectionError), timing.recording():
        for wait in (0.1, 0.1, 0.1, 3, 0.1):
            clock.sleep(wait)
            timing.add("a")
        for kind in ("restart", "stopped", "tool_result"):
            timing.mark(kind)
        raise ConnectionError
    calm = pixels(timeline(run("bad day", 0.1, 0.1, 0.1, 3, 0.1), title="T"))
    wild = pixels(timeline(timing, title="T"))
    orange = [0xD5 / 255, 0x5E / 255, 0, 1]

    def count(image):
        return (abs(image - orange).max(axis=-1) < 0.05).sum()

    assert count(wild) > count(calm) > 0, "the silence is orange, the fault more so"


def test_a_timeline_of_a_stream_names_the_next_step():
    with pytest.raises(TypeError, match=r"got str: measure the stream first"):
        timeline("Hi", title="?")
    with pytest.raises(ValueError, match=r"got none"):
        timeline(title="?")


def test_a_curve_says_its_values_with_their_unit():
    picture = curve([1, 1000], {"p50": [0.5, 2]}, title="T", x_label="users", unit="s")
    assert repr(picture) == "T\nusers: 1, 1,000\np50: 0.50 s, 2 s"
    assert pixels(picture).any()


def test_a_curve_with_a_missing_value_is_refused():
    with pytest.raises(ValueError, match="'p50' has 1 for 2"):
        curve([1, 2], {"p50": [1]}, title="T")


def test_a_table_is_read_aloud_row_by_row():
    cells = [{"run": "<b>", "first": "0.50 s", "chunks": 1200}]
    made = table(cells, caption="What came")
    assert repr(made) == "What came\n<b>: first 0.50 s · chunks 1,200"
    html = re.sub(' style="[^"]*"', "", made._repr_html_())
    assert "<caption>What came</caption>" in html
    assert '<th scope="col">first</th>' in html
    assert '<th scope="row">&lt;b&gt;</th><td>0.50 s</td>' in html


def test_numbers_stand_at_the_right_and_words_at_the_left():
    html = table([["a", "0.50 s", "ok"]], columns=["r", "t", "w"], caption="T")
    cells = re.findall(r"<t[dh][^>]*: (\w+)\">([^<]*)<", html._repr_html_())
    left, right = "left", "right"
    assert cells[:3] == [(left, "r"), (right, "t"), (left, "w")]
    assert cells[3:] == [(left, "a"), (right, "0.50 s"), (left, "ok")]


def test_a_table_without_rows_is_still_a_table():
    assert "<caption" in table([], columns=["run"], caption="T")._repr_html_()


def test_a_table_with_a_missing_cell_is_refused():
    with pytest.raises(ValueError, match="needs 2 cells"):
        table([["a"]], columns=["run", "first"], caption="T")


def test_drawing_leaves_pyplot_alone():
    pixels(timeline(run("one", 0.5), title="A run"))
    assert "matplotlib.pyplot" not in sys.modules
