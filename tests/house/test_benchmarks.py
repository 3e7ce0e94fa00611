"""What the benchmark of the display says of its own figures."""

from typing import Any

import pytest

from benchmarks.clients.run import TEXT, Outcome
from benchmarks.live import THROTTLED, verdict

SIZES = (1000, 2000, 4000)
GOOD = {"bytes": 8.0, "kernel": 0.25, "main": 1.0, "last": 50.0, "frames": 55.0}


def measured(**shown: Any) -> str:
    """The verdict on these figures of `show`, where `print` takes a second."""
    found = {("show", size): GOOD | shown for size in SIZES}
    printed = {("print", size): GOOD | {"kernel": 1.0} for size in SIZES}
    widget = {(THROTTLED, size): GOOD for size in SIZES}
    return verdict(found | printed | widget)


def test_a_display_that_just_meets_its_targets_has_missed_none():
    assert measured().count("(held)") == 7
    assert "missed" not in measured()


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ({"bytes": 8.1}, "at 2,000 tokens: 8.1 (**missed**)"),
        (
            {"main": 1.01},
            "browser: at most a throttled widget's work, in %: 101.0 (**m",
        ),
        ({"last": 51.0}, "at 4,000 tokens: 51.0 (**missed**)"),
        ({"last": None}, "at 4,000 tokens: inf (**missed**)"),
        ({"frames": 54.0}, "or more: 54 (**missed**)"),
    ],
)
def test_a_figure_over_its_target_is_said_to_have_missed_it(
    figure: dict[str, float], said: str
):
    assert said in measured(**figure)
    assert measured(**figure).count("missed") == 1


def test_the_kernels_work_is_held_against_two_ways():
    said = measured(kernel=0.26)
    assert "the highest share: 26.0 (**missed**)" in said
    assert "kernel: at most a throttled widget's work, in %: 104.0 (**missed**)" in said


def test_bytes_that_grow_with_the_text_are_said_to_have_missed():
    found = {
        (way, size): GOOD | {"bytes": 1 + size / 1000}
        for way in ("show", "print")
        for size in SIZES
    }
    assert "as the text grows (**missed**)" in verdict(found)


@pytest.mark.parametrize(
    ("status", "out", "error", "said"),
    [
        (0, TEXT, "", "works"),
        (0, TEXT[:9], "", "**silence**: half the text and no error"),
        (0, TEXT[:9] + TEXT, "", "the whole text, after a part of it"),
        (0, "", "", "other text: ''"),
        (1, TEXT[:9], "Traceback\na.b.ReadError: gone", "`ReadError`: gone"),
        (1, "", "TypeError: terminated", "`TypeError`: terminated; no text was shown"),
    ],
)
def test_what_a_client_made_of_an_answer_is_said_as_it_is(
    status: int, out: str, error: str, said: str
):
    assert Outcome(status, out, error, asked=1).verdict == said
