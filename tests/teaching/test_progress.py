import json
from types import ModuleType

import pytest

from course_utils.teaching import Exercise, Predict, Quiz, progress, progress_file


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    """A learner's kernel, not pytest's, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_LIVE", "live")
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    progress_file.forget()
    yield
    progress_file.forget()


def check_one(answer):
    assert answer == 1


def lesson():
    module = ModuleType("lesson")
    module.collect = Exercise("collect", check_one)
    module.rewrite = Exercise("rewrite", check_one)
    module.sooner = Predict("Sooner?", [("Yes.", "So."), ("No.", "So.")], "a")
    module.quiz = Quiz([Predict("Why?", [("So.", "So.")], "a")])
    module.Exercise = Exercise  # what a lesson imports is no task
    return module


def after_a_restart():
    progress_file._here = progress_file.Record()


def test_a_fresh_lesson_always_reads_the_same():
    line = "0 of 2 exercises · 0 of 2 questions · next: `collect`"
    assert repr(progress(lesson())) == line
    assert "next: <code>collect</code>" in progress(lesson())._repr_html_()


def test_what_is_done_is_counted_and_survives_a_restart():
    module = lesson()
    module.collect.check(2)
    module.rewrite.check(1)
    module.sooner.answer("b")
    module.quiz.answer("a")
    line = "1 of 2 exercises · 2 of 2 questions · next: `collect`"
    assert repr(progress(module)) == line
    after_a_restart()
    assert repr(progress(lesson())) == line
    lesson().collect.check(1)
    assert repr(progress(module)).endswith("2 of 2 questions"), "nothing is left"


def test_the_file_is_small_plain_json_beside_the_notebook(tmp_path):
    lesson().collect.check(1)
    file = tmp_path / ".course_progress.json"
    assert json.loads(file.read_text()) == {"done": ["test_progress.collect"]}
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "junk", ["", "{", "[]", '{"done": 3}', '{"done": [{}]}', "\0", "[" * 99_999]
)
def test_a_broken_file_is_begun_anew(tmp_path, junk):
    (tmp_path / ".course_progress.json").write_text(junk)
    assert repr(progress(lesson())).startswith("0 of 2")
    lesson().collect.check(1)
    after_a_restart()
    assert repr(progress(lesson())).startswith("1 of 2")


def test_in_a_folder_that_cannot_be_written_nothing_fails(tmp_path):
    (
        tmp_path / ".course_progress.json"
    ).mkdir()  # no file can stand there, even for root
    assert lesson().collect.check(1).outcome == "correct"
    assert repr(progress(lesson())).startswith("1 of 2"), "known in this kernel"


def test_while_outputs_are_made_the_learners_file_is_left_alone(monkeypatch, tmp_path):
    lesson().collect.check(1)
    after_a_restart()
    before = (tmp_path / ".course_progress.json").read_text()
    monkeypatch.setenv("COURSE_LIVE", "static")
    assert repr(progress(lesson())).startswith("0 of 2")
    lesson().rewrite.check(1)
    assert (tmp_path / ".course_progress.json").read_text() == before


def test_tries_are_counted_until_an_answer_is_correct():
    module = lesson()
    for answer in (2, 3, 1, 2):
        module.collect.check(answer)
    assert progress_file.record().tries == {"test_progress.collect": 3}
    module.rewrite.check(None)  # not started is no try
    assert "test_progress.rewrite" not in progress_file.record().tries


def test_the_first_guess_is_kept_and_survives_a_restart():
    module = lesson()
    module.sooner.answer("b")
    after_a_restart()
    lesson().sooner.answer("a")
    assert list(progress_file.record().beliefs.values()) == ["b"]


def test_what_was_saved_can_be_loaded_elsewhere_beside_what_is_there(tmp_path):
    module = lesson()
    module.collect.check(1)
    module.sooner.answer("b")
    progress_file.save_progress(tmp_path / "mine.json")
    kept = progress_file.record()
    progress_file.forget()
    lesson().rewrite.check(1)
    progress_file.load_progress(tmp_path / "mine.json")
    assert progress_file.record().beliefs == kept.beliefs
    assert progress_file.done() == kept.done | {"test_progress.rewrite"}
    after_a_restart()
    assert progress_file.done() >= kept.done, "it is in the file, too"


@pytest.mark.parametrize("junk", ["", "[]", '{"cells": []}', "\0"])
def test_a_file_that_holds_something_else_is_refused_with_its_beginning(tmp_path, junk):
    (tmp_path / "other.json").write_text(junk)
    with pytest.raises(ValueError, match=r"save_progress\("):
        progress_file.load_progress(tmp_path / "other.json")


def test_what_is_of_another_kind_in_a_file_is_left_out(tmp_path):
    odd = {"done": ["a", 1], "tries": {"a": "b"}, "beliefs": ["a"]}
    (tmp_path / ".course_progress.json").write_text(json.dumps(odd))
    assert progress_file.record() == progress_file.Record(frozenset({"a"}))
