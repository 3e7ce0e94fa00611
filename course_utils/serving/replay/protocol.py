"""What keeps answers for readers who come back: one protocol, in memory or elsewhere.

An answer has a name, and its events have the numbers 1, 2, 3 ... The id of an event,
which a browser sends as `Last-Event-ID`, is the two with a dot between.

    name = await replay.start(sse_events(chain.astream(question)))
    events = await replay.follow(name, after=7)
"""

import secrets
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from course_utils.serving.answer_events import error_event, event
from course_utils.serving.sse import Event

LAST = frozenset({"done", "stopped", "paused", "cut", "error"})  # one ends an answer

STOPPED = event("stopped", {"finish_reason": None, "usage": None})
LEFT = event(
    "stopped", {"finish_reason": None, "usage": None, "note": "nobody was reading"}
)
CUT = event(
    "cut",
    {
        "finish_reason": None,
        "usage": None,
        "note": "The answer ended without a last event.",
    },
)
LOST = error_event("StreamLost", "The server that made this answer is gone. Ask again.")


class ReplayAway(Exception):
    """Where answers are kept cannot be reached now: try again soon."""


class Replay(Protocol):
    """Keeps answers while they are made and for a while after, for any reader."""

    async def start(
        self,
        events: AsyncGenerator[Event, None],
        *,
        name: str = "",
        ended: Callable[[Event], None] | None = None,
    ) -> str:
        """Begin an answer, which goes on without its readers; its name.

        Args:
            events: What it says; its last event says how it ended.
            name: What it shall be called. Who knows it can read along, so by default
                it is one that nobody guesses.
            ended: Told the last event, once, whichever way the answer ended.
        """
        ...

    async def follow(
        self, name: str, after: int = 0
    ) -> AsyncGenerator[Event, None] | None:
        """The events after this number, then as they come; None: no such answer.

        Raises:
            ReplayAway: It may be kept where nobody can look now.
        """
        ...

    async def body(
        self, name: str, after: int = 0, heartbeat: float = 15.0
    ) -> AsyncGenerator[str, None] | None:
        """The same as the text of a response, with a comment in each silence.

        It costs less than `sse_body` of what `follow` gives: no task stands between.

        Args:
            name: What the answer is called.
            after: The number of the last event that its reader has.
            heartbeat: Real seconds of silence.

        Raises:
            ReplayAway: As `follow` does.
        """
        ...

    async def stop(self, name: str) -> bool:
        """Stop an answer, whose last event is then `stopped`; False: no such answer.

        Raises:
            ReplayAway: It may be made where nobody can be told now.
        """
        ...

    async def end_all(self, why: Event) -> None:
        """End all answers that are not whole with this event; wait for their models."""
        ...

    async def aclose(self) -> None:
        """Let go of all that is open: the last call."""
        ...


def new_name() -> str:
    """A name of 128 random bits: nobody guesses it and reads along."""
    return secrets.token_urlsafe(16)


def position_of(event_id: str) -> tuple[str, int]:
    """The answer and the number in the id of an event; number -1 if it is none.

    >>> position_of("abc.7"), position_of("abc.x"), position_of("")
    (('abc', 7), ('abc', -1), ('', -1))
    """
    name, _, number = event_id.rpartition(".")
    plain = number.isascii() and number.isdigit() and len(number) < 10
    return name, int(number) if plain else -1
