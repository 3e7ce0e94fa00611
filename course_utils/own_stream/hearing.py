"""What the models under a stream have told of their ends, each call for itself.

A chain's text says no finish reason, and a model whose answer goes to another model
says nothing to its reader. The gate that both pass hears them.

    hearing.chunk(run_id, chunk); hearing.ends.whole
"""

from collections.abc import Mapping
from typing import Any

from course_utils.chunks import is_restart, message_of, only_text, text_of
from course_utils.finish import Endings, Finish, finish_of
from course_utils.passages import Reader
from course_utils.passages.content.usage import newest, total
from course_utils.passages.content.voices import is_aside


class Hearing:
    """Hears the calls of models under one stream, and under those that it reads.

    Attributes:
        ends: How each call ended, but for those that a tool or a middleware asked.
        ids: The messages of each call, as their readers know them.
    """

    def __init__(self, outer: "Hearing | None") -> None:
        self.ends = Endings()
        self.ids: dict[Any, set[str]] = {}
        self._outer = outer
        self._usage: dict[Any, dict[str, Any]] = {}
        self._asides: set[Any] = set()
        self._chunked: set[Any] = set()  # the calls that came in chunks
        self._evented: set[Any] = set()  # ... or in events, whose sum tells their end
        self._said: set[Any] = set()  # those that have said a text
        self._open: set[Any] = set()  # ... and no finish reason
        self._after: dict[Any, Reader] = {}  # what came since a finish reason

    @property
    def usage(self) -> dict[str, int] | None:
        """The tokens of all of them; None if none told any."""
        return total(self._usage.values())

    def begins(self, run: Any, metadata: Mapping[str, Any] | None) -> None:
        """A model is called, by whom LangGraph says."""
        if is_aside(metadata or {}):
            self._asides.add(run)
        self.ids[run] = set()
        self._hear(run)
        if self._outer is not None:
            self._outer.begins(run, metadata)

    def chunk(self, run: Any, item: Any) -> None:
        """One chunk of a call has come."""
        if run in self._open and self._outer is None and only_text(item):
            return  # nearly every chunk: nothing changes
        self._chunked.add(run)
        self._take(run, item)
        if self._outer is not None:
            self._outer.chunk(run, item)

    def event(self, run: Any, event: Any) -> None:
        """One event of a call has come."""
        self._evented.add(run)
        self._name(run, event.get("id") if isinstance(event, Mapping) else None)
        if self._outer is not None:
            self._outer.event(run, event)

    def answers(self, run: Any, response: Any) -> None:
        """A call has returned, with the sum of its chunks or with a full response."""
        # That sum no longer tells what came after a finish reason.
        if run not in self._chunked:
            for answer in (answer for row in response.generations for answer in row):
                self._take(run, answer)
                if run not in self._evented and finish_of(answer) is None:
                    self.ends.forget(run)  # a full response is whole without a word
        if self._outer is not None:
            self._outer.answers(run, response)

    def fails(self, run: Any) -> None:
        """A call raised: its reader gets that, or the answer of a model instead."""
        self.ends.forget(run)
        self._open.discard(run)
        if self._outer is not None:
            self._outer.fails(run)

    def _take(self, run: Any, item: Any) -> None:
        message = message_of(item)
        self._name(run, getattr(message, "id", None))
        says = bool(text_of(message))
        if is_restart(message) and run in self._said and run not in self._asides:
            self.ends.replace(run)  # a chain of text passes on no such word
        ended = self._ended(run, item)
        if says:
            self._said.add(run)
        if run in self._after:
            self._open.discard(run)
        elif says:
            self._open.add(run)
        self._hear(run, says=says, ended=ended)
        if usage := getattr(message, "usage_metadata", None):
            self._usage[run] = newest(self._usage.get(run), usage)

    def _ended(self, run: Any, item: Any) -> Finish | None:
        """The end that this item tells, or leaves as it is."""
        reader = self._after.get(run)
        if reader is None:
            if finish_of(item) is None:
                return None  # nearly every chunk
            reader = self._after[run] = Reader()
        reader.read(item)
        return None if reader.endings.unended else reader.endings.decisive

    def _hear(self, run: Any, says: bool = False, ended: Finish | None = None) -> None:
        if run not in self._asides:
            opened = says or (run in self._after and ended is None)
            self.ends.hear(run, says=opened, ended=ended)

    def _name(self, run: Any, message_id: str | None) -> None:
        if message_id is not None:
            self.ids.setdefault(run, set()).add(message_id)
