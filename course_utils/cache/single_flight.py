"""One call for all who ask the same at the same time: among threads, or in one loop.

The call belongs to a worker of its own; readers follow its record. The worker takes a
step when a reader needs it, and stops when the last reader has left. Readers share no
lock, so that nobody's leaving, however it comes about, can hold up another.

    seat = calls.join(key, begin)       # then read(seat), or aread(seat)
"""

from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar
from weakref import ref

from course_utils.cache.kept import Kept
from course_utils.cache.record import Arrival

Key = tuple[str, str]


class CallLost(Exception):  # not an error: somebody else may ask again
    """The worker was interrupted, or its event loop has ended."""


class SharedCall:
    """An answer on its way, and what its readers need to know of it.

    Attributes:
        record: What has come, in order.
        kept: The answer from the store instead, if there is one.
        ended: Whether there is nothing more to come.
        finished: Whether a finish reason has come, so that the rest comes for nothing.
    """

    def __init__(self) -> None:
        self.record: list[Arrival] = []
        self.answer: Kept | None = None
        self.ended = False
        self.finished = False
        self.seats: dict[int, object] = {}
        self._error: BaseException | None = None
        self._traceback: TracebackType | None = None
        self.on_end: Callable[[], None] = lambda: None

    def _come(self, arrival: Arrival) -> None:
        self.record.append(arrival)
        self.finished = self.finished or arrival.shape.finish is not None

    def _end(self, error: BaseException | None) -> None:
        if not self.ended:
            self._traceback = error.__traceback__ if error else None
            self._error, self.ended = error, True
        self.on_end()

    def ending(self, first: bool) -> None:
        """Raise what ended the call; an interruption is its first reader's alone."""
        if self._error is None:
            return
        if first or isinstance(self._error, Exception):
            # Each reader gets the model's traceback, and not the other readers'.
            raise self._error.with_traceback(self._traceback)
        raise CallLost("the call was interrupted")

    def left(self) -> None:
        """A reader has left, maybe the last: called from anywhere, at any moment."""

    def goodbye(self) -> None:
        """The same, from a reader in a thread, who may wait a moment."""


C = TypeVar("C", bound=SharedCall)


class Seat(Generic[C]):
    """A reader's place at a call. To leave it is to let go of it, in whatever way."""

    def __init__(self, call: C, first: bool) -> None:
        self.call = call
        self.first = first
        number = id(self)

        def let_go(_: object) -> None:
            call.seats.pop(number, None)
            call.left()

        call.seats[number] = ref(self, let_go)

    def leave(self) -> None:
        """Be a reader no longer."""
        if self.call.seats.pop(id(self), None) is not None:
            self.call.left()


class Calls(Generic[C]):
    """The calls of one store that are under way, by what was asked."""

    def __init__(self) -> None:
        self._calls: dict[Key, C] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def join(self, key: Key, begin: Callable[[], C]) -> Seat[C]:
        """A place at the call for this question; the first reader begins it."""
        call = self._calls.get(key)
        if call is not None and not call.ended:
            return Seat(call, first=False)
        if call is not None:
            self._drop(key, call)
        new = begin()
        new.on_end = lambda: self._drop(key, new)
        call = self._calls.setdefault(key, new)  # one step: two may begin at once
        return Seat(call, first=call is new)

    def _drop(self, key: Key, call: C) -> None:
        if self._calls.get(key) is call:
            self._calls.pop(key, None)
