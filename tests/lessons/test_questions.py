"""The questions of the notebooks: beliefs, each option with its own reason."""

from types import ModuleType

import pytest

from course_utils.lessons.course import LESSONS
from course_utils.teaching.quiz import Predict, Quiz


def guesses_of(lesson: ModuleType) -> list[Predict]:
    found = [getattr(lesson, name) for name in lesson.__all__]
    return [one for one in found if isinstance(one, Predict)]


def questions_of(lesson: ModuleType) -> list[Predict]:
    found = [getattr(lesson, name) for name in lesson.__all__]
    quizzes = [one for one in found if isinstance(one, Quiz)]
    return guesses_of(lesson) + [q for quiz in quizzes for q in quiz.questions]


ALL = [question for lesson in LESSONS for question in questions_of(lesson)]
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.__name__)
each_question = pytest.mark.parametrize("question", ALL, ids=lambda q: q.question[:40])


def lengths(question: Predict) -> dict[str, int]:
    return {letter: len(text) for letter, (text, _) in question.options.items()}


@each_question
def test_every_option_has_a_reason_of_its_own(question):
    reasons = [reason for _, reason in question.options.values()]
    assert all(reasons)
    assert len(set(reasons)) == len(reasons) >= 3


@each_question
def test_the_options_of_a_question_are_about_equally_long(question):
    found = lengths(question).values()
    assert max(found) <= 2 * min(found), found


@each_lesson
def test_at_least_six_beliefs_are_guessed_at_before_their_cells(lesson):
    assert len(guesses_of(lesson)) >= 6


@each_lesson
def test_the_right_option_is_no_longer_than_others_nor_has_it_a_letter_of_its_own(
    lesson,
):
    questions = questions_of(lesson)
    right = [question.right for question in questions]
    longest = [max(made, key=made.__getitem__) for made in map(lengths, questions)]
    same = [one == other for one, other in zip(longest, right, strict=True)]
    assert sum(same) <= len(questions) / 2
    assert len(set(right)) >= 3
