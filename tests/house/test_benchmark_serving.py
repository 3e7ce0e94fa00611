"""What the benchmark of the servers says of its own figures."""

import pytest

from benchmarks.serving import (
    PLAIN,
    TARGETS,
    TUNED,
    WAYS,
    Reading,
    Row,
    Stream,
    profile,
)

FAST = {"text-events": 100.0, "plain": 50.0, "stack": 65.0}


def rows(**figures):
    found = {(way, how): Row(way, how) for way in WAYS for how in (TUNED, PLAIN)}
    for row in found.values():
        row.per_token = [FAST.get(row.way, 10.0)]
        row.streams = [300.0 if row.way == "stack" else 100.0]
    for way, cost in figures.items():
        found[way, TUNED].per_token = [cost]
    return found


def test_a_stack_that_just_meets_its_targets_has_missed_none():
    said = [target.line(rows()) for target in TARGETS]
    assert [line.split(" | ")[-1] for line in said] == ["yes |"] * len(TARGETS)


@pytest.mark.parametrize("cost", [66.0, 80.0])
def test_a_stack_over_its_target_is_said_to_have_missed_it(cost):
    assert TARGETS[0].line(rows(stack=cost)).endswith("| no |")


def test_what_was_not_measured_is_said_to_be_so():
    found = rows()
    for row in found.values():
        row.streams = []
    assert "not measured" in TARGETS[-1].line(found)


def test_the_work_of_a_token_is_told_step_by_step():
    lines = list(profile(rows(model=60.0)))
    assert "| +10 |" in lines[2]


def test_a_token_is_as_late_as_the_first_time_it_is_seen():
    stream = Stream(connection=None)  # type: ignore[arg-type]
    stream.parts = [(10.5, b"10.0000 "), (11.0, b"10.0000 10.7500 ")]
    assert stream.late() == [500.0, 250.0]
    assert Reading([1.0, 2.0, 9.0], 1).p(0.5) == 2.0
