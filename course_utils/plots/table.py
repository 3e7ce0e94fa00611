"""Rows as a table: plain text in a terminal, HTML with a caption in a notebook.

Numbers stand right, words left; the text says the same as the HTML.

    table(rows, columns=["way", "seconds"])
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from course_utils.plots.picture import _number
from course_utils.settings import settings
from course_utils.style import wrapped


@dataclass(frozen=True)
class Table:
    """A small table with a caption that reads well aloud."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        return wrapped("\n".join([self.caption, *map(self._line, self.rows)]))

    def _line(self, row: tuple[str, ...]) -> str:
        # Not padded to columns: a time may be one digit longer in the next run.
        first, *rest = row
        named = [
            f"{name} {cell}" for name, cell in zip(self.columns[1:], rest, strict=True)
        ]
        return f"{first}: {' · '.join(named)}"

    def _repr_html_(self) -> str:
        heads = [
            f'<th scope="col" style="{_align(cell)}">{escape(name)}</th>'
            for name, cell in zip(self.columns, self._samples, strict=True)
        ]
        body = "".join(f"<tr>{_cells(row)}</tr>" for row in self.rows)
        caption = f'<caption style="{CAPTION}">{escape(self.caption)}</caption>'
        return (
            f'<table class="mathjax_ignore">{caption}<thead><tr>{"".join(heads)}</tr>'
            f"</thead><tbody>{body}</tbody></table>"
        )

    @property
    def _samples(self) -> tuple[str, ...]:
        """A cell of each column: it says whether the column holds numbers."""
        return self.rows[0] if self.rows else self.columns


CAPTION = "text-align: left; font-weight: bold; white-space: nowrap"


def _align(cell: str) -> str:
    """Numbers stand at the right, words at the left."""
    return f"text-align: {'right' if cell[:1].isdigit() else 'left'}"


def _cells(row: tuple[str, ...]) -> str:
    first, *rest = row
    more = [f'<td style="{_align(cell)}">{escape(cell)}</td>' for cell in rest]
    return (
        f'<th scope="row" style="{_align(first)}">{escape(first)}</th>{"".join(more)}'
    )


@settings()
def table(
    rows: Sequence[Sequence[Any] | Mapping[str, Any]],
    *,
    columns: Sequence[str] = (),
    caption: str,
) -> Table:
    """A captioned table; the first column names the row.

    Args:
        rows: Lists of cells, or dicts with the same keys.
        columns: Names of the columns; the first dict's keys if left out.
        caption: What the table shows, as a sentence.

    >>> table([["stream", "0.50 s"]], columns=["run", "first token"], caption="Early.")
    Early.
    stream: first token 0.50 s
    """
    if not columns and rows and isinstance(rows[0], Mapping):
        columns = list(rows[0])
    lists = [row.values() if isinstance(row, Mapping) else row for row in rows]
    cells = [tuple(_cell(cell) for cell in row) for row in lists]
    for row in cells:
        if len(row) != len(columns):
            raise ValueError(
                f"table() needs {len(columns)} cells in a row, as in columns, got "
                f"{len(row)}: {row}."
            )
    return Table(caption, tuple(columns), tuple(cells))


def _cell(value: Any) -> str:
    counts = isinstance(value, int | float) and not isinstance(value, bool)
    return _number(value) if counts else str(value)
