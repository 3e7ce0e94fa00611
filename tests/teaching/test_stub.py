"""An exercise's cell can be had as it was at first."""

import json

import pytest
from jupyter_client.manager import run_kernel

from course_utils.lessons.course import LESSONS
from course_utils.teaching import Exercise
from course_utils.teaching.stub import stub
from tests.notebooks.outputs import NOTEBOOKS, read

IMPORT = "from course_utils.lessons import full_responses as lesson"
EXERCISES = [
    (path, exercise)
    for path, lesson in zip(sorted(NOTEBOOKS.glob("*.ipynb")), LESSONS, strict=True)
    for exercise in vars(lesson).values()
    if isinstance(exercise, Exercise)
]


@pytest.mark.parametrize(("path", "exercise"), EXERCISES, ids=lambda one: str(one))
def test_an_exercise_gives_its_cell_as_the_notebook_has_it(path, exercise):
    (cell,) = (c for c in read(path).cells if c.id == exercise.name.replace("_", "-"))
    assert repr(exercise.reset()) == cell.source


def test_in_a_notebook_the_cell_becomes_the_exercise_again():
    with run_kernel() as client:
        code = f"{IMPORT}; lesson.ask_all.reset()"
        reply = client.execute(code, reply=True, timeout=60)
    (payload,) = reply["content"]["payload"]
    assert payload["source"] == "set_next_input"
    assert payload["replace"] is True
    assert payload["text"] == stub("full_responses", "ask_all")


def test_away_from_the_course_there_is_no_cell(tmp_path):
    assert stub("full_responses", "ask_all", tmp_path) == ""
    other = {"cells": [{"id": "another", "source": ["x"]}]}
    (tmp_path / "01_full_responses.ipynb").write_text(json.dumps(other))
    assert stub("full_responses", "ask_all", tmp_path) == ""
    assert stub("full_responses", "another", tmp_path) == "x"
