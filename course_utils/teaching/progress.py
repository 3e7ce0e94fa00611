"""What you have done in a lesson: exercises solved and questions answered.

It is kept in a small file beside the notebooks that never leaves your machine.

    progress(lesson)
"""

from dataclasses import dataclass
from types import ModuleType

from course_utils.language import translated
from course_utils.settings import settings
from course_utils.style import BLUE, DIV, GREEN, bar, wrapped
from course_utils.teaching.exercise import Exercise
from course_utils.teaching.message import as_html
from course_utils.teaching.progress_file import done
from course_utils.teaching.quiz import Predict, Quiz

__all__ = ["Progress", "progress"]

KINDS = ("exercise", "question")


@dataclass(frozen=True)
class Progress:
    """How much of a lesson is done.

    Attributes:
        tasks: Kind, name, and whether it is done, in the lesson's order.
    """

    tasks: tuple[tuple[str, str, bool], ...]

    def __repr__(self) -> str:
        counts = [self._count(kind) for kind in KINDS if self._of(kind)]
        parts = counts or ["Nothing to do here."]
        if self._next:
            parts.append(f"next: {self._next}")
        return wrapped(translated(" · ".join(parts)))

    def _of(self, kind: str) -> list[bool]:
        return [is_done for its_kind, _, is_done in self.tasks if its_kind == kind]

    def _count(self, kind: str) -> str:
        tasks = self._of(kind)
        count, total = sum(tasks), len(tasks)
        if kind == "exercise":
            return f"{count} of {total} exercise{'' if total == 1 else 's'}"
        return f"{count} of {total} question{'' if total == 1 else 's'}"

    @property
    def _next(self) -> str:
        left = [
            name
            for kind, name, is_done in self.tasks
            if kind == "exercise" and not is_done
        ]
        return f"`{left[0]}`" if left else ""

    def _repr_html_(self) -> str:
        colour = BLUE if self._next else GREEN
        return f'<{DIV} style="{bar(colour)}">{as_html(repr(self))}</div>'


@settings()
def progress(lesson: ModuleType) -> Progress:
    """How much of a lesson is done, and which exercise is next.

    Args:
        lesson: A module of `course_utils.lessons`.
    """
    finished = done()
    tasks: list[tuple[str, str, bool]] = []
    for name in getattr(lesson, "__all__", vars(lesson)):
        found = getattr(lesson, name)
        parts = found.questions if isinstance(found, Quiz) else [found]
        for task in parts:
            if isinstance(task, Exercise | Predict):
                tasks.append((task.kind, name, task.key in finished))
    return Progress(tuple(tasks))
