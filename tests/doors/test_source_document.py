"""What the source document says has its place: headings that are there."""

import re

from course_utils.teaching.minutes import headings
from tests.doors.binder import ROOT
from tests.notebooks.outputs import NOTEBOOKS, read


def rows() -> list[tuple[str, str]]:
    page = (ROOT / "docs" / "source_document.md").read_text("utf-8")
    return re.findall(r"^\|.*?\| (\d) \| \*(.+?)\* \|", page, re.MULTILINE)


def titles_of(number: str) -> set[str]:
    """All headings of a notebook."""
    (path,) = NOTEBOOKS.glob(f"0{number}_*.ipynb")
    return {one.lstrip("# ") for cell in read(path).cells for one in headings(cell)}


def test_each_sentence_has_a_heading_that_stands_in_its_notebook():
    lost = [row for row in rows() if row[1] not in titles_of(row[0])]
    assert lost == []
    assert len(rows()) > 25


def test_every_notebook_has_a_part_in_it():
    assert {number for number, _ in rows()} == set("123456")
