"""What the learner has done and believed, kept in one small JSON file.

Exercises and questions note here what happens. Nothing here ever fails: in a folder
that can't be written, what is done is known until the kernel stops.

    note_done("full_responses.collect"); record().done
"""

import getpass
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils.notebook import static_page


@dataclass(frozen=True)
class Record:
    """All that is kept of a learner.

    Attributes:
        done: The keys of exercises solved and questions answered.
        tries: How often each exercise was checked before it was correct.
        beliefs: The first guess at each question, as its letter.
    """

    done: frozenset[str] = frozenset()
    tries: Mapping[str, int] = field(default_factory=dict)
    beliefs: Mapping[str, str] = field(default_factory=dict)

    def joined(self, later: "Record") -> "Record":
        """Both in one: a first guess stays, and the larger number of tries."""
        keys = {*self.tries, *later.tries}
        most = {k: max(self.tries.get(k, 0), later.tries.get(k, 0)) for k in keys}
        return Record(self.done | later.done, most, {**later.beliefs, **self.beliefs})

    def as_json(self) -> str:
        """The text of the file."""
        parts: dict[str, Any] = {"done": sorted(self.done)}
        if self.tries:
            parts["tries"] = dict(sorted(self.tries.items()))
        if self.beliefs:
            parts["beliefs"] = dict(sorted(self.beliefs.items()))
        return json.dumps(parts, indent=1) + "\n"


_here = Record()  # what happened in this kernel


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


def record() -> Record:
    """All that is kept, from the files and from this kernel."""
    whole = Record()
    for file in progress_files():
        whole = whole.joined(read_record(file))
    return whole.joined(_here)


def done() -> frozenset[str]:
    """The keys of all that is done, from the file and from this kernel."""
    return record().done


def note_done(key: str) -> None:
    """Note that this exercise or question is done."""
    _note(Record(done=frozenset({key})))


def note_try(key: str) -> None:
    """Note that this exercise was checked and is not correct yet."""
    _note(Record(tries={key: record().tries.get(key, 0) + 1}))


def note_belief(key: str, letter: str) -> None:
    """Note the guess at this question; a later guess does not replace the first."""
    _note(Record(beliefs={key: letter}))


def _note(news: Record) -> None:
    global _here
    _here = _here.joined(news)
    for file in progress_files():
        with suppress(OSError):  # no folder, or no right to write there
            _write(file, read_record(file).joined(news))


def save_progress(path: str | Path) -> None:
    """Write all that is kept of you to a file, to take along or to show a teacher.

    Raises:
        OSError: the file can't be written there.
    """
    _write(Path(path), record())


def load_progress(path: str | Path) -> None:
    """Take in what `save_progress` wrote, beside what is here already.

    Raises:
        OSError: there is no such file.
        ValueError: the file holds something else.
    """
    came = Path(path).read_text("utf-8")
    found = _parsed(came)
    if found is None:
        raise ValueError(
            f"{path} holds no progress of this course, got {came[:30]!r}: name a file "
            'that save_progress("progress.json") wrote.'
        )
    _note(found)


def forget() -> None:
    """Start anew: forget what is done, here and in the files."""
    global _here
    _here = Record()
    for file in progress_files():
        with suppress(OSError):
            file.unlink(missing_ok=True)


def read_record(file: Path) -> Record:
    """What a file keeps; nothing if it is not there, or not ours."""
    try:
        return _parsed(file.read_text("utf-8")) or Record()
    except (OSError, ValueError):
        return Record()


def _parsed(text: str) -> Record | None:
    """The record in a text, whose parts of another kind are left out."""
    try:
        parts = json.loads(text)
        keys = frozenset(key for key in parts["done"] if isinstance(key, str))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    tries, beliefs = parts.get("tries"), parts.get("beliefs")
    return Record(keys, _of_kind(tries, int), _of_kind(beliefs, str))


def _of_kind(found: Any, kind: type) -> dict[str, Any]:
    pairs = found.items() if isinstance(found, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, kind)}


def _write(file: Path, whole: Record) -> None:
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        draft.write_text(whole.as_json(), "utf-8")
        draft.replace(file)  # a reader never sees half a file
    finally:
        draft.unlink(missing_ok=True)
