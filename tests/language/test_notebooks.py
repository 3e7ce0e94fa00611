"""A notebook in another language is the English one with other words, and it runs.

nbval compares what its cells show, as for the English ones.
"""

import re
from functools import cache
from importlib import import_module

import pytest

from course_utils.language import languages, phrases
from tests.language.__main__ import entries_of
from tests.language.cells import places, spoken, texts
from tests.language.test_messages import english_in
from tests.notebooks.house_style import faults
from tests.notebooks.notebook_code import code_cells, text_cells
from tests.notebooks.outputs import NOTEBOOKS, read, run, solved

PATHS = [
    path
    for language in languages()[1:]
    for path in sorted((NOTEBOOKS / language).glob("*.ipynb"))
]
each_path = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.name)
ENGLISH = sorted(NOTEBOOKS.glob("0*.ipynb"))


def source_of(path):
    return read(NOTEBOOKS / path.name)


def test_german_has_notebook_1():
    assert NOTEBOOKS / "de" / "01_full_responses.ipynb" in PATHS


@each_path
def test_the_notebook_is_what_its_catalogue_makes_of_the_english_one(path):
    english = NOTEBOOKS / path.name
    language = path.parent.name
    made = spoken(read(english), entries_of(english, language), language)
    assert [(c.id, c.source) for c in read(path).cells] == [
        (c.id, c.source) for c in made.cells
    ], "run python -m tests.language de 1"


@each_path
def test_it_keeps_the_house_style(path):
    assert faults(read(path)) == []


@each_path
def test_every_link_of_it_leads_somewhere(path):
    links = [
        link
        for cell in text_cells(read(path))
        for link in re.findall(r"\]\(([^)]+)\)", cell.source)
        if not link.startswith("http")
    ]
    assert len(links) > 5
    for link in links:
        page, _, anchor = link.partition("#")
        text = (path.parent / page).read_text("utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        anchors = [h.lower().replace(" ", "-") for h in headings]
        assert not anchor or anchor in anchors, link


@each_path
def test_its_text_and_its_questions_are_not_english(path):
    notebook = read(path)
    words = [
        english_in(re.sub(r"\]\(.*?\)", "", c.source)) for c in text_cells(notebook)
    ]
    assert sum(map(len, words)) < len(text_cells(notebook)) / 5, words
    asked = [c for c in code_cells(notebook) if c.source.startswith("lesson.")]
    assert len(asked) > 5
    for cell in asked:
        assert english_in(cell.outputs[0].data["text/plain"]) == []


@cache
def solved_cells(path):
    lesson = import_module(f"course_utils.lessons.{path.stem[3:]}")
    notebook = solved(read(path), lesson)
    run(notebook, speed=20, folder=path.parent)
    return {cell.id: cell for cell in code_cells(notebook)}


@pytest.mark.slow
@each_path
def test_its_solutions_are_correct_and_told_so_in_its_language(path):
    checks = [c for c in solved_cells(path).values() if ".check(" in c.source]
    told = [cell.outputs[0].data["text/plain"] for cell in checks]
    correct = f"✓ {phrases(path.parent.name).translate('Correct.')}"
    assert len(told) > 1
    assert [text for text in told if not text.startswith(correct)] == []


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem[:2])
def test_a_notebook_without_translations_stays_as_it_is(path):
    notebook = read(path)
    made = spoken(notebook, {}, "de")
    first = next(cell for cell in code_cells(made))
    for old, new in zip(notebook.cells, made.cells, strict=True):
        source = new.source.replace("../", "") if new is not first else old.source
        assert source == old.source.replace("../", "")
        assert new.metadata == old.metadata
    assert first.source.startswith('import os\n\nos.environ["COURSE_LANGUAGE"] = "de"')


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem[:2])
def test_each_text_stands_where_it_is_said_to_stand(path):
    for cell in read(path).cells:
        for place in places(cell):
            found = cell.source.encode()[place.start : place.end].decode()
            assert place.string or found == place.text
            assert not place.string or eval(f"({found})") == place.text


def test_of_a_code_cell_comments_labels_and_sentences_are_texts():
    notebook = source_of(PATHS[0])
    code = (
        "# Wörter zählen\n"
        'x = "key"  # a comment\n'
        'table(rows, columns=["ä", "b"], caption="c")\n'
        'f"page {x} of it", ("two "\n "parts")'
    )
    notebook.cells = [type(notebook.cells[2])(cell_type="code", id="x", source=code)]
    assert set(texts(notebook)) == {
        *("# Wörter zählen", "# a comment", "ä", "b", "c", "two parts"),
    }
    german = {"two parts": "zwei Teile", "ä": "ö", "# a comment": "# ein Kommentar"}
    source = spoken(notebook, german, "de").cells[0].source
    assert source.endswith(
        "# Wörter zählen\n"
        'x = "key"  # ein Kommentar\n'
        'table(rows, columns=["ö", "b"], caption="c")\n'
        'f"page {x} of it", ("zwei Teile")'
    )
