"""A learner's copy follows the course and never loses what the learner wrote."""

import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.setup import working_copy
from course_utils.setup.working_copy import LEDGER, bring_up_to_date, reset

NAME = "04_interruptions.ipynb"
KINDS = ("untouched", "changed", "deleted")


@pytest.fixture
def course(tmp_path):
    """A course of two files, and a copy of it."""
    source, copy = tmp_path / "notebooks", tmp_path / "mine"
    (source / "chat").mkdir(parents=True)
    (source / NAME).write_text("first")
    (source / "chat" / "app.py").write_text("app")
    (source / "chat" / "__pycache__").mkdir()
    (source / "chat" / "__pycache__" / "app.pyc").write_text("machine")
    bring_up_to_date(source, copy)
    return source, copy


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found} - {LEDGER}


def test_a_new_copy_holds_the_course_and_nothing_of_the_machine(course):
    source, copy = course
    assert files(copy) == {NAME, "chat/app.py"}
    assert bring_up_to_date(source, copy) == []


@pytest.mark.parametrize("learner", KINDS)
@pytest.mark.parametrize("updated", [False, True])
def test_what_a_learner_wrote_is_still_there_after_any_update(course, learner, updated):
    source, copy = course
    if learner == "changed":
        (copy / NAME).write_text("mine")
    if learner == "deleted":
        (copy / NAME).unlink()
    if updated:
        (source / NAME).write_text("second")
    told = bring_up_to_date(source, copy)
    own = (copy / NAME).read_text()
    assert own == (
        "mine" if learner == "changed" else ("second" if updated else "first")
    )
    both = learner == "changed" and updated
    assert bool(told) == both
    assert ((copy / "04_interruptions (new).ipynb").exists()) == both
    assert bring_up_to_date(source, copy) == [], "it is said once"


def test_a_new_one_in_which_a_learner_works_is_not_written_over(course):
    source, copy = course
    (copy / NAME).write_text("mine")
    for version in ("second", "third"):
        (source / NAME).write_text(version)
        bring_up_to_date(source, copy)
    beside = sorted(path.name for path in copy.glob("*(new*"))
    assert [(copy / name).read_text() for name in beside] == ["third", "second"]


def test_progress_comes_along_once_and_is_then_the_learners(course):
    source, copy = course
    for done in ("first", "later"):
        (source / ".course_progress.json").write_text(done)
        assert bring_up_to_date(source, copy) == []
    assert (copy / ".course_progress.json").read_text() == "first"


@pytest.mark.parametrize("ledger", [None, "", "[]", "{}"])
def test_without_its_ledger_a_copy_is_taken_for_the_learners_own(course, ledger):
    source, copy = course
    (copy / NAME).write_text("mine")
    (copy / LEDGER).unlink()
    if ledger is not None:
        (copy / LEDGER).write_text(ledger)
    told = bring_up_to_date(source, copy)
    assert (copy / NAME).read_text() == "mine"
    assert len(told) == 1


def test_a_reset_gives_the_courses_notebook_and_keeps_the_learners(course):
    source, copy = course
    (copy / NAME).write_text("mine")
    told = reset(source, copy, "4")
    assert (copy / NAME).read_text() == "first"
    kept = [name for name in files(copy) if "kept" in name]
    assert [(copy / name).read_text() for name in kept] == ["mine"]
    assert kept[0] in told
    (source / NAME).write_text("second")
    assert bring_up_to_date(source, copy) == [], "a fresh one follows the course again"
    assert (copy / NAME).read_text() == "second"


def test_a_translation_is_reset_by_its_folder_and_number(course):
    source, copy = course
    (source / "de").mkdir()
    (source / "de" / NAME).write_text("erste")
    bring_up_to_date(source, copy)
    for name in (NAME, f"de/{NAME}"):
        (copy / name).write_text("mine")
    assert f"de/{NAME} is as the course has it" in reset(source, copy, "de/4")
    assert (copy / "de" / NAME).read_text() == "erste"
    assert (copy / NAME).read_text() == "mine"
    assert "name one of 4, de/4, python" in reset(source, copy, "de/1")


@pytest.mark.parametrize("number", ["", "9", "four", "4 5", "*", "[4]"])
def test_a_notebook_that_is_not_there_is_not_reset(course, number):
    source, copy = course
    (copy / NAME).write_text("mine")
    assert "name one of 4" in reset(source, copy, number)
    assert (copy / NAME).read_text() == "mine"


def test_it_runs_alone_before_anything_is_installed(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / NAME).write_text("first")
    script = tmp_path / "course_utils" / "setup" / "working_copy.py"
    script.parent.mkdir(parents=True)
    script.write_text(Path(working_copy.__file__).read_text("utf-8"), "utf-8")
    for words in ([], ["reset", "4"]):
        subprocess.run([sys.executable, "-I", script, *words], check=True, timeout=30)
    assert (tmp_path / working_copy.FOLDER / NAME).read_text() == "first"
