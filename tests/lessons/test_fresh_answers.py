"""Answers of people who know the contract of an exercise, and not its check."""

from typing import Any

import pytest

from tests.lessons.answers.fresh import (
    full_responses,
    inside_the_architecture,
    interruptions_and_errors,
    production_scale,
    streaming_callbacks,
    what_is_streaming,
)
from tests.support.exercise_rules import told

LESSONS = [
    full_responses,
    what_is_streaming,
    streaming_callbacks,
    interruptions_and_errors,
    production_scale,
    inside_the_architecture,
]
RIGHT = [pair for lesson in LESSONS for pair in lesson.RIGHT]
WRONG = [pair for lesson in LESSONS for pair in lesson.WRONG]


def each(pairs: list[tuple[Any, Any]]) -> Any:
    cases = [pytest.param(*pair, id=told(*pair)) for pair in pairs]
    return pytest.mark.parametrize(("exercise", "answer"), cases)


@each(RIGHT)
def test_a_right_answer_in_another_style_is_correct(exercise, answer):
    outcome = repr(exercise.check(answer))
    assert outcome.startswith("✓ Correct."), outcome


@each(WRONG)
def test_an_answer_that_breaks_its_contract_is_not_yet_right(exercise, answer):
    assert exercise.check(answer).outcome == "not yet"
