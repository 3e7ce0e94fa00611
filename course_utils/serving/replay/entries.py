"""How an answer lies in Redis: a stream of entries, each some events in one string.

An entry's id is its *edition* and the number of its last event. Redis takes only ids
that grow, so nothing is kept twice; and an answer that was declared lost has the
highest id there is, so nothing can be added to it. When it is unsure what Redis still
has, its owner writes a new edition, from the first event on: a reader passes over what
it knows.

    copy = Copy(record); id, fields = copy.next("worker 1", loop.time())
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

from course_utils.serving.replay.record import Record
from course_utils.serving.sse import Event

LOST_ID = "9999999999-0"
UNREAD = 1.0  # real seconds between two entries while nobody reads elsewhere
FOLLOWED = 2.0  # real seconds that a reader elsewhere counts as there


class Keys:
    """The names of the keys; no name of an answer can be that of another key."""

    def __init__(self, prefix: str) -> None:
        self.stops = f"{prefix}stops"  # a channel: answers that shall be stopped
        self.reads = f"{prefix}reads"  # a channel: answers that are read elsewhere
        self._prefix = prefix

    def answer(self, name: str) -> str:
        """A stream: the events of an answer."""
        return f"{self._prefix}answer:{name}"

    def stop(self, name: str) -> str:
        """There while the answer shall be stopped."""
        return f"{self._prefix}stop:{name}"

    def read(self, name: str) -> str:
        """There while somebody follows the answer elsewhere."""
        return f"{self._prefix}read:{name}"

    def worker(self, worker: str) -> str:
        """There while the worker lives."""
        return f"{self._prefix}worker:{worker}"


def trouble() -> tuple[type[Exception], ...]:
    """The errors of a Redis that is away, or of the way there."""
    from redis.exceptions import RedisError  # only who uses it pays for it

    return (RedisError, OSError)


class Entry(NamedTuple):
    """Some events of an answer, which follow one another."""

    id: str
    worker: str  # who makes the answer
    first: int  # the number of its first event
    events: list[Event]


def fields_of(worker: str, first: int, events: Iterable[Event]) -> dict[str, str]:
    """What an entry says."""
    data = json.dumps([[event.event, event.data] for event in events])
    return {"worker": worker, "first": str(first), "events": data}


def entry_of(name: str, found: tuple[str, dict[str, str]]) -> Entry:
    """The entry that Redis gave.

    >>> entry_of("a", ("1-7", fields_of("w", 7, [Event("text", "{}")])))
    Entry(id='1-7', worker='w', first=7, events=[Event(event='text', data='{}')])
    """
    number, fields = found
    first = int(fields["first"])
    numbered = enumerate(json.loads(fields["events"]), first)
    events = [Event(kind, data, f"{name}.{at}") for at, (kind, data) in numbered]
    return Entry(number, fields["worker"], first, events)


class Copy:
    """What Redis has of an answer, as far as its owner knows."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.unsure = True  # whether Redis has what was sent
        self.closed = False  # Redis knows that nothing more comes
        self.fenced = False  # somebody has declared the answer lost
        self._edition = 0
        self._sent = 0
        self._written = self._followed = float("-inf")  # moments of the event loop

    def read_elsewhere(self, now: float) -> None:
        """A reader in another process has said that it is there."""
        self._followed = now

    def is_due(self, now: float) -> bool:
        """Whether it is time to write: at once if somebody waits for it, else seldom.

        What is written seldom is cheap: an entry costs as much as several tokens.
        """
        if not self.behind:
            return self.closing
        waits = self.unsure or self.record.ended or now < self._followed + FOLLOWED
        return waits or now >= self._written + UNREAD

    @property
    def behind(self) -> bool:
        """Whether there is something to write."""
        new = self._sent < len(self.record.events)
        return not self.fenced and (self.unsure or new)

    @property
    def closing(self) -> bool:
        """Whether it has ended and will soon be forgotten."""
        return self.record.ended and not self.closed and not self.fenced

    def next(self, worker: str, now: float) -> tuple[str, dict[str, str]]:
        """The id and the fields of the entry to write now."""
        self._written = now
        if self.unsure:
            self._edition, self._sent = self._edition + 1, 0
            self.unsure = self.closed = False
        events, first = self.record.events[self._sent :], self._sent + 1
        self._sent = len(self.record.events)
        return f"{self._edition}-{self._sent}", fields_of(worker, first, events)
