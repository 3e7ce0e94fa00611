"""Go on the class board under a name of your own choice, and leave it again.

A board is a folder that a teacher shares on a hub and names in `COURSE_PROGRESS`. What
it gets of you are the exercises that you solved and how often you tried, no more.

    join_board()             # under a name that says nothing
    join_board("blue-fox")   # under this one
    leave_board()
"""

import os
import secrets
from pathlib import Path

from course_utils.settings import settings
from course_utils.style import BLUE, GREEN
from course_utils.teaching.message import Message
from course_utils.teaching.progress_file import ALIAS, board_file, go_by, record

HOW = [
    "calm",
    "quick",
    "bright",
    "quiet",
    "brave",
    "kind",
    "swift",
    "warm",
    "wise",
    "merry",
    "lucky",
    "steady",
]
WHO = [
    "otter",
    "heron",
    "lynx",
    "finch",
    "badger",
    "robin",
    "seal",
    "hare",
    "wren",
    "fox",
    "newt",
    "swan",
]


@settings()
def join_board(alias: str = "") -> Message:
    """Go on the class board, under this name or under one made up for you.

    Args:
        alias: At most 24 letters, digits, `-` and `_`.

    Raises:
        ValueError: it is no such name, or somebody else has it.
    """
    if not os.environ.get("COURSE_PROGRESS"):
        advice = (
            "Your teacher sets `COURSE_PROGRESS` to a folder that the class shares."
        )
        return Message("…", "There is no class board here.", advice, BLUE)
    leave_board()
    chosen = _claimed(alias) if alias else _made_up()
    go_by(chosen)
    text = (
        f"You are on it as `{chosen}`: with the exercises you solved and your tries, "
        "no answer and no guess. `leave_board()` takes you off."
    )
    return Message("✓", "Class board.", text, GREEN)


@settings()
def leave_board() -> Message:
    """Leave the class board: your file is taken out of the shared folder."""
    if file := board_file(record().alias):
        file.unlink(missing_ok=True)
    go_by("")
    return Message("✓", "You are on no class board.", "", GREEN)


def _made_up() -> str:
    """A free name that says nothing of you."""
    while True:
        number = 10 + secrets.randbelow(90)
        name = f"{secrets.choice(HOW)}-{secrets.choice(WHO)}-{number}"
        try:
            return _claimed(name)
        except ValueError:  # taken: make up another
            continue


def _claimed(name: str) -> str:
    """The name, if it is one and it was free; from now on it is not."""
    if not ALIAS.fullmatch(name):
        raise ValueError(
            f"A name on the board is 1 to 24 letters, digits, - and _, got {name!r}: "
            'choose such a one, join_board("blue-fox").'
        )
    try:
        Path(str(board_file(name))).touch(mode=0o644, exist_ok=False)
    except FileExistsError:
        raise ValueError(
            f"The name {name!r} is taken: choose another, or none, join_board()."
        ) from None
    return name
