"""What a learner reads is English as an editor would leave it."""

import ast
import re
from pathlib import Path

import pytest
from codespell_lib import main as codespell

from tests.notebooks.notebook_code import text_cells
from tests.notebooks.outputs import NOTEBOOKS, ROOT, read

# Idioms of another language, riddles and hidden actors: what stood here once.
IDIOMS = (
    r"\bwhoever\b",
    r"\bin (one|a) lump\b|\bin lumps\b",
    r"comes? before the eye",
    r"\bfor long (that|it|this) was\b",
    r"\bhangs? on (a|an|the|eight|to a)\b",
    r"to one of them another",
    r"says? no word (on|of|about)\b",
    r"\bdoes not leave the house\b|\bmust not leave the house\b",
    r"\b(one|he|those) who has\b",
    r"\bso it is with\b",
    r"\bnobody\b|\bsomebody\b",
    r"\bis put right\b|\bput it right\b",
    r"\bgoes on to (the|its|whom)\b",
    r"\bdo for \d+",
    r"\bstands? exercise\b",
    r"Nothing, and then everything",
    r"\bthat time it is\b",
)


def prose() -> list[tuple[str, str]]:
    """Every text that a learner reads, with the place it stands in."""
    found = [("README", (ROOT / "README.md").read_text("utf-8"))]
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        found += [(f"{path.stem} {c.id}", c.source) for c in text_cells(read(path))]
    lessons = ROOT / "course_utils" / "lessons"
    for path in sorted(lessons.rglob("*.py")):
        found += [(f"{path.relative_to(lessons)}", text) for text in sentences(path)]
    return found


def sentences(path: Path) -> list[str]:
    """The strings of a module that read like a sentence: hints, reasons, questions."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    texts = [n.value for n in nodes if isinstance(n, ast.Constant)]
    return [t for t in texts if isinstance(t, str) and t.count(" ") >= 2]


@pytest.mark.parametrize("idiom", IDIOMS)
def test_no_text_uses_an_idiom_that_made_learners_stumble(idiom):
    found = [
        f"{place}: {match.group()}"
        for place, text in prose()
        for match in re.finditer(idiom, text, re.IGNORECASE)
    ]
    assert found == []


def test_what_learners_read_is_found():
    places = {place.split()[0] for place, _ in prose()}
    assert "README" in places
    assert any(place.endswith("questions.py") for place in places)
    assert sum(place.startswith("0") for place in places) == 6


def test_every_text_is_spelt_right(tmp_path, capfd):
    page = tmp_path / "prose.txt"
    page.write_text("\n\n".join(text for _, text in prose()), "utf-8")
    pieces = "hel"  # of a word that streams: Hel, lo
    wrong = codespell("--ignore-words-list", pieces, str(page))
    assert wrong == 0, capfd.readouterr().out


def test_a_misspelt_word_is_found(tmp_path):
    page = tmp_path / "prose.txt"
    page.write_text("A stream is recieved.", "utf-8")
    assert codespell(str(page)) != 0
