"""What is packed for a room without a network, and what is left at home.

That a machine without a network installs from it, is tried by .ci/run.
"""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import start
from course_utils.setup import pack

ROOT = Path(start.__file__).parent


def test_what_is_not_said_is_as_on_this_machine():
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert pack.ordered([]) == pack.Order((pack.this_system(),), (here,), "")


def test_every_system_gets_every_python():
    order = pack.ordered(["windows", "macos", "3.12", "3.13", "test"])
    assert order.kinds() == [
        ("windows", "3.12"),
        ("windows", "3.13"),
        ("macos", "3.12"),
        ("macos", "3.13"),
    ]
    assert order.extra == "test"


@pytest.mark.parametrize("word", ["windos", "3.10", "--help", ""])
def test_a_word_that_pack_does_not_know_is_answered_with_those_it_does(word):
    with pytest.raises(SystemExit, match=r"windows, macos.*3\.11.*test, got"):
        pack.ordered(["linux", word])


@pytest.fixture
def packed(tmp_path):
    """A course with things of a learner's in it, packed; the names in the file."""
    here, wheels = tmp_path / "here", tmp_path / "wheels"
    course = ["start.py", "notebooks/01.ipynb", "course_utils/a.py", "binder/start"]
    yours = [
        *(".env", ".venv/bin/python", "my-notebooks/01.ipynb", "notebooks/cache.db"),
        *(".git/config", "notebooks/.course_progress.json", "x/__pycache__/a.pyc"),
        *("course_utils.egg-info/PKG-INFO", "streaming-course.zip", "wheels/old.whl"),
    ]
    for name in (*course, *yours):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    (here / "binder/start").chmod(0o755)
    wheels.mkdir()
    (wheels / "six.whl").write_text("six")
    pack.write(here, wheels, tmp_path / "course.zip")
    return tmp_path / "course.zip", {*course, "wheels/six.whl"}


def test_the_course_and_its_wheels_are_packed_and_nothing_of_yours(packed):
    file, expected = packed
    names = {name.partition("/")[2] for name in ZipFile(file).namelist()}
    assert names == expected


def test_a_script_can_still_be_run_when_it_is_unpacked(packed):
    mode = ZipFile(packed[0]).getinfo("streaming-course/binder/start").external_attr
    assert mode >> 16 & 0o111


def test_all_that_git_knows_of_the_course_is_packed():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split("\n")
    there = {name for name in listed if (ROOT / name).is_file()}
    assert there <= {path.as_posix() for path in pack.files(ROOT)}


@pytest.mark.parametrize("system", pack.SYSTEMS)
def test_every_system_has_wheels_to_ask_for(system):
    target, tags = pack.SYSTEMS[system]
    arm = "arm" in system or system == "macos"
    assert ("aarch64" in target) == arm
    assert all(("arm64" in tag or "aarch64" in tag) == arm for tag in tags)


# The other end: start.py beside a folder of wheels


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder of wheels beside start.py."""
    wheels = tmp_path / pack.WHEELS
    wheels.mkdir()
    (wheels / pack.CONTENTS).write_text("linux, Python 3.12\nwindows, Python 3.12\n")
    monkeypatch.setattr(start, "WHEELS", wheels)
    return wheels


@pytest.mark.parametrize("uv_works", [True, False])
def test_where_wheels_lie_beside_it_start_asks_no_index(room, monkeypatch, uv_works):
    asked = []

    def failure(*command: object) -> str:
        asked.append(command)
        return "" if uv_works else "no such thing"

    def run(*command: object) -> int:
        asked.append(command)
        return 0

    for name, stands_in in (("failure", failure), ("watched", failure), ("run", run)):
        monkeypatch.setattr(start, name, stands_in)
    if uv_works:
        start.fetch("-e", ".")
    else:
        with pytest.raises(SystemExit):
            start.fetch("-e", ".")
    assert len(asked) == 2
    for command in asked:
        assert command[command.index("--no-index") + 1 :][:2] == ("--find-links", room)


def test_wheels_for_another_machine_are_named_with_what_they_are_for(room):
    told = start.remedy("ERROR: No matching distribution found for uv")
    assert "linux, Python 3.12, or windows, Python 3.12" in told
    assert f"this is Python {sys.version.split()[0]}" in told


def test_the_folder_that_pack_fills_is_the_one_that_start_looks_for():
    assert start.WHEELS == ROOT / pack.WHEELS
    assert (ROOT / start.PACK).is_file()
