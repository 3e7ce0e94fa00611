"""The frame of the notebooks is held, and each of its rules can fail."""

from collections.abc import Callable

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks.minutes import minutes_of
from tests.notebooks.outputs import NOTEBOOKS, read
from tests.notebooks.two_paths import FOLDED, FRAME, asked_first, frame_faults

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@each_notebook
def test_a_notebook_keeps_the_frame(path):
    assert frame_faults(read(path)) == []


@each_notebook
def test_a_core_fits_its_hour(path):
    assert minutes_of(path).core <= 60


@each_notebook
def test_a_notebook_asks_at_least_five_questions_before_their_experiments(path):
    assert asked_first(read(path)) >= 5


def text(name, source, **metadata):
    return new_markdown_cell(source, id=name, metadata=nbformat.from_dict(metadata))


def exercise(name):
    return new_code_cell("...", id=name, metadata={"tags": ["exercise"]})


def good():
    return new_notebook(
        cells=[
            text("title", "# 1 · Hello"),
            text("idea", "## Ask\n\nA [full response](glossary.md#full-response)."),
            new_code_cell("lesson.guess", id="guess"),
            text("turn", "### Your turn: two"),
            exercise("one"),
            exercise("two"),
            text("further", "## Going further"),
            text("slow", "### Slow readers", **{FOLDED: True}),
            text("harder", "#### Your turn: harder"),
            exercise("three"),
            text("production", "## In production"),
            text("end", "## What you take away"),
        ]
    )


def cell(notebook, name):
    return next(one for one in notebook.cells if one.id == name)


def reads(name, source) -> Callable:
    return lambda notebook: cell(notebook, name).update(source=source)


def without(name) -> Callable:
    return lambda notebook: notebook.cells.remove(cell(notebook, name))


BAD = {
    "long": (
        "46 cells",
        lambda n: n.cells.__setitem__(
            slice(1, 1), [text(f"more-{i}", "So.") for i in range(40)]
        ),
    ),
    "no section": ("no section", reads("slow", "Slow readers")),
    "open": ("folded", lambda n: cell(n, "slow").metadata.pop(FOLDED)),
    "no end": ("it ends with", without("production")),
    "one exercise": ("the core has 1", without("one")),
    "no heading": ("stands under", reads("turn", "### Another thing")),
    "dead link": ("nothing is at", reads("title", "# 1 · [Hello](nowhere.md)")),
    "dead anchor": ("nothing is at", reads("title", "# 1 · [Hello](glossary.md#no)")),
    "private": ("private name", reads("end", "## What you take away\n\n`m._call`")),
    "no glossary": ("glossary", reads("idea", "## Ask")),
}


def test_a_notebook_in_the_frame_has_no_faults():
    assert frame_faults(good()) == []


@pytest.mark.parametrize("name", BAD)
def test_a_notebook_out_of_the_frame_is_told_where(name):
    words, change = BAD[name]
    notebook = good()
    change(notebook)
    found = frame_faults(notebook)
    assert any(words in fault or FOLDED in fault for fault in found), found


def test_every_rule_of_the_frame_catches_something():
    caught = set()
    for _, change in BAD.values():
        notebook = good()
        change(notebook)
        caught |= {rule for rule in FRAME if list(rule(notebook))}
    assert caught == set(FRAME)
