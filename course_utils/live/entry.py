"""One entry of a transcript: a stretch of text, a thought, a call, a line of progress.

Its text only grows, or is said anew.

    entry = Entry("text"); entry.grow("Hel"); entry.grow("lo")
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from course_utils.characters import Characters, well_formed

Kind = Literal[
    "text",
    "aside",  # said within a tool or by a sub-agent
    "thinking",
    "tool_call",
    "tool_result",
    "progress",  # a line that renews itself
    "state",  # what a node of a graph wrote
    "data",  # an object that fills up
    "question",  # to a person
]


@dataclass(slots=True)
class Entry:
    """One entry; `label` is the tool's name, or who speaks.

    Attributes:
        struck: Whether it was taken back: another answer replaces it.
        closed: Whether nothing more can come; what stands after it may be printed.
        began: When it began, in seconds; for thinking.
        seconds: How long it has taken; None where that says nothing.
    """

    kind: Kind
    label: str = ""
    pieces: list[str] = field(default_factory=list)
    struck: bool = False
    closed: bool = False
    began: float = 0.0
    seconds: float | None = None
    characters: Characters = field(default_factory=Characters)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)

    @property
    def timed_label(self) -> str:
        """The label with the time: `thinking 3 s`."""
        return (
            self.label if self.seconds is None else f"{self.label} {self.seconds:.0f} s"
        )

    def grow(self, text: str) -> str:
        """Add text; returns what is whole of it."""
        if text:
            self.closed = False
        return self._keep(self.characters.push(text))

    def close(self) -> str:
        """Nothing more comes; returns what was held back."""
        self.closed = True
        return self._keep(self.characters.rest())

    def _keep(self, text: str) -> str:
        if text:
            self.pieces.append(text)
        return text

    def set(self, text: str) -> None:
        """Say this instead; it stands for itself, and another may follow."""
        self.pieces = [well_formed(text)]
        self.closed = True


def grows(before: Any, after: Any) -> bool:
    """Whether an object is an earlier one that has filled up further.

    >>> grows({"city": "Ro"}, {"city": "Rome", "days": [1]})
    True
    >>> grows({"a": 1}, {"b": 1}), grows({"a": 1}, {"a": 2})
    (False, False)
    """
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and grows(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        pairs = zip(before, after, strict=False)
        return len(before) <= len(after) and all(grows(*pair) for pair in pairs)
    if isinstance(before, str) and isinstance(after, str):
        return after.startswith(before)
    if isinstance(before, bool) or before is None:
        return before in (None, after)
    return str(after).startswith(str(before))  # half a number is a number, too
