"""The minutes promised are those reckoned: python -m tests.notebooks.minutes."""

from types import ModuleType

import pytest

from course_utils.teaching.exercise import Exercise
from course_utils.teaching.minutes import minutes
from course_utils.teaching.quiz import Predict, Quiz
from tests.notebooks.minutes import (
    README,
    minutes_of,
    readme_with_minutes,
    with_minutes,
)
from tests.notebooks.outputs import NOTEBOOKS, read

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def text(source):
    return {"cell_type": "markdown", "source": source}


def code(source, name="a-cell"):
    return {"cell_type": "code", "source": source, "id": name}


def asks(name=""):
    options = [("Yes.", "So it is."), ("No.", "It is.")]
    return Predict("Is it?", options=options, answer="a", name=name)


LESSON = ModuleType("lesson")
LESSON.guess = asks("guess")
LESSON.quiz = Quiz([asks(), asks()])
LESSON.build_it = Exercise("build_it", check=print, minutes=12)


def of(*cells):
    return minutes({"cells": list(cells)}, LESSON)


def only(cell):
    return of(cell).sections[0].minutes


def test_words_cells_questions_and_exercises_each_have_their_minutes():
    assert only(text("word " * 180)) == 1
    assert only(code("1 + 1")) == 0.75
    assert only(code("lesson.guess")) == 1
    assert only(code("lesson.quiz")) == 2
    assert only(code("def build_it(): ...", "build-it")) == 12


def test_a_source_may_be_a_list_of_lines_as_a_file_keeps_it():
    assert only(text(["one two\n", "three"])) == 3 / 180


def test_the_core_is_all_that_does_not_stand_under_going_further():
    timed = of(
        text("# Title"),
        text("## An idea"),
        code("1"),
        text("### Your turn"),
        code("2", "build-it"),
        text("## Going further"),
        text("### Slow readers"),
        code("3"),
        text("#### Your turn"),
        code("4", "build-it"),
        text("### Quick readers"),
        code("5"),
        text("## What you take away"),
        code("lesson.quiz"),
    )
    assert timed.core == 15
    assert timed.further == {"Slow readers": 13, "Quick readers": 1}


def test_a_heading_may_stand_under_the_end_of_what_came_before():
    both = "That was one idea.\n\n## The next\n\n```python\n## no heading\n```"
    sections = of(text("# T"), text(both), code("1"), text("### Your turn")).sections
    assert [section.title for section in sections] == ["T", "The next"]


def test_every_cell_counts_once():
    cells = [text("# T"), code("1"), text("## Going further"), text("### A"), code("2")]
    total = sum(one.minutes for one in of(*cells).sections)
    assert total == pytest.approx(sum(only(cell) for cell in cells))


@each_notebook
def test_a_notebook_promises_the_minutes_it_takes(path):
    sources = [cell.source for cell in read(path).cells]
    told = with_minutes(read(path), minutes_of(path))
    assert [cell.source for cell in told.cells] == sources, (
        "run tests.notebooks.minutes"
    )


def test_readme_promises_the_minutes_of_each_notebook():
    text = README.read_text("utf-8")
    timed = {path.stem: minutes_of(path) for path in PATHS}
    assert readme_with_minutes(text, timed) == text
    for one in timed.values():
        assert f"| {one.core} | {sum(one.further.values())} |" in text
