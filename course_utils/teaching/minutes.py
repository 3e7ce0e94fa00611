"""How many minutes a notebook asks of you, computed from what stands in it.

A notebook has a core and, under *Going further*, sections that each stand alone. What
they take is reckoned from words, cells, questions and exercises; no minute is wished.

    timed = minutes(notebook, lesson)
    timed.core, timed.further
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil
from types import ModuleType
from typing import Any

from course_utils.teaching.exercise import Exercise
from course_utils.teaching.quiz import Predict, Quiz

WORDS_A_MINUTE = 180
A_CELL = 0.75  # minutes to read a code cell, run it and look at what it shows
A_QUESTION = 1.0

FURTHER = "## Going further"

Cell = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """One heading of a notebook and the minutes of what stands under it.

    Attributes:
        title: The heading's words.
        minutes: Reckoned, not rounded.
        further: Whether it stands under *Going further*.
    """

    title: str
    minutes: float
    further: bool = False


@dataclass(frozen=True)
class Minutes:
    """What a whole notebook takes.

    Attributes:
        sections: All sections in the notebook's order.
    """

    sections: tuple[Section, ...]

    @property
    def core(self) -> int:
        """Minutes of everything outside *Going further*, to the next five."""
        total = sum(one.minutes for one in self.sections if not one.further)
        return 5 * ceil(total / 5)

    @property
    def further(self) -> dict[str, int]:
        """Whole minutes of each section under *Going further*, by its title."""
        return {one.title: ceil(one.minutes) for one in self.sections if one.further}


def minutes(notebook: Mapping[str, Any], lesson: ModuleType) -> Minutes:
    """The minutes of a notebook, section by section.

    Args:
        notebook: As `nbformat` or `json` reads it.
        lesson: Its module of `course_utils.lessons`, which knows its exercises.
    """
    sections: list[Section] = []
    part = ""
    for cell in notebook["cells"]:
        heading = next((h for h in headings(cell) if _opens(h, part)), "")
        if heading.startswith("## "):
            part = heading
        if heading or not sections:
            sections.append(_begun(heading or next(headings(cell), ""), part))
        longer = sections[-1].minutes + cell_minutes(cell, lesson)
        sections[-1] = replace(sections[-1], minutes=longer)
    return Minutes(tuple(sections))


def headings(cell: Cell) -> Iterator[str]:
    """The headings of a text cell, in order; a line of code is none."""
    if cell["cell_type"] == "markdown":
        prose = re.sub(r"^```.*?^```", "", source_of(cell), flags=re.M | re.S)
        yield from re.findall(r"^#+ .*\S", prose, re.M)


def _opens(heading: str, part: str) -> bool:
    """Whether a section begins here: in *Going further* each `###` is one."""
    return heading.startswith("## ") or (part == FURTHER and heading.startswith("### "))


def _begun(heading: str, part: str) -> Section:
    is_further = part == FURTHER and heading != FURTHER
    return Section(heading.lstrip("# "), 0.0, is_further)


def cell_minutes(cell: Cell, lesson: ModuleType) -> float:
    """The minutes of one cell: its words, its exercise, its questions, or its run."""
    source = source_of(cell)
    if cell["cell_type"] == "markdown":
        words = source.replace("- [ ]", "-").split()  # a box is no word
        return len(words) / WORDS_A_MINUTE
    item = getattr(lesson, source.strip().removeprefix("lesson."), None)
    if isinstance(item, Quiz):
        return A_QUESTION * len(item.questions)
    if isinstance(item, Predict):
        return A_QUESTION
    exercise = getattr(lesson, str(cell.get("id", "")).replace("-", "_"), None)
    return exercise.minutes if isinstance(exercise, Exercise) else A_CELL


def source_of(cell: Cell) -> str:
    """A cell's text: a file keeps it as a list of lines, `nbformat` as one string."""
    source: str | Iterable[str] = cell["source"]
    return source if isinstance(source, str) else "".join(source)
