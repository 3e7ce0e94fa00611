"""The class board: which exercises are done, stuck or not begun, by learner alias.

    python -m course_utils.lessons.board /srv/class

It reads the folder that COURSE_PROGRESS names, prints the numbers, and writes a page,
class-board.html, that renews itself until you press Ctrl+C. It asks no network.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from course_utils.lessons.course import LESSONS
from course_utils.teaching.board.page import as_page
from course_utils.teaching.board.seen import Board, Task, seen
from course_utils.teaching.exercise import Exercise


def tasks() -> Iterator[Task]:
    """Every exercise of the course, in order."""
    for number, lesson in enumerate(LESSONS, 1):
        for name in lesson.__all__:
            found = getattr(lesson, name)
            if isinstance(found, Exercise):
                yield Task(number, name, found.key)


def write(folder: Path, page: Path, notebook: int = 0, every: int = 0) -> Board:
    """Look at the class once, and write its page."""
    board = seen(folder, list(tasks()), notebook)
    draft = page.with_suffix(".tmp")
    draft.write_text(as_page(board, time.strftime("%H:%M:%S"), every), "utf-8")
    draft.replace(page)  # a browser never loads half a page
    return board


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.lessons.board",
        description="Which exercises a class has done, and where it is stuck.",
    )
    parser.add_argument("folder", type=Path, help="what COURSE_PROGRESS names")
    parser.add_argument("--page", type=Path, default=Path("class-board.html"))
    parser.add_argument("--notebook", type=int, default=0, help="only this one, 1 to 6")
    parser.add_argument("--every", type=int, default=10, help="seconds; 0 is once")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page, and again every few seconds."""
    options = _asked(arguments)
    shown = ""
    with suppress(KeyboardInterrupt):
        while True:
            board = write(options.folder, options.page, options.notebook, options.every)
            if repr(board) != shown:
                shown = repr(board)
                print(f"{shown}\n{options.page.resolve().as_uri()}", flush=True)
            if not options.every:
                return
            time.sleep(options.every)


if __name__ == "__main__":
    main()
