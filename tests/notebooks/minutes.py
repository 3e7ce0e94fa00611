"""Write the minutes that a notebook takes wherever a learner reads them.

    python -m tests.notebooks.minutes

They stand in each notebook's first lines, in its table of *Going further* and in
README's table. `course_utils.teaching.minutes` reckons them.
"""

import re
from importlib import import_module
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.teaching.minutes import FURTHER, Minutes, minutes
from tests.notebooks.outputs import NOTEBOOKS, ROOT, read

README = ROOT / "README.md"
IN_MINUTES = re.compile(r"\bIn \d+ minutes\b")
ROW = re.compile(r"^(\|.*\|)\s*\d*\s*\|$")


def minutes_of(path: Path) -> Minutes:
    """The minutes of the notebook in this file."""
    return minutes(read(path), import_module(f"course_utils.lessons.{path.stem[3:]}"))


def with_minutes(notebook: NotebookNode, timed: Minutes) -> NotebookNode:
    """The notebook, with its minutes in its first cell and in *Going further*."""
    first = notebook.cells[0]
    first.source = IN_MINUTES.sub(f"In {timed.core} minutes", first.source)
    for cell in notebook.cells:
        if cell.source.startswith(FURTHER):
            cell.source = _with_rows(cell.source, list(timed.further.values()))
    return notebook


def _with_rows(source: str, values: list[int]) -> str:
    """A table whose last column holds these values, one a row."""
    lines = source.splitlines()
    rule = next(n for n, line in enumerate(lines) if re.match(r"^\|[\s:|-]+\|$", line))
    rows = range(rule + 1, rule + 1 + len(values))
    for row, value in zip(rows, values, strict=True):
        if row >= len(lines) or not ROW.match(lines[row]):
            raise ValueError(
                f"The table of Going further has a row for each of its {len(values)} "
                f"sections, got no row {row - rule}: add `| what for | |`."
            )
        lines[row] = ROW.sub(rf"\1 {value} |", lines[row])
    return "\n".join(lines)


def readme_with_minutes(text: str, timed: dict[str, Minutes]) -> str:
    """README, with the minutes of each notebook's core and of its further sections."""
    for name, one in timed.items():
        row = re.compile(rf"^(\| \d \| \[.*{name}\.ipynb\).*?)(?: \| \d*)+ \|$", re.M)
        further = sum(one.further.values())
        text = row.sub(rf"\1 | {one.core} | {further} |", text)
    return text


def main() -> None:
    """Write them all."""
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    timed = {path.stem: minutes_of(path) for path in paths}
    for path in paths:
        notebook = with_minutes(read(path), timed[path.stem])
        nbformat.write(notebook, path)
    text = README.read_text("utf-8")
    README.write_text(readme_with_minutes(text, timed), "utf-8")


if __name__ == "__main__":
    main()
