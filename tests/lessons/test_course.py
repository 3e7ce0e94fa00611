"""The course as a whole: what was done and what was believed, over all notebooks."""

from collections import Counter

import pytest

from course_utils.lessons.course import LESSONS, all_beliefs, beliefs, overview
from course_utils.teaching import progress_file
from tests.notebooks.beliefs import PAGE, page


@pytest.fixture
def at_home(monkeypatch, tmp_path):
    """A learner's kernel, not pytest's, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_LIVE", "live")
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    progress_file.forget()
    yield
    progress_file.forget()


def plain(text):
    return text.replace("`", "").replace("*", "")


def row_of(question):
    return next(row for row in beliefs().rows if row[0] == plain(question.question))


def test_a_question_without_a_guess_keeps_its_answer_to_itself(at_home):
    assert {row[1:3] for row in beliefs().rows} == {("no guess yet", "guess first")}


def test_a_wrong_belief_stands_beside_what_is_true_and_a_right_one_is_told(at_home):
    first, second, *_ = all_beliefs()
    wrong = next(x for x in first.question.options if x != first.question.right)
    first.question.answer(wrong)
    second.question.answer(second.question.right)
    believed = plain(first.question.options[wrong][0])
    true = plain(first.question.options[first.question.right][0])
    assert row_of(first.question)[1:] == (believed, true, str(first.notebook))
    assert row_of(second.question)[2] == "as you believed"


def test_the_first_guess_is_what_was_believed(at_home):
    first = next(all_beliefs())
    for letter in ("a", "b"):
        first.question.answer(letter)
    assert row_of(first.question)[1] == plain(first.question.options["a"][0])


def test_the_overview_has_a_row_for_each_notebook(at_home):
    rows = overview().rows
    assert [name for name, _ in rows] == [f"notebook {n}" for n in range(1, 7)]
    assert all("next: `" in told for _, told in rows)


def test_every_question_of_the_course_is_asked_in_other_words():
    questions = [one.question.question for one in all_beliefs()]
    assert len(set(questions)) == len(questions)


def test_a_question_is_asked_by_the_name_it_has_in_its_lesson():
    for one in all_beliefs():
        assert one.question.name == one.name
        assert getattr(LESSONS[one.notebook - 1], one.name) is one.question


def test_no_letter_is_right_so_often_that_guessing_it_always_pays():
    right = Counter(one.question.right for one in all_beliefs())
    assert max(right.values()) <= 0.6 * right.total()


def test_the_page_of_all_beliefs_is_made_from_the_lessons():
    assert PAGE.read_text("utf-8") == page()
