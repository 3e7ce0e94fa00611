"""The class board as one page of HTML that asks for nothing outside itself.

Path("board.html").write_text(as_page(board, at="10:42:07"))
"""

from collections.abc import Iterator
from html import escape
from itertools import groupby

from course_utils.teaching.board.seen import STATES, Board

SIGNS = dict(zip(STATES, ("✓", "!", "…", ""), strict=True))
STYLE = """\
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d5dae0;
  --done: #d3efe4; --stuck: #ffd9c4; --trying: #dcebf7; --none: transparent }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #14171a;
  --line: #3a4047; --done: #0d4a38; --stuck: #7a3510; --trying: #153d5a } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); margin: 2rem auto;
  background: var(--paper); max-width: 72rem; padding: 0 1.5rem }
h1 { font-size: 1.5rem; margin: 0 } p { margin: .25rem 0 1rem }
.key span { padding: .1rem .6rem; margin-right: .5rem; border: 1px solid var(--line);
  border-radius: .25rem; display: inline-block }
.wide { overflow-x: auto } table { border-collapse: separate; border-spacing: 2px }
th { font-weight: 500; text-align: left; padding: .2rem .6rem; white-space: nowrap }
thead th.task { writing-mode: vertical-rl; transform: rotate(180deg);
  padding: .5rem .2rem; font-size: .875rem; vertical-align: top }
thead th.notebook { border-bottom: 2px solid var(--ink) }
td { min-width: 2.2rem; height: 1.9rem; text-align: center; font-weight: 600;
  border: 1px solid var(--line); border-radius: .25rem }
tfoot td { font-weight: 400; border: 0; font-variant-numeric: tabular-nums }
.done { background: var(--done) } .stuck { background: var(--stuck) }
.trying { background: var(--trying) }
.away { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
  overflow: hidden }
"""
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Class board</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<style>
{style}</style></head><body><main>
<h1>Class board</h1>
<p>{learners}, at {at}.</p>
<p class="key">{key}</p>
{stuck}
<div class="wide" role="region" aria-label="All learners" tabindex="0"><table>
<thead>{head}</thead>
<tbody>{body}</tbody>
<tfoot>{foot}</tfoot>
</table></div></main></body></html>
"""


def as_page(board: Board, at: str, every: int = 0) -> str:
    """The whole page.

    Args:
        board: What is seen of the class.
        at: The time of day that stands on it.
        every: After how many seconds the page loads itself again; 0 is never.
    """
    count = len(board.learners)
    refresh = f'<meta http-equiv="refresh" content="{every}">\n' if every else ""
    return PAGE.format(
        refresh=refresh,
        style=STYLE,
        learners=f"{count} learner{'' if count == 1 else 's'}",
        at=escape(at),
        key="".join(_key()),
        stuck=_stuck(board),
        head="".join(_head(board)),
        body="".join(_row(*learner) for learner in board.learners),
        foot="".join(_foot(board)),
    )


def _key() -> Iterator[str]:
    for state, sign in SIGNS.items():
        yield f'<span class="{state}">{sign} {state}</span>'


def _stuck(board: Board) -> str:
    if not board.learners:
        return "<p>No learner has joined yet: each types <code>join_board()</code>.</p>"
    lines = [
        f"<li><b>{escape(task.name)}</b>: {escape(', '.join(names))}</li>"
        for task, names in board.stuck()
    ]
    if not lines:
        return "<p>No learner is stuck.</p>"
    return f"<p>Stuck after three tries or more:</p><ul>{''.join(lines)}</ul>"


def _head(board: Board) -> Iterator[str]:
    yield '<tr><th rowspan="2" scope="col">Learner</th>'
    for number, tasks in groupby(board.tasks, key=lambda task: task.notebook):
        span = len(list(tasks))
        yield f'<th class="notebook" scope="colgroup" colspan="{span}">{number}</th>'
    yield "</tr><tr>"
    for task in board.tasks:
        yield f'<th class="task" scope="col">{escape(task.name)}</th>'
    yield "</tr>"


def _row(alias: str, states: tuple[str, ...]) -> str:
    cells = (
        f'<td class="{state}"><span aria-hidden="true">{SIGNS[state]}</span>'
        f'<span class="away">{state}</span></td>'
        for state in states
    )
    return f'<tr><th scope="row">{escape(alias)}</th>{"".join(cells)}</tr>'


def _foot(board: Board) -> Iterator[str]:
    for state in STATES[:2]:
        yield f'<tr><th scope="row">{state}</th>'
        for number in range(len(board.tasks)):
            yield f"<td>{board.count(number)[state]}</td>"
        yield "</tr>"
