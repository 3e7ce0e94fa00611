"""What to send to the page and when: all views together, at most ten messages a second.

Text is collected and sent as deltas, the first of a view at once. Sending the whole
text each time would grow with its square; a message per token is dropped by the
Jupyter server above 1,000 a second.

    outbox.put("view", lane=0, changes=transcript.add(chunk))
    outbox.wait()       # seconds until the next message is due
    outbox.take()       # {"view": {"number": 1, "lanes": {"0": {...}}}}
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from course_utils.live.transcript import Change

PER_SECOND = 10  # the page spreads the text of each over its own frames


class Outbox:
    """Collects changes of any number of views; one message carries them all.

    A message gives each view it speaks of the next number, so that the page notices
    a gap and asks for the whole. Not thread-safe: the caller holds a lock.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._next = 0.0
        self._waiting: dict[str, dict[str, dict[str, Any]]] = {}
        self._numbers: dict[str, int] = {}

    def put(
        self,
        view: str,
        lane: int,
        changes: Sequence[Change] = (),
        **facts: Any,
    ) -> bool:
        """Add changes of one lane of a view, and facts that replace older ones.

        Returns whether they are the first of this view.
        """
        is_first = view not in self._numbers
        if is_first:
            self._numbers[view] = 0
            self._next = 0.0  # the first text of a view is worth a message of its own
        lanes = self._waiting.setdefault(view, {})
        entry = lanes.setdefault(str(lane), {"changes": []})  # JSON has no other keys
        entry.update(facts)
        for change in changes:
            join_change(entry["changes"], change)
        return is_first

    def wait(self) -> float | None:
        """Seconds until the next message is due: 0 for now, None for no message."""
        if not self._waiting:
            return None
        return max(0.0, self._next - self._now())

    def take(self) -> dict[str, Any]:
        """The message with everything that waits."""
        waiting, self._waiting = self._waiting, {}
        self._next = self._now() + 1 / PER_SECOND
        return {view: self._numbered(view, lanes) for view, lanes in waiting.items()}

    def _numbered(self, view: str, lanes: dict[str, dict[str, Any]]) -> dict[str, Any]:
        self._numbers[view] += 1
        for entry in lanes.values():
            entry["changes"] = [_finished(change) for change in entry["changes"]]
        return {"number": self._numbers[view], "lanes": lanes}

    def number(self, view: str) -> int:
        """How many messages have spoken of this view."""
        return self._numbers.get(view, 0)

    def waits(self, view: str) -> bool:
        """Whether something of this view has not been taken."""
        return view in self._waiting

    def forget(self, view: str) -> None:
        """The view is over."""
        self._numbers.pop(view, None)
        self._waiting.pop(view, None)


def join_change(changes: list[Any], change: Change) -> None:
    """Append a change; text for the same passage joins the change before it.

    What says a passage or a label anew stands for what it said before.

    >>> changes = []
    >>> join_change(changes, ("add", 0, "Hel"))
    >>> join_change(changes, ("add", 0, "lo"))
    >>> changes
    [['add', 0, ['Hel', 'lo']]]
    """
    what, where, text = change
    last: Any = changes[-1] if changes else ("", None, "")
    again = last[0] == what and last[1] == where
    if what == "add":
        if again:
            last[2].append(text)
        else:
            changes.append(["add", where, [text]])
    elif again and what in ("set", "label"):
        changes[-1] = change
    else:
        changes.append(change)


def _finished(change: Any) -> Any:
    return ["add", change[1], "".join(change[2])] if change[0] == "add" else change
