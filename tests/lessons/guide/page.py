"""A page for the teacher of one notebook: minutes, questions, wrong answers.

    page(Guided(4))

What a check says is told by running it; `told` lets a test leave that out.
"""

import re
from collections.abc import Callable, Iterator
from math import ceil

from course_utils.teaching.exercise import Exercise
from course_utils.teaching.quiz import Predict
from tests.lessons.guide.notebook import Guided, Placed, Wrong

TRIES = 4  # on a busy machine, a check may say that it took too long
LONGEST = 240  # letters of a message in a table
HEAD = """\
# Teaching notebook {0.title}

Core: {0.timed.core} minutes. Going further: {1} minutes. \
[All pages](README.md) · [The notebook](../../notebooks/0{0.number}_{0.name}.ipynb)

Made by `python -m tests.lessons.guide` from the notebook, its lesson and its tests.
"""
ASK = """\
## Ask before you run

Read the question aloud, let everybody choose a letter, and only then run the cells. \
A cross marks what people believe; the words after it say why they do, and what to \
answer.
"""
PRACTISE = """\
## Exercises

Give the hints in their order, and one at a time. Below them are the wrong answers \
that the tests know, and what the check says to each. A name in `code` is the call in \
the tests that makes the answer.
"""

Told = Callable[[Wrong], str]


def said(wrong: Wrong) -> str:
    """What the check says to this wrong answer, on one line."""
    for _ in range(TRIES):
        message = wrong.exercise.check(wrong.answer).text
        line = re.sub(r" at 0x[0-9a-f]+", "", " ".join(message.split()))
        if wrong.words in line:
            break
    start = max(0, line.find(wrong.words) + len(wrong.words) - LONGEST)
    return line if len(line) <= LONGEST else f"… {line[start:][:LONGEST]} …"


def page(guided: Guided, told: Told = said) -> str:
    """The whole page."""
    further = sum(guided.timed.further.values())
    parts = [HEAD.format(guided, further), "## Minutes\n"]
    parts += [*_sections(guided), "", ASK]
    parts += [line for one in guided.questions for line in _question(one)]
    parts += [PRACTISE]
    for one in guided.exercises:
        parts += _exercise(one, guided, told)
    return "\n".join(parts).rstrip() + "\n"


def _sections(guided: Guided) -> Iterator[str]:
    yield "| Section | Minutes | |"
    yield "|---|---|---|"
    for section in guided.timed.sections:
        part = "going further" if section.further else "core"
        yield f"| {cell(section.title)} | {ceil(section.minutes)} | {part} |"


def _question(placed: Placed) -> Iterator[str]:
    question: Predict = placed.thing
    yield f"### {question.question}\n"
    yield f"Before the cells of *{placed.heading}*.\n"
    for letter, (option, why) in question.options.items():
        sign = "✓" if letter == question.right else "✗"
        yield f"- {sign} **{letter}.** {option} *{why}*"
    yield ""


def _exercise(placed: Placed, guided: Guided, told: Told) -> Iterator[str]:
    exercise: Exercise = placed.thing
    yield f"### `{exercise.name}`: {exercise.minutes:g} minutes\n"
    yield f"Under *{placed.heading}*. What to say:\n"
    yield from (f"{n}. {hint}" for n, hint in enumerate(exercise.hints, 1))
    wrong = list(guided.labelled(exercise))
    yield f"\n<details><summary>{len(wrong)} wrong answers to expect</summary>\n"
    yield "| The answer | The check says |"
    yield "|---|---|"
    for label, one in wrong:
        yield f"| {cell(label)} | {cell(told(one))} |"
    yield "\n</details>\n"


def cell(text: str) -> str:
    """A text inside a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")
