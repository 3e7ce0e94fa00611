"""What repo2docker was seen to want, and links that lead somewhere or are not there."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import start
from tests.doors import binder, links
from tests.house.test_setup import of_the_lock

ROOT = Path(start.__file__).parent
SCRIPTS = ("postBuild", "start")


def environment(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def pip_lines(name: str) -> list[str]:
    return environment(name)["dependencies"][-1]["pip"]


def test_conda_reads_the_list_and_the_lock():
    assert pip_lines("environment.yml") == ["-c constraints.txt", "-e .[notebooks]"]


@of_the_lock
def test_binder_installs_what_is_locked():
    assert binder.FILE.read_text("utf-8") == binder.text(), (
        "python -m tests.doors.binder makes it anew"
    )
    locked = (ROOT / "constraints.txt").read_text("utf-8")
    for pin in pip_lines("binder/environment.yml"):
        assert re.search(rf"^{re.escape(pin)}( ;|$)", locked, re.MULTILINE)


def test_binder_has_all_that_the_notebooks_need_and_no_tool_of_the_tests():
    names = {pin.partition("==")[0] for pin in pip_lines("binder/environment.yml")}
    assert {"jupyterlab", "langchain-openai", "openai", "pexpect", "fastapi"} <= names
    assert not names & {"mypy", "ruff", "playwright", "locust", "pywinpty", "appnope"}


def test_conda_and_binder_have_one_python_and_one_name():
    here, there = environment("environment.yml"), environment("binder/environment.yml")
    for key in ("name", "channels"):
        assert here[key] == there[key]
    assert here["dependencies"][:2] == there["dependencies"][:2]


def test_a_change_of_a_notebook_leaves_the_installed_layer_as_it_is():
    # repo2docker copies the course first if one line names a file of it.
    for line in pip_lines("binder/environment.yml"):
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.]+", line)


def test_binder_names_its_python_the_only_way_it_reads():
    assert re.fullmatch(
        r"python=3\.\d+", environment("binder/environment.yml")["dependencies"][0]
    )


def test_binder_has_its_own_environment_and_no_symlink():
    assert not any(path.is_symlink() for path in (ROOT / "binder").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux")
@pytest.mark.parametrize("name", SCRIPTS)
def test_binder_can_run_its_scripts(name):
    script = ROOT / "binder" / name
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert b"\r" not in script.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux")
@pytest.mark.parametrize("name", start.TRACING)
def test_a_binder_session_starts_what_it_is_told_and_tells_nobody(name):
    shown = subprocess.run(
        ["binder/start", "sh", "-c", f"echo ${name}"],
        cwd=ROOT,
        env={**os.environ, name: "true"},
        capture_output=True,
        text=True,
    )
    assert shown.stdout == "false\n"


# The links


def block() -> str:
    (found,) = links.BLOCK.findall(links.README.read_text("utf-8"))
    return found


def test_the_readme_has_the_links_that_the_command_writes():
    published = re.search(r"/gh/([^/]+/[^/]+)/v", block())
    assert block() == links.doors(published[1] if published else None)


def test_until_it_is_published_no_link_leads_nowhere():
    assert "](http" not in links.doors(None)
    assert "OWNER" not in links.README.read_text("utf-8")


def test_a_published_course_opens_at_each_notebook():
    found = re.findall(r"\((https://\S+?)\)", links.doors("ada/course"))
    notebooks = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    assert [address.rpartition("%2F")[2] for address in found] == [
        path.name for path in notebooks
    ]
    for address in found:
        assert f"/gh/ada/course/v{links.version()}?urlpath=lab%2Ftree%2F" in address


ADDRESSES = (
    "git@github.com:ada/course.git",
    "https://github.com/ada/course",
    "https://github.com/ada/course.git",
    "https://secret@github.com/ada/course/",
    "ssh://git@github.com/ada/course.git",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_may_be_written_in_any_way(address):
    assert links.repository_of(address) == "ada/course"


@pytest.mark.parametrize("address", ["", "/srv/course.git", "https://example.org/a/b"])
def test_another_address_has_no_links(address):
    assert links.repository_of(address) is None


def test_the_command_writes_only_between_its_marks(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- doors -->\nold\n<!-- /doors -->\nb\n")
    monkeypatch.setattr(links, "README", readme)
    links.main(["ada/course"])
    before, written, after = re.split(r"<!-- /?doors -->\n", readme.read_text())
    assert (before, after) == ("a\n", "b\n")
    assert written == links.doors("ada/course")
