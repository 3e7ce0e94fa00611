"""The evening before: go where all is there, no go with one sentence where it isn't."""

import socket

import nbformat
import pytest

from course_utils import FakeServer
from course_utils.lessons import evening
from course_utils.lessons.evening import Missing


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setenv("COURSE_LIVE", "live")  # a machine of a class, not of pytest
    for name in ("COURSE_PROGRESS", "COURSE_MODEL", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def written(path, *sources):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(notebook, path)
    return path


@pytest.mark.parametrize(("free", "learners"), [(20 * 1024, 20), (0, 300)])
def test_a_machine_that_is_large_enough_or_does_not_say_is_go(free, learners):
    assert f"{learners} learners" in evening.memory(learners, free)


@pytest.mark.parametrize(("free", "learners"), [(20 * 1024 - 1, 20), (1, 1)])
def test_a_machine_that_is_too_small_is_no_go(free, learners):
    with pytest.raises(Missing, match="take a larger machine"):
        evening.memory(learners, free)


def test_a_full_disk_is_no_go():
    assert evening.disk(10, 500).startswith("disk")
    with pytest.raises(Missing, match="make room"):
        evening.disk(10, 499)


def test_a_shared_folder_is_tried_and_left_as_it_was(monkeypatch, tmp_path):
    assert "none" in evening.board()
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path))
    assert "can be written" in evening.board()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "nowhere"))
    with pytest.raises(Missing, match="chmod 1733"):
        evening.board()


def test_a_stream_is_read_to_its_end():
    assert evening.stream().startswith("stream: ")


def test_the_classs_own_model_is_asked(monkeypatch):
    assert "no key is needed" in evening.model()
    monkeypatch.setenv("COURSE_MODEL", "any")
    with FakeServer("Yes.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert evening.model() == "model: any answers, 4 letters"


def test_a_model_that_does_not_answer_is_no_go(monkeypatch):
    monkeypatch.setenv("COURSE_MODEL", "any")
    with FakeServer("Yes.", key="another") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(Missing, match="AuthenticationError"):
            evening.model()


def test_a_notebook_that_breaks_is_no_go_with_its_last_line(tmp_path):
    good = written(tmp_path / "good.ipynb", "1 + 1")
    assert evening.notebook(good) == "notebook: good.ipynb runs to its end"
    bad = written(tmp_path / "bad.ipynb", "1 / 0")
    with pytest.raises(Missing, match="ZeroDivisionError"):
        evening.notebook(bad)
    with pytest.raises(Missing, match="clone the whole course"):
        evening.notebook(tmp_path / "none.ipynb")


def test_a_hub_that_is_not_there_is_no_go():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Missing, match="see that the hub runs"):
        evening.hub(f"http://127.0.0.1:{port}")
    with FakeServer() as server, pytest.raises(Missing, match="said 40"):
        evening.hub(server.url)


def fails():
    raise Missing("disk: full: make room.")


@pytest.mark.parametrize(
    ("found", "verdict", "code"),
    [
        ([lambda: "disk"], "go", 0),
        ([fails, lambda: "memory"], "no go: 1 to put right", 1),
        ([fails, fails], "no go: 2 to put right", 1),
    ],
)
def test_every_look_is_told_and_the_verdict_is_last(
    monkeypatch, capsys, found, verdict, code
):
    monkeypatch.setattr(evening, "looks", lambda *given: iter(found))
    assert evening.main(["20"]) == code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(found) + 1 and lines[-1] == verdict
