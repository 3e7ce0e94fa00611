"""The class board: opt-in, by alias, and no more of a learner than it says."""

import json

import pytest

from course_utils.lessons.board import main, tasks, write
from course_utils.teaching import (
    Exercise,
    Predict,
    join_board,
    leave_board,
    load_progress,
    progress_file,
    save_progress,
)
from course_utils.teaching.board.page import as_page
from course_utils.teaching.board.seen import Task, seen


@pytest.fixture(autouse=True)
def shared(monkeypatch, tmp_path):
    """A learner's kernel in an empty folder, and the folder that the class shares."""
    home, shared = tmp_path / "home", tmp_path / "shared"
    home.mkdir()
    shared.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("COURSE_LIVE", "live")
    monkeypatch.setenv("COURSE_PROGRESS", str(shared))
    monkeypatch.setenv("LOGNAME", "ada")
    progress_file._here = progress_file.Record()
    yield shared
    progress_file.forget()


def check_one(answer):
    assert answer == 1


def collect():
    return Exercise("collect", check_one)


TASK = Task(1, "collect", "test_class_board.collect")


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def work():
    collect().check(2)
    collect().check(1)
    Predict("Sooner?", [("Yes.", "So."), ("No.", "So.")], "a").answer("b")


def test_who_has_not_joined_leaves_nothing_in_the_shared_folder(shared):
    work()
    assert files(shared) == []


def test_who_joins_shares_exercises_and_tries_and_no_belief(shared):
    join_board("blue-fox")
    work()
    assert json.loads((shared / "blue-fox.json").read_text()) == {
        "done": ["test_class_board.collect"],
        "tries": {"test_class_board.collect": 1},
    }
    assert progress_file.record().beliefs, "they stay at home"


def test_what_was_done_before_is_on_the_board_too(shared):
    work()
    join_board("blue-fox")
    assert "test_class_board.collect" in (shared / "blue-fox.json").read_text()


def test_a_made_up_name_says_nothing_of_the_learner(shared):
    told = [repr(join_board()) for _ in range(3)]
    (name,) = files(shared)
    assert name.removesuffix(".json") in told[-1]
    assert "ada" not in "".join(told)
    assert len(set(told)) > 1, "another each time, and the old one is gone"


def test_a_name_that_is_taken_is_refused_and_stays_as_it_is(shared):
    (shared / "blue-fox.json").write_text("of another")
    with pytest.raises(ValueError, match="is taken"):
        join_board("blue-fox")
    assert (shared / "blue-fox.json").read_text() == "of another"
    join_board("red-fox")
    join_board("red-fox")  # one's own is not taken


@pytest.mark.parametrize("alias", ["../ada", "a b", "<b>", "x" * 25, ".", "a/b", "\n"])
def test_a_name_that_is_none_is_refused(shared, alias):
    with pytest.raises(ValueError, match="1 to 24 letters"):
        join_board(alias)
    assert files(shared) == []


def test_who_leaves_is_gone_for_good(shared):
    join_board("blue-fox")
    leave_board()
    work()
    assert files(shared) == []
    leave_board()


def test_who_leaves_in_one_notebook_has_left_in_all(shared, monkeypatch):
    join_board("blue-fox")
    work()
    here = progress_file._here
    monkeypatch.setattr(progress_file, "_here", progress_file.Record())
    leave_board()  # in another kernel
    monkeypatch.setattr(progress_file, "_here", here)
    work()
    assert files(shared) == []


def test_progress_taken_along_does_not_take_the_name_along(shared, tmp_path):
    join_board("blue-fox")
    save_progress(tmp_path / "mine.json")
    progress_file.forget()
    load_progress(tmp_path / "mine.json")
    assert progress_file.record().alias == ""
    assert files(shared) == []


def test_without_a_shared_folder_joining_says_what_is_missing(monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS")
    assert "COURSE_PROGRESS" in repr(join_board("blue-fox"))


def test_a_shared_folder_that_cannot_be_written_stops_no_exercise(shared):
    join_board("blue-fox")
    (shared / "blue-fox.json").unlink()
    shared.rmdir()
    assert collect().check(1).outcome == "correct"


@pytest.mark.parametrize(
    ("tries", "answer", "state"),
    [
        (0, 2, "trying"),
        (2, 2, "stuck"),
        (5, 2, "stuck"),
        (0, 1, "done"),
        (5, 1, "done"),
        (0, None, "not begun"),
    ],
)
def test_an_exercise_is_done_stuck_tried_or_not_begun(shared, tries, answer, state):
    join_board("blue-fox")
    for _ in range(tries):
        collect().check(2)
    collect().check(answer)
    board = seen(shared, [TASK])
    assert board.learners == (("blue-fox", (state,)),)
    assert board.count(0)[state] == 1


ODD = {
    "notes.txt": "hello",
    "x y.json": '{"done": []}',
    "<script>.json": '{"done": []}',
    "large.json": '{"done": [' + '"x",' * 50_000 + '"x"]}',
}


def test_what_else_lies_in_the_folder_is_left_alone(shared, tmp_path):
    for name, text in ODD.items():
        (shared / name).write_text(text)
    (shared / "folder.json").mkdir()
    (tmp_path / "secret.json").write_text('{"done": ["test_class_board.collect"]}')
    (shared / "link.json").symlink_to(tmp_path / "secret.json")
    assert seen(shared, [TASK]).learners == ()


@pytest.mark.parametrize("text", ["", "[]", "[" * 90_000, '{"done": 3}', "\0", "{}"])
def test_a_broken_file_is_a_learner_who_has_not_begun(shared, text):
    (shared / "blue-fox.json").write_text(text)
    assert seen(shared, [TASK]).learners == (("blue-fox", ("not begun",)),)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError, match="COURSE_PROGRESS"):
        seen(tmp_path / "nowhere", [TASK])


def test_the_board_shows_the_notebooks_that_are_begun_or_the_one_asked_for(shared):
    all_tasks = list(tasks())
    fourth = next(task for task in all_tasks if task.notebook == 4)
    record = progress_file.Record(tries={fourth.key: 4})
    (shared / "blue-fox.json").write_text(record.as_json())
    assert {task.notebook for task in seen(shared, all_tasks).tasks} == {4}
    assert {task.notebook for task in seen(shared, all_tasks, 2).tasks} == {2}
    assert f"stuck at {fourth.name}: blue-fox" in repr(seen(shared, all_tasks))


def test_the_text_is_at_most_80_characters_wide(shared):
    record = progress_file.Record(tries={task.key: 9 for task in tasks()})
    for number in range(30):
        (shared / f"learner-{number}.json").write_text(record.as_json())
    lines = repr(seen(shared, list(tasks()))).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("stuck at" in line for line in lines) == len(list(tasks()))


def test_the_page_asks_for_nothing_outside_and_shows_every_state_in_words(shared):
    (shared / "blue-fox.json").write_text(progress_file.Record().as_json())
    page = as_page(seen(shared, [TASK]), at="10:42:07", every=10)
    assert "://" not in page and "<script" not in page and "src=" not in page
    assert 'http-equiv="refresh" content="10"' in page
    assert "1 learner, at 10:42:07" in page
    assert ">not begun</span></td>" in page


def test_the_command_prints_the_class_and_writes_its_page(shared, capsys, tmp_path):
    page = tmp_path / "board.html"
    main([str(shared), "--page", str(page), "--every", "0"])
    assert "join_board()" in capsys.readouterr().out
    (shared / "blue-fox.json").write_text(progress_file.Record().as_json())
    write(shared, page)
    assert "blue-fox" in page.read_text("utf-8")
    assert "refresh" not in page.read_text("utf-8")
