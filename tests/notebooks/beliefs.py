"""Make the page of all beliefs that the course tests: docs/beliefs.md.

    python -m tests.notebooks.beliefs

Each stands with the notebook and the heading under which its cells show what is true.
"""

from itertools import groupby

from nbformat import NotebookNode

from course_utils.lessons.course import LESSONS, Belief, all_beliefs
from course_utils.teaching.minutes import headings
from tests.notebooks.outputs import NOTEBOOKS, ROOT, read

PAGE = ROOT / "docs" / "beliefs.md"
HEAD = """\
# What people believe about streaming, and what is true

Every question that the course asks before an experiment. A cross marks what people \
believe and the notebook shows to be wrong; a tick marks what its cells show. Made by \
`python -m tests.notebooks.beliefs`.
"""


def page() -> str:
    """The whole page, from the lessons' own questions."""
    return "\n".join([HEAD, *map(_part, *zip(*_by_notebook(), strict=True))]) + "\n"


def _by_notebook() -> list[tuple[NotebookNode, list[Belief]]]:
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    groups = groupby(all_beliefs(), key=lambda one: one.notebook)
    return [(read(paths[number - 1]), list(found)) for number, found in groups]


def _part(notebook: NotebookNode, beliefs: list[Belief]) -> str:
    title = notebook.cells[0].source.partition("\n")[0]
    blocks = [_block(one, heading_of(notebook, one.name)) for one in beliefs]
    return "\n".join([f"#{title}\n", *blocks])


def _block(belief: Belief, heading: str) -> str:
    question = belief.question
    lines = [
        f"- {'✓' if letter == question.right else '✗'} {option} *{why}*"
        for letter, (option, why) in question.options.items()
    ]
    where = f"Seen under *{heading}*."
    return "\n".join([f"**{question.question}**\n", *lines, "", where, ""])


def heading_of(notebook: NotebookNode, name: str) -> str:
    """The heading under which the notebook asks this question."""
    heading = ""
    for cell in notebook.cells:
        heading = [heading, *headings(cell)][-1].lstrip("# ")
        if cell.source.strip() == f"lesson.{name}":
            return heading
    raise LookupError(
        f"No cell of the notebook asks lesson.{name}: give it a cell of its own."
    )


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")
    print(f"{sum(1 for _ in all_beliefs())} beliefs in {len(LESSONS)} notebooks")


if __name__ == "__main__":
    main()
