"""Plans for half a day, a day and six evenings, whose minutes are the notebooks' own.

PLANS["half-day"](notebooks).rows
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.lessons.guide.notebook import Guided


@dataclass(frozen=True)
class Session:
    """One sitting: what is done in it, and when.

    Attributes:
        title: What it is called.
        start: The minute of the day at which it begins.
        limit: The minutes it may take.
        parts: What is done, and for how many minutes, in order.
        at_home: What of its notebook did not fit, with its minutes.
    """

    title: str
    start: int
    limit: int
    parts: tuple[tuple[str, int], ...]
    at_home: tuple[tuple[str, int], ...] = ()

    @property
    def minutes(self) -> int:
        """What its parts add up to."""
        return sum(part for _, part in self.parts)

    @property
    def rows(self) -> list[tuple[str, int, str]]:
        """The clock, the minutes and the part, in order; the end is the last."""
        rows, now = [], self.start
        for what, part in self.parts:
            rows.append((clock(now), part, what))
            now += part
        return [*rows, (clock(now), 0, "End")]


def clock(minute: int) -> str:
    """A minute of the day as people write it.

    >>> clock(9 * 60 + 5)
    '09:05'
    """
    return f"{minute // 60:02}:{minute % 60:02}"


Notebooks = Sequence[Guided]
WELCOME = ("Welcome; each learner opens notebook 1 and runs its first cell", 15)
WRAP_UP = ("What each learner takes to work on Monday; the feedback page", 15)
BREAK = ("Break", 15)
LUNCH = ("Lunch", 60)


def half_day(notebooks: Notebooks) -> list[Session]:
    """What a stream is, and what breaks it."""
    parts = (WELCOME, *cores(notebooks, 1, 2), BREAK, *cores(notebooks, 4), WRAP_UP)
    return [Session("Half a day", 9 * 60, 240, parts)]


def full_day(notebooks: Notebooks) -> list[Session]:
    """The first five; notebook 6 is for home."""
    morning = (WELCOME, *cores(notebooks, 1, 2), BREAK, *cores(notebooks, 3))
    after = (*cores(notebooks, 4), BREAK, *cores(notebooks, 5), WRAP_UP)
    last = tuple(cores(notebooks, 6))
    return [Session("A full day", 9 * 60, 480, (*morning, LUNCH, *after), last)]


def six_evenings(notebooks: Notebooks) -> list[Session]:
    """A notebook an evening, and what of its further sections fits."""
    return [evening(one) for one in notebooks]


def evening(guided: Guided, limit: int = 120) -> Session:
    """One notebook: its core, then its further sections for as long as they fit."""
    parts = [("Welcome; what was hard at home", 10), *cores([guided], guided.number)]
    left = limit - sum(part for _, part in parts) - BREAK[1]
    inside, at_home = [], []
    for title, part in guided.timed.further.items():
        fits = part <= left
        (inside if fits else at_home).append((f"*{title}*", part))
        left -= part if fits else 0
    parts += [BREAK, *inside] if inside else []
    title = f"Evening {guided.number}"
    return Session(title, 18 * 60, limit, tuple(parts), tuple(at_home))


def cores(notebooks: Notebooks, *numbers: int) -> Iterator[tuple[str, int]]:
    """The cores of these notebooks, with their minutes."""
    for one in notebooks:
        if one.number in numbers:
            page = f"0{one.number}_{one.name}.md"
            yield f"[Notebook {one.number}]({page}): core", one.timed.core


PLANS: dict[str, Callable[[Notebooks], list[Session]]] = {
    "half-day": half_day,
    "full-day": full_day,
    "six-evenings": six_evenings,
}


def plans_page(notebooks: Notebooks) -> str:
    """All plans as one page."""
    lines = [HEAD]
    for plan in PLANS.values():
        for session in plan(notebooks):
            lines += _table(session)
    return "\n".join(lines).rstrip() + "\n"


HEAD = """\
# Plans for a class

The minutes are the notebooks' own: words, cells, questions and exercises are counted. \
Move the first line to your own hour; the rest follows. Made by \
`python -m tests.lessons.guide`. [All pages](README.md)
"""


def _table(session: Session) -> Iterator[str]:
    yield f"## {session.title}\n"
    yield f"{session.minutes} of {session.limit} minutes.\n"
    yield "| From | Minutes | |"
    yield "|---|---|---|"
    yield from (f"| {at} | {part or ''} | {what} |" for at, part, what in session.rows)
    if session.at_home:
        left = ", ".join(f"{what} ({part} min)" for what, part in session.at_home)
        yield f"\nFor home: {left}."
    yield ""
