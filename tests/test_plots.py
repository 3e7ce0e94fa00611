from io import BytesIO

import pytest
from matplotlib.image import imread

from course_utils.clock import VirtualClock
from course_utils.plots import curve, table, timeline
from course_utils.timing import measure


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
        "one: first token 0.50 s · 2 chunks · 2.0 chunks/s · total 1.00 s · ended",
        "two: first token 1.00 s · 1 chunk · 1.0 chunks/s · total 1.00 s · ended",
    ]


def test_the_picture_has_a_transparent_ground_and_is_drawn_in_colour():
    image = pixels(timeline(run("one", 0.5, 0.5), title="A run"))
    assert (image[..., 3] == 0).mean() > 0.7
    assert image[..., 3].max() == 1
    assert timeline(run("one", 0.5), title="A").png() == (
        timeline(run("one", 0.5), title="A").png()
    ), "the same runs give the same file"


def test_a_run_without_text_and_one_that_never_started_are_drawn():
    assert pixels(timeline(run("empty"), title="Nothing came")).any()


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
    html = made._repr_html_()
    assert "<caption>What came</caption>" in html
    assert '<th scope="col">first</th>' in html
    assert '<th scope="row">&lt;b&gt;</th><td>0.50 s</td>' in html


def test_a_table_with_a_missing_cell_is_refused():
    with pytest.raises(ValueError, match="needs 2 cells"):
        table([["a"]], columns=["run", "first"], caption="T")


def test_drawing_leaves_pyplot_alone():
    import sys

    pixels(timeline(run("one", 0.5), title="A run"))
    assert "matplotlib.pyplot" not in sys.modules
