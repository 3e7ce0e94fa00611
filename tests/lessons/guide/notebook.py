"""What the guide knows of one notebook, from the files that the learners use.

guided = Guided(4)
guided.timed, guided.questions, guided.exercises
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from nbformat import NotebookNode

from course_utils.lessons.course import LESSONS
from course_utils.teaching.exercise import Exercise
from course_utils.teaching.minutes import Minutes, headings, minutes
from course_utils.teaching.quiz import Predict
from tests.notebooks.outputs import NOTEBOOKS, read
from tests.support.exercise_rules import ExerciseRules


class Wrong(NamedTuple):
    """A wrong answer that the tests know, and the words of the check's reason."""

    exercise: Exercise
    answer: Any
    words: str


class Placed(NamedTuple):
    """A question or an exercise, and the heading under which the notebook has it."""

    thing: Any
    heading: str


@dataclass(frozen=True)
class Guided:
    """One notebook, as a teacher looks at it.

    Attributes:
        number: 1 to 6.
    """

    number: int

    @property
    def lesson(self) -> ModuleType:
        """Its module of questions and exercises."""
        return LESSONS[self.number - 1]

    @property
    def name(self) -> str:
        """The name of the lesson and of the notebook's file, without the number."""
        return self.lesson.__name__.rpartition(".")[2]

    @cached_property
    def notebook(self) -> NotebookNode:
        """The notebook itself."""
        return read(NOTEBOOKS / f"0{self.number}_{self.name}.ipynb")

    @property
    def title(self) -> str:
        """Its first line."""
        first: str = self.notebook.cells[0].source
        return first.partition("\n")[0].lstrip("# ")

    @cached_property
    def timed(self) -> Minutes:
        """Its minutes, section by section."""
        return minutes(self.notebook, self.lesson)

    @cached_property
    def questions(self) -> list[Placed]:
        """What is asked before an experiment, in the notebook's order."""
        return [one for one in self._placed() if isinstance(one.thing, Predict)]

    @cached_property
    def exercises(self) -> list[Placed]:
        """The exercises, in the notebook's order."""
        return [one for one in self._placed() if isinstance(one.thing, Exercise)]

    def _placed(self) -> Iterator[Placed]:
        heading = ""
        for cell in self.notebook.cells:
            heading = [heading, *headings(cell)][-1].lstrip("# ")
            asked = getattr(self.lesson, cell.source.removeprefix("lesson."), None)
            given = getattr(self.lesson, cell.id.replace("-", "_"), None)
            if isinstance(asked, Predict):
                yield Placed(asked, heading)
            elif isinstance(given, Exercise):
                yield Placed(given, heading)

    @cached_property
    def tests(self) -> ModuleType:
        """The tests of its exercises."""
        return import_module(f"tests.lessons.test_{self.name}")

    def wrong(self, exercise: Exercise) -> list[Wrong]:
        """The wrong answers to an exercise that its tests know."""
        found = vars(self.tests).values()
        rules = [
            r for r in found if isinstance(r, type) and r.__base__ is ExerciseRules
        ]
        cases = [Wrong(*case) for one in rules for case in one.wrong]
        return [case for case in cases if case.exercise is exercise]

    def labelled(self, exercise: Exercise) -> Iterator[tuple[str, Wrong]]:
        """Each wrong answer after its own name, or after the code that makes it."""
        made_by = {key: list(codes) for key, codes in self._made_by.items()}
        for wrong in self.wrong(exercise):
            name = getattr(wrong.answer, "__name__", "")
            codes = made_by.get((exercise.name, wrong.words), [])
            if name in ("", "<lambda>", exercise.name) and codes:
                yield f"`{codes.pop(0)}`", wrong
            else:
                yield (name or type(wrong.answer).__name__).replace("_", " "), wrong

    @cached_property
    def _made_by(self) -> dict[tuple[str, str], list[str]]:
        """The code that makes a wrong answer, by its exercise and the check's words."""
        found: dict[tuple[str, str], list[str]] = {}
        tree = ast.parse(Path(str(self.tests.__file__)).read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Tuple) and len(node.elts) == 3:
                exercise, answer, words = node.elts
                if isinstance(words, ast.Constant) and not isinstance(answer, ast.Name):
                    key = (ast.unparse(exercise).rpartition(".")[2], str(words.value))
                    found.setdefault(key, []).append(ast.unparse(answer))
        return found
