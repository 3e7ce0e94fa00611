"""A learner's own copy of the notebooks, which an update of the course never meets.

    python start.py            # makes my-notebooks/ or brings it up to date
    python start.py reset 4    # notebook 4 as it was; yours is kept beside it
    python start.py reset de/1 # the same of a translation

A file you have not touched is renewed with the course. One you have touched stays
yours, and a newer one is put beside it. It needs nothing but Python.
"""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

FOLDER = "my-notebooks"
LEDGER = ".course_copies.json"  # what each file was when it was copied
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}
ONCE = ".course_progress.json"  # yours from the first copy on


def bring_up_to_date(source: Path, copy: Path) -> list[str]:
    """Copy what is new; give a sentence for each file that was kept as you left it.

    Args:
        source: The folder of the course's own notebooks.
        copy: The learner's folder; it is made if it is not there.
    """
    ledger = _ledger(copy)
    notes = []
    for name in _files(source):
        new, mine = source / name, copy / name
        print_of_new = fingerprint(new)
        if mine.exists() and (ledger.get(name) == print_of_new or name == ONCE):
            continue
        if mine.exists() and fingerprint(mine) not in (ledger.get(name), print_of_new):
            beside = _beside(mine, "new")
            _copy(new, beside)
            notes.append(
                f"{name} has changed in the course, and you have changed yours: yours "
                f"stays, the new one is {beside.name}."
            )
        else:
            _copy(new, mine)
        ledger[name] = print_of_new
    _write_ledger(copy, ledger)
    return notes


def reset(source: Path, copy: Path, number: str) -> str:
    """Make one notebook of the copy as it was; say where the learner's own is now."""
    places = dict(_notebooks(source))
    if number not in places:
        return (
            f"There is no notebook {number!r}: name one of {', '.join(places)}, "
            "python start.py reset 4"
        )
    name = places[number]
    mine = copy / name
    note = ""
    if mine.exists():
        beside = _beside(mine, f"kept {datetime.now():%Y-%m-%d %H.%M.%S}")
        mine.rename(beside)
        note = f" What you had is now {beside.name}."
    _copy(source / name, mine)
    _write_ledger(copy, {**_ledger(copy), name: fingerprint(mine)})
    return f"{name} is as the course has it.{note}"


def _notebooks(source: Path) -> Iterator[tuple[str, str]]:
    """Each notebook's number, `4` or `de/1`, and its place."""
    for name in _files(source):
        folder, _, file = name.rpartition("/")
        if file.startswith("0") and file.endswith(".ipynb"):
            yield f"{folder}/{file[1]}".lstrip("/"), name


def fingerprint(file: Path) -> str:
    """What tells one content of a file from another."""
    return sha256(file.read_bytes()).hexdigest()


def _files(source: Path) -> Iterator[str]:
    """The course's files in a folder, by their place in it."""
    for path in sorted(source.rglob("*")):
        within = path.relative_to(source)
        if path.is_file() and not LEFT_OUT & set(within.parts):
            yield within.as_posix()


def _copy(new: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(new, to)


def _beside(file: Path, word: str) -> Path:
    """A free place beside a file, whose name says what stands there."""
    words = (word, *(f"{word} {count}" for count in range(2, 1000)))
    places = (file.with_name(f"{file.stem} ({each}){file.suffix}") for each in words)
    return next(place for place in places if not place.exists())


def _ledger(copy: Path) -> dict[str, str]:
    try:
        found = json.loads((copy / LEDGER).read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # a first start, or a file that something broke: all is yours
    return found if isinstance(found, dict) else {}


def _write_ledger(copy: Path, ledger: dict[str, str]) -> None:
    copy.mkdir(parents=True, exist_ok=True)
    (copy / LEDGER).write_text(json.dumps(ledger, indent=1) + "\n", "utf-8")


def main(here: Path, arguments: list[str]) -> None:
    """Bring the copy up to date, or reset one notebook of it."""
    source, copy = here / "notebooks", here / FOLDER
    notes = bring_up_to_date(source, copy)
    if arguments[:1] == ["reset"]:
        notes = [reset(source, copy, " ".join(arguments[1:]))]
    for note in notes:
        print(textwrap.fill(note, 80, break_long_words=False), flush=True)


if __name__ == "__main__":
    try:
        main(Path(__file__).resolve().parents[2], sys.argv[1:])
    except OSError as refused:
        sys.exit(
            f"Your copy of the notebooks could not be made ({refused}): see that the "
            f"folder {FOLDER} may be written to and the disk has room, run it again."
        )
