"""What the benchmark of the servers says of its own figures."""

import pytest

from benchmarks.readers import Reading, Stream
from benchmarks.serving_table import (
    PLAIN,
    TARGETS,
    TUNED,
    WAYS,
    Row,
    profile,
)

FAST = {"text-events": 100.0, "plain": 50.0, "stack": 65.0}
FAST |= {"messages": 60.0, "redis": 72.5}


def rows(**figures):
    found = {(way, how): Row(way, how) for way in WAYS for how in (TUNED, PLAIN)}
    for row in found.values():
        row.per_token, row.start = [FAST.get(row.way, 50.0)], [1.0]
        row.streams = [300.0 if row.way == "stack" else 100.0]
        row.half = [20.0 if row.way == "app-redis" else 10.0]
    for way, cost in figures.items():
        found[way, TUNED].per_token = [cost]
    return found


def test_a_stack_that_just_meets_its_targets_has_missed_none():
    said = [target.line(rows()) for target in TARGETS]
    assert [line.split(" | ")[-1] for line in said] == ["yes |"] * len(TARGETS)


@pytest.mark.parametrize(
    ("figure", "missed"),
    [
        ({"stack": 66.0}, [0]),
        ({"stack": 80.0}, [0, 1]),
        ({"messages": 76.0}, [2]),
        ({"redis": 73.0}, [4]),
    ],
)
def test_a_way_over_its_target_is_said_to_have_missed_it(figure, missed):
    said = [target.line(rows(**figure)) for target in TARGETS]
    assert [n for n, line in enumerate(said) if line.endswith("| no |")] == missed


def test_a_tail_that_is_late_under_load_is_said_to_have_missed():
    found = rows()
    found["app-redis", TUNED].half = [21.0]
    assert TARGETS[-1].line(found).endswith("| 2.10 | no |")


def test_without_redis_its_targets_are_not_measured():
    found = {key: row for key, row in rows().items() if "redis" not in key[0]}
    said = [target.line(found) for target in TARGETS]
    assert ["not measured" in line for line in said] == [False] * 4 + [True] * 2


def test_what_was_not_measured_is_said_to_be_so():
    found = rows()
    for row in found.values():
        row.streams = []
    assert "not measured" in TARGETS[3].line(found)


def test_the_work_of_a_token_is_told_step_by_step():
    lines = list(profile(rows(model=60.0)))
    assert any("| +10 | +0 |" in line for line in lines)


def test_a_token_is_as_late_as_the_first_time_it_is_seen():
    stream = Stream(connection=None)  # type: ignore[arg-type]
    stream.parts = [(10.5, b"10.0000 "), (11.0, b"10.0000 10.7500 ")]
    assert stream.late() == [500.0, 250.0]
    assert Reading([1.0, 2.0, 9.0], 1).p(0.5) == 2.0
