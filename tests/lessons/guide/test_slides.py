"""Slides are the notebook's own cells, on a page that needs no network."""

import re

import pytest

from course_utils.teaching.minutes import headings
from tests.lessons.guide.notebook import Guided
from tests.lessons.guide.slides import as_page, slides, written

each_notebook = pytest.mark.parametrize("number", range(1, 7))


@each_notebook
def test_every_question_is_a_slide_and_no_exercise_is(number):
    guided = Guided(number)
    firsts = [cells[0].source for cells in slides(guided)]
    assert {f"lesson.{one.thing.name}" for one in guided.questions} <= set(firsts)
    shown = {cell.id for cells in slides(guided) for cell in cells}
    solved = {one.thing.name.replace("_", "-") for one in guided.exercises}
    assert shown & solved == set()


@each_notebook
def test_every_heading_begins_a_slide(number):
    for cells in slides(Guided(number)):
        assert [h for cell in cells[1:] for h in headings(cell)] == []


def test_a_page_of_slides_loads_nothing_and_runs_only_its_own_keys():
    page = as_page(Guided(4))
    assert page.count("<section>") == len(slides(Guided(4)))
    assert re.findall(r'(?:src|srcset)="(?!data:)[^"]*"', page) == []
    assert page.count("<script") == 1 and "<link" not in page


def test_the_command_names_the_files_it_wrote(tmp_path):
    (file,) = written([1], tmp_path)
    assert file.name == "slides-01.html"
    assert "Full responses" in file.read_text("utf-8")
