"""A cache in one file, for all processes of one machine.

SQLite comes with Python. In WAL mode many processes read while one writes.

    model = cached(ChatOpenAI(...), SQLiteStreamCache("answers.db"))
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from os import PathLike, fspath
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.outputs import Generation

from course_utils._cache_text import from_text, name_of, to_text

TABLE = "CREATE TABLE IF NOT EXISTS answers (name TEXT PRIMARY KEY, answer TEXT)"
KEEP = "INSERT OR REPLACE INTO answers VALUES (?, ?)"
FIND = "SELECT answer FROM answers WHERE name = ?"


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
        patience: Seconds to wait for another process that writes.

    Raises:
        ValueError: `path` names no file.
    """

    def __init__(self, path: str | PathLike[str], patience: float = 5.0) -> None:
        self.path = fspath(path)
        self.patience = patience
        if self.path in ("", ":memory:"):
            raise ValueError(
                f"SQLiteStreamCache keeps a file, got {self.path!r}: "
                'write SQLiteStreamCache("answers.db"), or use InMemoryCache().'
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection for each use: it then works in every thread and after a fork.
        with closing(sqlite3.connect(self.path, timeout=self.patience)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            with database:
                database.execute(TABLE)
                yield database

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """The answer to this question, or None."""
        with self._open() as database:
            row = database.execute(FIND, [name_of(prompt, llm_string)]).fetchone()
        return from_text(row[0]) if row else None

    def update(
        self, prompt: str, llm_string: str, return_val: Sequence[Generation]
    ) -> None:
        """Keep the answer to this question."""
        answer = to_text(return_val)
        with self._open() as database:
            database.execute(KEEP, [name_of(prompt, llm_string), answer])

    def clear(self, **kwargs: Any) -> None:
        """Forget all answers."""
        with self._open() as database:
            database.execute("DELETE FROM answers")
