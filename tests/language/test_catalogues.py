"""The catalogues hold today's English, and a translation keeps what is no word."""

import re

import pytest
from babel.messages.pofile import read_po

from course_utils.language import CATALOGUES, languages
from course_utils.language.catalogue import read_entries
from tests.language.agreement import KEPT, faults
from tests.language.catalogues import carried, catalogues, updated
from tests.notebooks.outputs import NOTEBOOKS

FILES = sorted(CATALOGUES.rglob("*.po"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

# Of every language the notebooks that there are, with the catalogues each needs.
KNOWN = {
    path: english
    for language in languages()[1:]
    for notebook in sorted((NOTEBOOKS / language).glob("0*.ipynb"))
    for path, english in catalogues(language, int(notebook.name[1])).items()
}


def entries(path):
    return read_entries(path.read_text("utf-8"))


def test_every_catalogue_belongs_to_a_translated_notebook():
    assert sorted(KNOWN) == FILES


@each_file
def test_no_english_text_changed_after_its_translation(path):
    command = "run python -m tests.language de 1: it marks as fuzzy what changed"
    changed = set(KNOWN[path]) ^ set(ids(path))
    assert sorted(changed) == [], f"{path.name}: {command}"
    assert updated(path, KNOWN[path]) == path.read_text("utf-8"), command


def ids(path):
    with path.open("rb") as file:
        return [message.id for message in read_po(file) if message.id]


@each_file
def test_nearly_all_is_translated(path):
    """A few texts may wait for a translator; they are shown in English."""
    assert len(entries(path)) >= 0.9 * len(KNOWN[path])


@each_file
def test_we_read_a_catalogue_as_babel_does(path):
    with path.open("rb") as file:
        babels = {m.id: m.string for m in read_po(file) if m.id and not m.fuzzy}
    assert entries(path) == {text: here for text, here in babels.items() if here}


@each_file
def test_a_translation_keeps_code_links_numbers_holes_and_marks(path):
    odd = {text: faults(text, here) for text, here in entries(path).items()}
    assert {text: found for text, found in odd.items() if found} == {}


MARKS = {
    "code": r"(?<!`)`[^`\n]+`(?!`)",
    "links": r"(?<=\]\()[^)]+",
    "holes": r"\{\w+\}",
    "numbers": r"\d",
    "bold": r"\*\*",
    "lines": r"^#+ |^- |^\|",
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_that_is_missing_or_changed_is_found(mark):
    texts = [here for path in FILES for here in entries(path).values()]
    having = [text for text in texts if re.search(MARKS[mark], text)]
    assert len(having) > 5
    for text in having:
        for other in ("", "§"):
            spoilt = re.sub(MARKS[mark], other, text, count=1)
            assert any(one.startswith(mark) for one in faults(text, spoilt)), text
    assert mark in KEPT


FRESH = '#, fuzzy\nmsgid "A"\nmsgstr "Ä"\n\n#~ msgid "B"\n#~ msgstr "Ö"\n\n'


def test_what_is_fuzzy_obsolete_or_empty_stays_english():
    text = f'{FRESH}msgid "C"\nmsgstr ""\n\nmsgid "D"\nmsgstr "Ü"\n'
    assert read_entries(text) == {"D": "Ü"}
    assert read_entries(text.replace("\n", "\r\n")) == {"D": "Ü"}


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.language.catalogues.CATALOGUES", tmp_path)
    path = tmp_path / "de" / "package.po"
    path.parent.mkdir()
    path.write_text(updated(path, {"In 45 minutes you learn why.": "here"}), "utf-8")
    filled = path.read_text("utf-8").replace(
        'why."\nmsgstr ""', 'why."\nmsgstr "In 45 Minuten lernst du, warum."'
    )
    path.write_text(filled, "utf-8")
    return path


def test_a_text_that_changed_is_fuzzy_until_a_translator_has_seen_it(catalogue):
    new = updated(catalogue, {"In 45 minutes you learn why not.": "here"})
    assert "#, fuzzy" in new
    assert '#| msgid "In 45 minutes you learn why."' in new
    assert 'msgstr "In 45 Minuten lernst du, warum."' in new
    assert read_entries(new) == {}


def test_a_text_whose_numbers_changed_stays_translated(catalogue):
    new = updated(catalogue, {"In 50 minutes you learn why.": "here"})
    assert read_entries(new) == {
        "In 50 minutes you learn why.": "In 50 Minuten lernst du, warum."
    }


def test_numbers_in_another_order_are_left_to_the_translator():
    assert carried("2 von 1", "1 of 2", "1 of 3") == ""


def test_a_renamed_variable_of_the_code_is_no_work_for_a_translator(catalogue):
    said = {"`{call}` gave {got}, {n2} of 2.": "here"}
    text = updated(catalogue, said).replace(
        'gave {got}, {n2} of 2."\nmsgstr ""',
        'gave {got}, {n2} of 2."\nmsgstr "{got} von `{call}`, {n2} von 2."',
    )
    catalogue.write_text(text, "utf-8")
    new = updated(catalogue, {"`{name}` gave {came}, {n3} of 4.": "here"})
    assert read_entries(new) == {
        "`{name}` gave {came}, {n3} of 4.": "{came} von `{name}`, {n3} von 4."
    }


def test_a_text_that_is_gone_goes_and_a_new_one_waits(catalogue):
    new = updated(catalogue, {"Something else.": "there"})
    assert "Minuten" not in new
    assert 'msgid "Something else."\nmsgstr ""' in new
