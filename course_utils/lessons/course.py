"""The course as a whole: its six lessons, what you have done, and what you believed.

overview()     # how far you are in each notebook
beliefs()      # every question you guessed at, and what is true
"""

from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from course_utils.lessons import (
    full_responses,
    inside_the_architecture,
    interruptions_and_errors,
    production_scale,
    streaming_callbacks,
    what_is_streaming,
)
from course_utils.plots.table import Table, table
from course_utils.teaching.progress import progress
from course_utils.teaching.progress_file import record
from course_utils.teaching.quiz import Predict

LESSONS: tuple[ModuleType, ...] = (
    full_responses,
    what_is_streaming,
    streaming_callbacks,
    interruptions_and_errors,
    production_scale,
    inside_the_architecture,
)


class Belief(NamedTuple):
    """A question that is asked before its experiment."""

    notebook: int
    name: str
    question: Predict


def all_beliefs() -> Iterator[Belief]:
    """Every question of the course that you guess at before you run a cell."""
    for number, lesson in enumerate(LESSONS, 1):
        for name in lesson.__all__:
            found = getattr(lesson, name)
            if isinstance(found, Predict):
                yield Belief(number, name, found)


def beliefs() -> Table:
    """What you believed, what is true, and the notebook in which you saw it.

    A question that you have not guessed at yet keeps its answer to itself.
    """
    guesses = record().beliefs
    rows = [_row(one, guesses.get(one.question.key, "")) for one in all_beliefs()]
    columns = ["question", "you believed", "what is true", "notebook"]
    return table(rows, columns=columns, caption="What you believed, and what is true")


def _row(belief: Belief, guess: str) -> tuple[str, ...]:
    question = belief.question
    believed = question.options.get(guess, ("no guess yet", ""))[0]
    truth = question.options[question.right][0] if guess else "guess first"
    if guess == question.right:
        truth = "as you believed"
    words = (_plain(text) for text in (question.question, believed, truth))
    return (*words, f"{belief.notebook}")


def _plain(text: str) -> str:
    """A text without the marks of code and stress, which a table would show."""
    return text.replace("`", "").replace("*", "")


def overview() -> Table:
    """How far you are in each of the six notebooks, and which exercise is next."""
    rows = [
        (f"notebook {number}", repr(progress(lesson)))
        for number, lesson in enumerate(LESSONS, 1)
    ]
    return table(rows, columns=["", "done"], caption="How far you are")
