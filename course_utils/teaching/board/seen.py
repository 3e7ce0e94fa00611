"""What a teacher sees of a class: each exercise done, stuck, tried or not begun.

board = seen("/srv/class", [("4", "keep_partial", "interruptions_and_errors...")])
print(board)
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from course_utils.style import width_of, wrapped
from course_utils.teaching.progress_file import ALIAS, Record, read_record

STUCK = 3  # tries without success
MOST = 100_000  # bytes of a file; a learner's has a few thousand

DONE, IS_STUCK, TRYING, NOT_BEGUN = "done", "stuck", "trying", "not begun"
STATES = (DONE, IS_STUCK, TRYING, NOT_BEGUN)


class Task(NamedTuple):
    """An exercise: its notebook's number, its name, and its key in the files."""

    notebook: int
    name: str
    key: str


@dataclass(frozen=True)
class Board:
    """A class at one moment.

    Attributes:
        tasks: The exercises of every notebook that has been begun.
        learners: Each learner's alias, with a state for each task, in order.
    """

    tasks: tuple[Task, ...]
    learners: tuple[tuple[str, tuple[str, ...]], ...]

    def count(self, task: int) -> Counter[str]:
        """How many learners are in which state, at the task of this number."""
        return Counter(states[task] for _, states in self.learners)

    def stuck(self) -> list[tuple[Task, list[str]]]:
        """The exercises at which learners are stuck, most of them first."""
        found = [
            (task, [who for who, states in self.learners if states[n] == IS_STUCK])
            for n, task in enumerate(self.tasks)
        ]
        return sorted((one for one in found if one[1]), key=lambda one: -len(one[1]))

    def __repr__(self) -> str:
        return wrapped("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        if not self.learners:
            yield "No learner has joined the board yet: each types join_board()."
            return
        yield f"{'':30}" + "".join(f"{state:>12}" for state in STATES)
        for number, task in enumerate(self.tasks):
            counts = self.count(number)
            name = f"{task.notebook} {task.name}"
            if width_of(name) > 30:  # on a line of its own
                yield name
                name = ""
            room = " " * (30 - width_of(name))
            yield name + room + "".join(f"{counts[state]:12}" for state in STATES)
        for task, names in self.stuck():
            yield f"stuck at {task.name}: {', '.join(names)}"


def seen(folder: str | Path, tasks: Sequence[Task], notebook: int = 0) -> Board:
    """The class whose learners share this folder.

    Args:
        folder: What `COURSE_PROGRESS` names.
        tasks: All exercises of the course.
        notebook: Look at this one only; else at all that have been begun.

    Raises:
        NotADirectoryError: there is no such folder.
    """
    if not Path(folder).is_dir():
        raise NotADirectoryError(
            f"The board reads a folder, got {str(folder)!r}, which is none: name the "
            "one that COURSE_PROGRESS names."
        )
    records = dict(_records(Path(folder)))
    begun = {t.notebook for t in tasks for r in records.values() if _begun(r, t)}
    wanted = {notebook} if notebook else begun or {1}
    shown = tuple(task for task in tasks if task.notebook in wanted)
    rows = ((who, tuple(_states(r, shown))) for who, r in sorted(records.items()))
    return Board(shown, tuple(rows))


def _records(folder: Path) -> Iterator[tuple[str, Record]]:
    """Each learner's file; whatever else lies in a shared folder is left alone."""
    for file in folder.glob("*.json"):
        plain = file.is_file() and not file.is_symlink()
        if plain and ALIAS.fullmatch(file.stem) and file.stat().st_size <= MOST:
            yield file.stem, read_record(file)


def _begun(record: Record, task: Task) -> bool:
    return task.key in record.done or task.key in record.tries


def _states(record: Record, tasks: Iterable[Task]) -> Iterator[str]:
    for task in tasks:
        tries = record.tries.get(task.key, 0)
        if task.key in record.done:
            yield DONE
        else:
            yield IS_STUCK if tries >= STUCK else TRYING if tries > 0 else NOT_BEGUN
