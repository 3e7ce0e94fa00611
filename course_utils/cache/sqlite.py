"""A cache in one file, for all processes of one machine.

SQLite comes with Python. In WAL mode many processes read while one writes.

    model = cached(ChatOpenAI(...), SQLiteStreamCache("answers.db"))
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from os import PathLike, fspath
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.outputs import Generation

from course_utils.cache.kept import Kept, unpack
from course_utils.cache.seal import Seal
from course_utils.cache.serialization import from_text, lazily, name_of, to_text
from course_utils.settings import settings

TABLE = "CREATE TABLE IF NOT EXISTS answers (name TEXT PRIMARY KEY, answer TEXT, at)"
# Version 1.0 did not note when an answer came: its answers are as old as can be.
SINCE_1_1 = "ALTER TABLE answers ADD COLUMN at"
KEEP = "INSERT OR REPLACE INTO answers (name, answer, at) VALUES (?, ?, ?)"
FIND = "SELECT CAST(answer AS BLOB) FROM answers WHERE name = ? AND ifnull(at, 0) >= ?"
# A new answer gets the highest number, so this many numbers hold no more answers.
BOUND = "DELETE FROM answers WHERE rowid <= (SELECT max(rowid) FROM answers) - ?"
EXPIRE = "DELETE FROM answers WHERE ifnull(at, 0) < ?"


@settings(patience="timeout")
class SQLiteStreamCache(BaseCache):
    """Answers in an SQLite file, shared by every process that opens it.

    It is a LangChain cache like any other: `set_llm_cache(SQLiteStreamCache(...))`
    works, too. The file is made when it is needed; delete it, or `clear`, to forget.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> cache = SQLiteStreamCache(f"{folder.name}/answers.db")
    >>> cache.update("Hi", "model", [Generation(text="Hello.")])
    >>> cache.lookup("Hi", "model")
    [Generation(text='Hello.')]

    Args:
        path: The file.
        timeout: Seconds to wait for another process that writes.
        ttl: Seconds an answer is served; None serves it for ever.
        max_answers: How many are kept; the oldest make room.
        secret: Programs that give the same share tool calls, too. Without one, a kept
            tool call is served to the process that kept it, and words to all.

    Raises:
        ValueError: `path` names no file, or a number is not above zero.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        timeout: float = 1.0,
        *,
        ttl: float | None = None,
        max_answers: int = 10_000,
        secret: str | None = None,
    ) -> None:
        self.path = fspath(path)
        self.timeout = timeout
        self.ttl = ttl
        self.max_answers = max_answers
        self.secret = secret
        if self.path in ("", ":memory:"):
            raise ValueError(
                f"SQLiteStreamCache keeps a file, got {self.path!r}: "
                'write SQLiteStreamCache("answers.db"), or use InMemoryCache().'
            )
        check_above_zero("timeout", timeout, "seconds to wait", "1.0")
        check_above_zero("ttl", ttl, "seconds an answer is kept", "3600, or None")
        check_above_zero("max_answers", max_answers, "answers to keep", "10_000")

    def __repr__(self) -> str:
        return f"SQLiteStreamCache({self.path!r})"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection for each use: it then works in every thread and after a fork.
        with closing(sqlite3.connect(self.path, timeout=self.timeout)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            with database:
                database.execute(TABLE)
                if len(database.execute("PRAGMA table_info(answers)").fetchall()) < 3:
                    database.execute(SINCE_1_1)
                yield database

    def _found(self, name: str) -> bytes | None:
        parameters = [name, self._oldest]
        try:  # as it is: to look whether the table is there costs more than to look
            with closing(sqlite3.connect(self.path, timeout=self.timeout)) as database:
                row = database.execute(FIND, parameters).fetchone()
        except sqlite3.OperationalError as error:
            if "no such" not in str(error):
                raise
            with self._open() as database:
                row = database.execute(FIND, parameters).fetchone()
        return row[0] if row else None

    @property
    def _oldest(self) -> float:
        return -1.0 if self.ttl is None else time.time() - self.ttl

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """The answer to this question, or None."""
        name = name_of(prompt, llm_string)
        text = self._found(name)
        return None if text is None else from_text(text, Seal(self.secret, name))

    def kept(self, prompt: str, llm_string: str) -> Kept | None:
        """The answer to this question, to be unpacked as it is read, or None."""
        name = name_of(prompt, llm_string)
        text = self._found(name)
        return None if text is None else unpack(lazily(text, Seal(self.secret, name)))

    def update(
        self, prompt: str, llm_string: str, return_val: Sequence[Generation]
    ) -> None:
        """Keep the answer to this question."""
        name = name_of(prompt, llm_string)
        answer = to_text(return_val, Seal(self.secret, name))
        with self._open() as database:
            database.execute(KEEP, [name, answer, time.time()])
            database.execute(BOUND, [self.max_answers])
            if self.ttl is not None:
                database.execute(EXPIRE, [self._oldest])

    def clear(self, **kwargs: Any) -> None:
        """Forget all answers."""
        with self._open() as database:
            database.execute("DELETE FROM answers")


def check_above_zero(name: str, value: float | None, what: str, better: str) -> None:
    """Raise a ValueError that names the next step if the setting is no such number."""
    if value is not None and not value > 0:
        raise ValueError(f"{name} is the {what}, got {value!r}: use {better}.")
