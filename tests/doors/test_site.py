"""The pages to read hold all that is to be read, and are told where they stand."""

import re

import pytest
import yaml

from tests.doors import site
from tests.doors.binder import ROOT


def pages() -> list[str]:
    parts = site.contents()["parts"]
    return [chapter["file"] for part in parts for chapter in part["chapters"]]


def test_every_notebook_and_every_text_that_readme_links_to_is_a_page():
    linked = re.findall(
        r"\]\(([\w/.-]+\.(?:md|ipynb))", (ROOT / "README.md").read_text()
    )
    assert len(linked) > 8
    there = {*pages(), site.contents()["root"]}
    assert {name.rpartition(".")[0] for name in linked} <= there


def test_a_page_stands_once():
    assert len(pages()) == len(set(pages()))


def test_the_folder_it_is_built_from_has_every_page_and_nothing_to_run(tmp_path):
    (tmp_path / "course").mkdir()
    site.lay_out(tmp_path / "course", None)
    there = {
        path.relative_to(tmp_path / "course").with_suffix("").as_posix()
        for path in (tmp_path / "course").rglob("*")
        if path.is_file()
    }
    assert set(pages()) <= there
    assert not list((tmp_path / "course").rglob("*.py"))
    told = yaml.safe_load((tmp_path / "course" / "_config.yml").read_text())
    assert told["execute"]["execute_notebooks"] == "off"


@pytest.mark.parametrize("repository", [None, "ada/course"])
def test_a_page_has_a_door_to_run_it_once_the_course_is_published(repository):
    assert ("launch_buttons" in site.config(repository)) == bool(repository)


def test_the_workflow_builds_the_pages_by_the_same_command():
    workflow = (ROOT / ".github/workflows/pages.yml").read_text()
    assert "python -m tests.doors.site" in workflow
    assert "path: _build/html" in workflow
