"""The teacher's guide is the notebooks' own: current, whole, and it adds up."""

import re

import pytest

from course_utils.lessons.course import all_beliefs
from course_utils.teaching.exercise import Exercise
from tests.lessons.guide.__main__ import TEACHING
from tests.lessons.guide.notebook import Guided
from tests.lessons.guide.page import cell, page, said
from tests.lessons.guide.plans import PLANS, clock, plans_page

NOTEBOOKS = [Guided(number) for number in range(1, 7)]
SESSIONS = [one for plan in PLANS.values() for one in plan(NOTEBOOKS)]
RUN = "python -m tests.lessons.guide"

each_notebook = pytest.mark.parametrize("guided", NOTEBOOKS, ids=lambda g: g.name)
each_session = pytest.mark.parametrize("session", SESSIONS, ids=lambda s: s.title)


def committed(guided: Guided) -> str:
    return (TEACHING / f"0{guided.number}_{guided.name}.md").read_text("utf-8")


def without_what_checks_say(text: str) -> str:
    """The page without the second column of its tables of wrong answers."""
    table = re.compile(r"(?<=<details>).*?(?=</details>)", re.DOTALL)
    return table.sub(lambda m: re.sub(r"(?m)(?<! \|) \| .*$", "", m.group()), text)


@each_notebook
def test_a_page_is_made_from_the_notebook_its_lesson_and_its_tests(guided):
    fresh = page(guided, told=lambda wrong: "")
    stands = without_what_checks_say(committed(guided))
    assert stands == without_what_checks_say(fresh), f"run {RUN}"


@each_notebook
def test_a_page_tells_what_the_check_says_to_each_wrong_answer(guided):
    text = committed(guided)
    for exercise in guided.exercises:
        for wrong in guided.wrong(exercise.thing):
            assert cell(wrong.words) in text, f"run {RUN}"


@each_notebook
def test_a_page_has_every_question_and_every_exercise_once(guided):
    asked = [one.thing.name for one in guided.questions]
    own = [b.name for b in all_beliefs() if b.notebook == guided.number]
    assert sorted(asked) == sorted(own)
    named = [getattr(guided.lesson, name) for name in guided.lesson.__all__]
    exercises = {one.name for one in named if isinstance(one, Exercise)}
    assert sorted(one.thing.name for one in guided.exercises) == sorted(exercises)


@each_notebook
def test_every_exercise_has_wrong_answers_to_expect(guided):
    for one in guided.exercises:
        assert len(guided.wrong(one.thing)) >= 4, one.thing.name


def test_what_a_check_says_is_on_one_line_with_its_words_and_no_address():
    guided = NOTEBOOKS[0]
    for one in guided.exercises:
        told = [(wrong, said(wrong)) for wrong in guided.wrong(one.thing)]
        assert [text for wrong, text in told if wrong.words not in text] == []
        assert [text for _, text in told if "\n" in text or " at 0x" in text] == []


def test_the_plans_are_made_from_the_notebooks_minutes():
    stands = (TEACHING / "plans.md").read_text("utf-8")
    assert stands == plans_page(NOTEBOOKS), f"run {RUN}"


@each_session
def test_a_plan_adds_up_and_fits(session):
    assert session.minutes <= session.limit
    assert session.rows[-1][0] == clock(session.start + session.minutes)
    assert all(part > 0 for _, part in session.parts)


@each_session
def test_no_one_sits_for_two_hours_without_a_break(session):
    pauses = [n for n, (what, _) in enumerate(session.parts) if what in REST]
    spans = zip([-1, *pauses], [*pauses, len(session.parts)], strict=True)
    for first, last in spans:
        assert sum(part for _, part in session.parts[first + 1 : last]) <= 120


REST = ("Break", "Lunch")


def test_six_evenings_leave_no_section_out():
    evenings = PLANS["six-evenings"](NOTEBOOKS)
    for guided, session in zip(NOTEBOOKS, evenings, strict=True):
        planned = [*session.parts, *session.at_home]
        further = [what.strip("*") for what, _ in planned if what[0] == "*"]
        assert sorted(further) == sorted(guided.timed.further)
        core = dict(session.parts)[cores_name(guided)]
        assert core == guided.timed.core


def cores_name(guided: Guided) -> str:
    return f"[Notebook {guided.number}](0{guided.number}_{guided.name}.md): core"
