"""The texts of a notebook, a paragraph each, and the notebook with others instead.

Of a code cell the texts are its comments, what labels its pictures and tables, and
every string of more than one word. A string that the model reads is translated as
itself.

    texts(notebook)                      # {"## Put it in a chain": "chain", ...}
    spoken(notebook, entries, "de")      # the same notebook in German
"""

import ast
import io
import json
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import NamedTuple

from nbformat import NotebookNode

from tests.language.extract import is_prose

LABELS = {"title", "caption", "columns", "x_label", "y_label"}
LINK = re.compile(r'(\]\(|\b(?:src|href)=")(?![a-z]+:|#|/)')
SPEAKS = 'import os\n\nos.environ["COURSE_LANGUAGE"] = "{}"\n\n'


class Place(NamedTuple):
    """Where a text stands in a cell's source, in bytes, and whether it is a string."""

    start: int
    end: int
    text: str
    string: bool = False


def texts(notebook: NotebookNode) -> dict[str, str]:
    """Every text that can be translated, with the id of the cell it stands in first."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        for text in [place.text for place in places(cell)]:
            found.setdefault(text, cell.id)
    return found


def spoken(
    notebook: NotebookNode, entries: Mapping[str, str], language: str
) -> NotebookNode:
    """The notebook in another language, for a folder below the notebook's own."""
    made = deepcopy(notebook)
    for cell in made.cells:
        cell.source = _replaced(cell, lambda text: entries.get(text, text))
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(r"\1../", cell.source)
    first = next(cell for cell in made.cells if cell.cell_type == "code")
    first.source = SPEAKS.format(language) + first.source
    return made


def places(cell: NotebookNode) -> list[Place]:
    """The texts of a cell, in order."""
    if cell.cell_type == "markdown":
        return list(_paragraphs(cell.source))
    return sorted([*_comments(cell.source), *_strings(cell.source)])


def _replaced(cell: NotebookNode, word: Callable[[str], str]) -> str:
    source = cell.source.encode()
    for place in reversed(places(cell)):
        if (new := word(place.text)) != place.text:
            new = json.dumps(new, ensure_ascii=False) if place.string else new
            source = source[: place.start] + new.encode() + source[place.end :]
    return source.decode()


def _paragraphs(source: str) -> Iterator[Place]:
    """Blocks between empty lines; a code fence is one with all its lines."""
    at, start, fenced, block = 0, 0, False, ""
    for line in [*source.splitlines(keepends=True), "\n"]:
        if line.startswith("```"):
            fenced = not fenced
        if line.strip() or fenced:
            start = start if block else at
            block += line
        elif block:
            text = block.rstrip("\n")
            if re.search(r"[^\W\d_]", re.sub(r"<[^>]+>", "", text)):
                yield Place(start, start + len(text.encode()), text)
            block = ""
        at += len(line.encode())


def _comments(source: str) -> Iterator[Place]:
    starts = _starts(source)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            (row, column), text = token.start, token.string
            start = starts[row - 1] + len(token.line[:column].encode())
            yield Place(start, start + len(text.encode()), text)


def _strings(source: str) -> Iterator[Place]:
    starts = _starts(source)
    tree = ast.parse(source)
    labels = {
        text
        for keyword in ast.walk(tree)
        if isinstance(keyword, ast.keyword) and keyword.arg in LABELS
        for text in ast.walk(keyword.value)
    }
    parts = {
        p for s in ast.walk(tree) if isinstance(s, ast.JoinedStr) for p in s.values
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if node in parts or not (
            is_prose(node.value) or (node in labels and node.value)
        ):
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        yield Place(start, end, node.value, True)


def _starts(source: str) -> list[int]:
    """Where each line begins, in bytes."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    return starts
