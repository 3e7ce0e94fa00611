"""An exercise: check an answer, ask for a hint, look at the solution.

A check never raises: it says *not started*, *not yet* and why, or *correct*. The
solution is real code in a lesson, so the tests of the course run it too.

    collect = Exercise("collect", check=check_collect, hints=["..."], solution=_collect)
    collect.check(my_function)
"""

import dis
import inspect
import re
import textwrap
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from course_utils.language import translated
from course_utils.settings import settings
from course_utils.style import BLUE, GREEN, ORANGE, wrapped
from course_utils.teaching.checks import NotYet, expect, expect_equal, guess, shorten
from course_utils.teaching.message import Message
from course_utils.teaching.progress_file import done, note_done, note_try
from course_utils.teaching.sandbox import OutOfTime, Run, in_sandbox
from course_utils.teaching.stub import put_in_place_of_the_cell, stub

__all__ = ["Exercise", "NotYet", "expect", "expect_equal", "guess", "shorten"]


# What Python adds to the code of an empty function, by version and kind.
_NOISE = {"RESUME", "NOP", "CACHE", "RETURN_GENERATOR", "POP_TOP", "COPY_FREE_VARS"}
_NOISE |= {"CALL_INTRINSIC_1", "RERAISE"}  # from 3.12 on, round an async body

# The file that ipykernel names a cell's code by; its own files are in `ipykernel/`.
CELL = re.compile(r"ipykernel_\d")


@dataclass(frozen=True, repr=False)
class Outcome(Message):
    """What a check says. `outcome` is "not started", "not yet" or "correct"."""

    outcome: str = "not yet"


@dataclass(frozen=True)
class Solution:
    """The source of a solution, shown as code."""

    source: str

    def __repr__(self) -> str:
        return self.source

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.source}\n```"


@settings()
class Exercise:
    """One exercise of a lesson.

    >>> def check_double(double):
    ...     expect_equal(double(2), 4, "double(2)")
    >>> exercise = Exercise("double", check_double, hints=["Two times."])
    >>> exercise.check(lambda x: x + 1)
    ✗ Not yet. `double(2)` gave 3.
    >>> exercise.check(lambda x: 2 * x)
    ✓ Correct.

    Args:
        name: The name it has in the lesson.
        check: A function of the answer, sync or async. It raises `NotYet` (or uses
            `expect`, `expect_equal`) to say what is not right yet, and gives nothing
            back.
        hints: Each a sentence or two, from a nudge to nearly the answer.
        solution: The solution itself: a function or a class.
        praise: What to say when the answer is correct.
        limit: Real seconds a check may take.
        minutes: How long it takes a learner, errors and hints included.
    """

    kind = "exercise"

    def __init__(
        self,
        name: str,
        check: Callable[[Any], Any],
        hints: Sequence[str] = (),
        solution: Any = None,
        *,
        praise: str = "",
        limit: float = 5.0,
        minutes: float = 6.0,
    ) -> None:
        self.name = name
        self.key = f"{_lesson_of(check)}.{name}"
        self.solution_object = solution
        self.hints = tuple(hints)
        self.minutes = minutes
        self._check = check
        self._praise = praise
        self._limit = limit
        self._hints_given = 0
        self._tried = False

    def __repr__(self) -> str:
        usage = f"{self.name}: .check(your answer), .hint(), .solution(), .reset()"
        return wrapped(translated(usage))

    def check(self, answer: Any = None) -> Outcome:
        """Say whether the answer is not started, not yet right, or correct.

        Runs it in a thread of its own with a time limit; an endless loop is stopped.
        Async answers need no `await` here. What the answer prints is not shown.
        """
        if blank := _blank(answer):
            return Outcome("…", "Not started.", blank, BLUE, "not started")
        run = in_sandbox(lambda: self._check(answer), self._limit)
        left = _left_over(answer) if _is_stub(run.error) else ""
        if _is_stub(run.error) and not left:
            stub = "Replace `raise NotImplementedError`."
            return Outcome("…", "Not started.", stub, BLUE, "not started")
        self._tried = True
        if why := left or _why_not(run, self._limit):
            why = _called(answer, why) or why
            note_try(self.key)
            return Outcome("✗", "Not yet.", why, ORANGE, "not yet")
        note_done(self.key)
        return Outcome("✓", "Correct.", self._praise, GREEN, "correct")

    def hint(self) -> Message:
        """The next hint; after the last one, the last one again."""
        total = len(self.hints)
        if not total:
            return Message("?", "No hints.", "This one you can do.", BLUE)
        self._hints_given = min(self._hints_given + 1, total)
        word = f"Hint {self._hints_given} of {total}."
        return Message("?", word, self.hints[self._hints_given - 1], BLUE)

    def solution(self, reveal: bool = False) -> Solution | Message:
        """The solution's source: after a first try, or with `reveal=True`."""
        if not (reveal or self._tried or self.key in done()):
            advice = "Run `.check(...)` once, or ask with `.solution(reveal=True)`."
            return Message("…", "Try first.", advice, BLUE)
        source = textwrap.dedent(inspect.getsource(self.solution_object)).strip()
        return Solution(source)

    def reset(self) -> Solution | Message:
        """Turn the cell you type this in into the exercise as it was at first."""
        source = stub(self.key.partition(".")[0], self.name)
        if not source:
            advice = "Open a fresh copy of the notebook and take the cell from there."
            return Message("…", "The course's own notebook is not here.", advice, BLUE)
        if put_in_place_of_the_cell(source):
            return Message("…", "Fresh.", "This cell is the exercise again.", BLUE)
        return Solution(source)


def _lesson_of(check: Any) -> str:
    """The lesson's own name: what is done is kept under it, wherever the check is.

    >>> def check(answer): ...
    >>> check.__module__ = "course_utils.lessons.full_responses.exercises"
    >>> _lesson_of(check)
    'full_responses'
    """
    module = getattr(check, "__module__", "")
    _, is_lesson, within = module.partition(".lessons.")
    return within.split(".")[0] if is_lesson else module.rpartition(".")[2]


def _blank(answer: Any) -> str:
    """What to do, if the learner has left the place for the answer as it was."""
    if answer is None:
        return "Give your answer to `check`."
    parts = answer if isinstance(answer, list | tuple) else [answer]
    if any(part is ... for part in parts):
        return "Replace `...`."
    return "Its body does nothing yet." if _is_empty(answer) else ""


def _is_empty(answer: Any) -> bool:
    """Whether a function, or each method of a class, has no body but `...`."""
    if inspect.isclass(answer):
        methods = [m for m in vars(answer).values() if isinstance(m, FunctionType)]
        return bool(methods) and all(map(_is_empty, methods))
    if not isinstance(answer, FunctionType) or answer.__name__ == "<lambda>":
        return False
    steps = [step for step in dis.get_instructions(answer) if step.opname not in _NOISE]
    return all(
        step.opname == "RETURN_VALUE"
        or (step.opname in ("LOAD_CONST", "RETURN_CONST") and step.argval is None)
        for step in steps
    )


def _is_stub(error: BaseException | None) -> bool:
    """Whether the learner's own code says that it is not implemented."""
    while error is not None:
        if isinstance(error, NotImplementedError):
            last = traceback.extract_tb(error.__traceback__)[-1:]
            return not any("site-packages" in frame.filename for frame in last)
        error = error.__cause__ or error.__context__
    return False


def _left_over(answer: Any) -> str:
    """Which method of a half-written class is still a stub; empty if none is."""
    if not inspect.isclass(answer):
        return ""
    methods = [m for m in vars(answer).values() if isinstance(m, FunctionType)]
    stubs = [m for m in methods if m.__code__.co_names == ("NotImplementedError",)]
    if not 0 < len(stubs) < len(methods):
        return ""
    return f"`{stubs[0].__name__}` is still `raise NotImplementedError`."


def _called(answer: Any, why: str) -> str:
    """What to say if the check got what a function gave, not the function itself."""
    if callable(answer) or "object is not callable" not in why:
        return ""
    if inspect.iscoroutine(answer):
        answer.close()
    return (
        "The check wants the function or class itself, got what it gave, "
        f"{shorten(answer)}: pass its name alone, with no brackets after it."
    )


def _why_not(run: Run, limit: float) -> str:
    """What is not right yet, in words; empty if nothing is."""
    error = run.error
    if not run.ended or isinstance(error, OutOfTime):
        return (
            f"It was still running after {limit:g} s: does it wait, or loop, for ever?"
        )
    if isinstance(error, NotYet | AssertionError):
        return _explain(str(error), run.printed)
    if isinstance(error, KeyboardInterrupt):
        return "You stopped the check."
    if error is not None:
        return _raised(error)
    if run.result is not None:
        came = f"The check gave {shorten(run.result)} back"
        return f"{came}: it gives nothing, and says what is wrong with `expect(...)`."
    return ""


def _explain(why: str, printed: str) -> str:
    """Add that the text was printed, where it should have been returned."""
    if printed.strip() and why.endswith("Is a `return` missing?"):
        return why.removesuffix("Is a `return` missing?") + (
            "It prints its text: return it instead."
        )
    return why or "That is not it."


def _raised(error: BaseException) -> str:
    """Name the error and the last line of the learner's own code."""
    words = f"It raised `{type(error).__name__}`"
    with suppress(Exception):  # a learner's own error may fail to say what it is
        words += f": {str(error).strip().splitlines()[0]}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.line and CELL.search(frame.filename):
            return f"{words}\nIn your code: `{frame.line}`"
    return words
