"""What a check says of a wrong answer is German from its first word to its last."""

import re

import pytest

from course_utils.lessons import full_responses as lesson
from tests.lessons.test_full_responses import WRONG
from tests.support.exercise_rules import stub, told

QUOTED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"")
ENGLISH = re.compile(
    r"\b(the|it|is|are|were|with|and|or|not|gave|words?|your|you|of|to|then|missing"
    r"|asked|one|than|first|has|which|at|once|let|look|only|came|be|this|that)\b",
    re.IGNORECASE,
)


def english_in(text: str) -> list[str]:
    """The English words of a text that are no value and no code."""
    return ENGLISH.findall(QUOTED.sub("", text))


@pytest.fixture(autouse=True)
def german(monkeypatch):
    monkeypatch.setenv("COURSE_LANGUAGE", "de")


@pytest.mark.parametrize(
    ("exercise", "answer", "words"), WRONG, ids=[told(*case) for case in WRONG]
)
def test_a_wrong_answer_is_told_why_in_german(exercise, answer, words):
    outcome = exercise.check(answer)
    assert outcome.outcome == "not yet"
    assert repr(outcome).startswith("✗ Noch nicht.")
    if "raised" not in outcome.text:  # Python's own words follow
        assert english_in(repr(outcome)) == []
    assert words in str(outcome.text), "what the check says itself stays as it was"


def test_english_words_are_found():
    assert english_in("✗ Noch nicht. With page 7, 'the' is missing.") != []


@pytest.mark.parametrize("name", [n for n in lesson.__all__ if n != "quiz"])
def test_a_lesson_shows_no_english(name):
    task = getattr(lesson, name)
    if not hasattr(task, "hint"):
        assert english_in(f"{task!r}\n{task.answer('a')!r}") == []
        return
    shown = [task.check(), task.check(stub), task.check(task.solution_object)]
    shown += [task.hint() for _ in task.hints]
    assert [english_in(repr(one)) for one in shown] == [[]] * len(shown)
    assert "richtig" in repr(shown[2]).lower()
