"""What the learner has done and believed, kept in one small JSON file.

Exercises and questions note here what happens. Nothing here ever fails: in a folder
that can't be written, what is done is known until the kernel stops.

    note_done("full_responses.collect"); record().done
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from course_utils.language import language
from course_utils.notebook import static_page
from course_utils.settings import settings

ALIAS = re.compile(r"[\w-]{1,24}")


@dataclass(frozen=True)
class Record:
    """All that is kept of a learner.

    Attributes:
        done: The keys of exercises solved and questions answered.
        tries: How often each exercise was checked before it was correct.
        beliefs: The first guess at each question, as its letter.
        alias: The learner's name on the class board; empty is not on it.
    """

    done: frozenset[str] = frozenset()
    tries: Mapping[str, int] = field(default_factory=dict)
    beliefs: Mapping[str, str] = field(default_factory=dict)
    alias: str = ""

    def joined(self, later: "Record") -> "Record":
        """Both in one: a first guess stays, and the larger number of tries."""
        keys = {*self.tries, *later.tries}
        most = {k: max(self.tries.get(k, 0), later.tries.get(k, 0)) for k in keys}
        beliefs = {**later.beliefs, **self.beliefs}
        return Record(self.done | later.done, most, beliefs, later.alias or self.alias)

    def for_the_board(self) -> "Record":
        """What a class board may show: exercises and tries, no belief, no question."""
        exercises = frozenset(k for k in self.done if not k.startswith("question:"))
        return Record(exercises, self.tries)

    def as_json(self) -> str:
        """The text of the file."""
        parts: dict[str, Any] = {"done": sorted(self.done)}
        if self.tries:
            parts["tries"] = dict(sorted(self.tries.items()))
        if self.beliefs:
            parts["beliefs"] = dict(sorted(self.beliefs.items()))
        if self.alias:
            parts["alias"] = self.alias
        return json.dumps(parts, indent=1) + "\n"


_here = Record()  # what happened in this kernel


def progress_files() -> list[Path]:
    """Where it is kept, beside the notebooks: none while outputs are made or tested."""
    here = Path.cwd()
    if here.name == language() != "en":
        here = here.parent  # a translated notebook is the same one, in a folder below
    return [] if static_page() else [here / ".course_progress.json"]


def board_file(alias: str) -> Path | None:
    """The file of this name on the class board, in the folder `COURSE_PROGRESS`."""
    shared = os.environ.get("COURSE_PROGRESS")
    return Path(shared) / f"{alias}.json" if shared and alias else None


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


def go_by(alias: str) -> None:
    """Note the name to go by on the class board; with an empty one, nothing is shared.

    Raises:
        OSError: the name can't be noted beside the notebooks, or not on the board.
    """
    named = replace(record(), alias=alias)  # not kept in this kernel: another may leave
    for file in progress_files():
        _write(file, named)
        _share(named)


def _note(news: Record) -> None:
    global _here
    _here = _here.joined(news)
    for file in progress_files():
        with suppress(OSError):  # no folder, or no right to write there
            _write(file, read_record(file).joined(news))
    with suppress(OSError):
        _share(record())


def _share(whole: Record) -> None:
    """Bring the class board up to date, for a learner who is on it."""
    if progress_files() and (file := board_file(whole.alias)):
        _write(file, whole.for_the_board())
        file.chmod(0o644)  # a teacher reads it, whatever the learner's umask


@settings()
def save_progress(path: str | Path) -> None:
    """Write all that is kept of you to a file, to take along or to show a teacher.

    Raises:
        OSError: the file can't be written there.
    """
    _write(Path(path), replace(record(), alias=""))


@settings()
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
    _note(replace(found, alias=""))  # a name on the board is one learner's


def forget() -> None:
    """Start anew: forget what is done, here and in the files."""
    global _here
    files = [*progress_files(), board_file(record().alias)]
    _here = Record()
    for file in filter(None, files):
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
    alias = parts.get("alias")
    return Record(
        keys,
        _of_kind(tries, int),
        _of_kind(beliefs, str),
        alias if isinstance(alias, str) and ALIAS.fullmatch(alias) else "",
    )


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
