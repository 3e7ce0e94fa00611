"""What the learner has done, kept in one small JSON file beside the notebooks.

Exercises and questions note here that they are done. Nothing here ever fails: in a
folder that can't be written, what is done is known until the kernel stops.

    note_done("full_responses.collect"); done()
"""

import getpass
import json
import os
from contextlib import suppress
from pathlib import Path

from course_utils.notebook import static_page

_here: set[str] = set()  # done in this kernel


def progress_files() -> list[Path]:
    """Where it is kept: none while outputs are made or tested.

    Beside the notebooks; and, if `COURSE_PROGRESS` names a folder that a teacher
    shares, in that folder too, under the learner's user name.
    """
    if static_page():
        return []
    files = [Path.cwd() / ".course_progress.json"]
    if shared := os.environ.get("COURSE_PROGRESS"):
        with suppress(Exception):  # a container may have a user without a name
            files.append(Path(shared) / f"{getpass.getuser()}.json")
    return files


def done() -> set[str]:
    """The keys of all that is done, from the file and from this kernel."""
    return _here.union(*map(_read, progress_files()))


def note_done(key: str) -> None:
    """Note that this exercise or question is done."""
    _here.add(key)
    for file in progress_files():
        with suppress(OSError):  # no folder, or no right to write there
            _write(file, _read(file) | {key})


def forget() -> None:
    """Start anew: forget what is done, here and in the files."""
    _here.clear()
    for file in progress_files():
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _read(file: Path) -> set[str]:
    try:
        keys = json.loads(file.read_text("utf-8"))["done"]
        return {key for key in keys if isinstance(key, str)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # not there yet, or not ours: begin anew


def _write(file: Path, keys: set[str]) -> None:
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        draft.write_text(json.dumps({"done": sorted(keys)}, indent=1) + "\n", "utf-8")
        draft.replace(file)  # a reader never sees half a file
    finally:
        draft.unlink(missing_ok=True)
