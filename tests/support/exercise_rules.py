"""What the check of every exercise is held to; a lesson's test brings the answers.

The answers stand in lists, and each of them becomes a test:

    class TestExercises(ExerciseRules):
        exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS
"""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import pytest


def one_line(shown: object) -> str:
    """What `repr` says of a thing, as it was before it was wrapped."""
    return re.sub(r"\n +(?=\S)", " ", repr(shown))


CASE = ("exercise", "answer", "words", "untouched")


class ExerciseRules:
    """Right answers are correct, wrong ones are told why, stubs are not started."""

    exercises: ClassVar[list[Any]]
    right: ClassVar[list[tuple[Any, Any]]]
    wrong: ClassVar[list[tuple[Any, Any, str]]]
    stubs: ClassVar[list[Any]]  # one for each exercise
    repairs: ClassVar[list[Any]] = []  # exercises that give wrong code to be mended

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        names = [name for name in CASE if name in metafunc.fixturenames]
        cases: Iterable[Any] = [(exercise,) for exercise in self.exercises]
        if "words" in names:
            cases = self.wrong
        elif "answer" in names:
            cases = self.right
        elif "untouched" in names:
            cases = zip(self.exercises, self.stubs, strict=True)
        metafunc.parametrize(names, [pytest.param(*c, id=told(*c)) for c in cases])

    def test_the_solution_is_correct(self, exercise: Any) -> None:
        told = repr(exercise.check(exercise.solution_object))
        assert told.startswith("✓ Correct."), told

    def test_another_right_answer_is_correct(self, exercise: Any, answer: Any) -> None:
        told = repr(exercise.check(answer))
        assert told.startswith("✓ Correct."), told

    def test_a_wrong_answer_is_told_why(
        self, exercise: Any, answer: Any, words: str
    ) -> None:
        outcome = exercise.check(answer)
        assert outcome.outcome == "not yet"
        assert words in one_line(outcome), repr(outcome)

    def test_an_untouched_stub_is_not_started_and_code_to_mend_not_yet_right(
        self, exercise: Any, untouched: Any
    ) -> None:
        outcome = "not yet" if exercise in self.repairs else "not started"
        assert exercise.check(untouched).outcome == outcome

    def test_hints_lead_there_and_none_is_a_line_of_the_solution(
        self, exercise: Any
    ) -> None:
        assert len(set(exercise.hints)) == len(exercise.hints) >= 2
        source = str(exercise.solution(reveal=True))
        lines = [line.strip() for line in source.splitlines()]
        hints = " ".join(exercise.hints)
        assert [line for line in lines if len(line) > 30 and line in hints] == []


def told(exercise: Any, answer: Any = None, words: str = "") -> str:
    """A case in a word or two: the exercise, and the answer's own name."""
    name = getattr(answer, "__name__", type(answer).__name__)
    return exercise.name if answer is None else f"{exercise.name}-{name}"


def stub(*given: Any) -> Any:
    """A function that nobody has begun."""
    raise NotImplementedError


def generator_stub(*given: Any) -> Any:
    """A generator that nobody has begun."""
    raise NotImplementedError
    yield


async def async_stub(*given: Any) -> Any:
    """A coroutine that nobody has begun."""
    raise NotImplementedError


async def async_generator_stub(*given: Any) -> Any:
    """An async generator that nobody has begun."""
    raise NotImplementedError
    yield


class ClassStub:
    """A class that nobody has begun."""

    def __init__(self, *given: Any) -> None:
        raise NotImplementedError
