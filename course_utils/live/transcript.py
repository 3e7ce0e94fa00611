"""What a stream said, as entries: texts, thoughts, tool calls, results, questions.

A transcript takes the passages of any stream and says what changed, as small
operations. The page applies the same operations, so both always hold the same text.

    transcript.add(Passage("text", "Hi"))    # [("open", "text", ""), ("add", 0, "Hi")]
"""

import json
from collections.abc import Callable, Hashable
from typing import Any, Literal

from langchain_core.runnables.utils import AddableDict

from course_utils.characters import well_formed
from course_utils.live.entry import Entry, Kind, grows
from course_utils.passages import Passage
from course_utils.serving.public_json import NOTHING, public_json

# ("open", kind, label) · ("add" or "set", entry's number, text) · ("label", number,
# label) · ("strike", number, "")
Op = Literal["open", "add", "set", "label", "strike"]
Change = tuple[Op, Any, str]


class Transcript:
    """All entries of one stream, in order; `now` gives seconds, to time a thought.

    >>> transcript = Transcript()
    >>> transcript.add(Passage("text", "Hel")) + transcript.add(Passage("text", "lo"))
    [('open', 'text', ''), ('add', 0, 'Hel'), ('add', 0, 'lo')]
    >>> transcript.text
    'Hello'
    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self.entries: list[Entry] = []
        self._now = now
        self._open: dict[Hashable, int] = {}  # where a message, a call, a line goes on
        self._of: dict[int, str] = {}  # the message an entry belongs to
        self._speakers: list[str] = []
        self._saying: tuple[str, str, int] | None = None  # who says the last text
        self._objects: dict[int, Any] = {}

    @property
    def text(self) -> str:
        """The answer: without what was taken back, thought, or said on the side."""
        texts: dict[str, str] = {}
        for number, message in self._of.items():
            entry = self.entries[number]
            if entry.kind == "text" and not entry.struck:
                key = message or f"entry {number}"
                texts[key] = texts.get(key, "") + entry.text
        return "\n\n".join(texts.values())

    def add(self, passage: Passage) -> list[Change]:
        """Take one passage; returns what changed."""
        write = getattr(self, f"_{passage.kind}", None)
        changes: list[Change] = write(passage) if write else []
        return changes

    def finish(self) -> list[Change]:
        """The stream is over: give out what was held back."""
        numbers = range(len(self.entries))
        return [change for number in numbers for change in self._close(number)]

    # One method for each kind of passage.

    def _text(self, passage: Passage) -> list[Change]:
        if not passage.text:
            return []
        if passage.aside:
            return self._say("aside", passage.source, passage)
        last = len(self.entries) - 1
        saying = (passage.message, passage.source, last)
        if saying == self._saying and not self.entries[last].struck:
            return self._grow(last, passage.text)  # the short way of most tokens
        changes = self._listen(passage.source)
        label = passage.source if len(self._speakers) > 1 else ""
        changes += self._say("text", label, passage)
        self._saying = (passage.message, passage.source, self._open[place(passage)])
        return changes

    def _reasoning(self, passage: Passage) -> list[Change]:
        if not passage.text:
            return []
        changes = self._say("thinking", labelled("thinking", passage), passage)
        return changes + self._time(self._open[place(passage)])

    def _tool_call(self, passage: Passage) -> list[Change]:
        key = ("call", passage.call)
        label = labelled(passage.name or "tool", passage)
        label += " (cannot be run)" if passage.invalid else ""
        changes: list[Change] = []
        if key not in self._open:
            changes = self._begin("tool_call", label, passage)
            self._open[key] = len(self.entries) - 1
        elif passage.name or passage.invalid:
            changes = self._relabel(self._open[key], label)
        return changes + self._grow(self._open[key], self._arguments(passage))

    def _arguments(self, passage: Passage) -> str:
        if not passage.whole:
            return passage.text
        if self.entries[self._open["call", passage.call]].text:
            return ""  # its fragments have said all
        return passage.text or as_json(passage.value)

    def _tool_result(self, passage: Passage) -> list[Change]:
        changes = self._close(self._open.get(("call", passage.call)))
        key = ("result", passage.call)
        if key not in self._open or passage.whole:
            label = labelled(passage.name or "tool", passage)
            changes += self._start("tool_result", label)
            self._open[key] = len(self.entries) - 1
        changes += self._grow(self._open[key], passage.text)
        return changes + (self._close(self._open[key]) if passage.whole else [])

    def _progress(self, passage: Passage) -> list[Change]:
        key = ("progress", passage.source, passage.call, passage.name)
        said = passage.text or as_json(passage.value)
        return self._renew("progress", passage.name, key, said)

    def _state(self, passage: Passage) -> list[Change]:
        value = public_json(passage.value, state=True)
        if value is NOTHING or not value:
            return []
        label = passage.source or passage.name
        return self._renew("state", label, ("state", label), as_json(value))

    def _data(self, passage: Passage) -> list[Change]:
        """An object that fills up is one entry; another object is another."""
        if passage.name == "refusal":
            return self._say("aside", "refusal", passage)
        key, value = ("data", passage.source, passage.name), passage.value
        before = self._objects.get(self._open.get(key, -1))
        if isinstance(before, AddableDict) and isinstance(value, AddableDict):
            value = before + value  # the parts of a chain come in pieces
        elif key in self._open and not same_object(before, value):
            del self._open[key]
        changes = self._renew("data", passage.name, key, as_json(value, indent=2))
        self._objects[self._open[key]] = value
        return changes

    def _interrupt(self, passage: Passage) -> list[Change]:
        changes = self._start("question", labelled("a person is asked", passage))
        return changes + self._set(len(self.entries) - 1, question(passage.value))

    def _restart(self, passage: Passage) -> list[Change]:
        """What this message has said is taken back: another answer replaces it."""
        changes: list[Change] = []
        for number, message in self._of.items():
            if message == passage.message and not self.entries[number].struck:
                self.entries[number].struck = True
                changes += [*self._close(number), ("strike", number, "")]
        return changes

    def _finish(self, passage: Passage) -> list[Change]:
        return self._close(self._open.get(place(passage)))

    # What they are made of.

    def _say(self, kind: Kind, label: str, passage: Passage) -> list[Change]:
        """Go on where this message stands, or begin an entry."""
        number = self._open.get(place(passage), -1)
        changes: list[Change] = []
        if not self._goes_on(number, kind, passage):
            changes = self._begin(kind, label, passage)
        return changes + self._grow(self._open[place(passage)], passage.text)

    def _goes_on(self, number: int, kind: Kind, passage: Passage) -> bool:
        if number < 0 or self.entries[number].kind != kind:
            return False
        entry, last = self.entries[number], number == len(self.entries) - 1
        # Text without a message is held together by nothing but that it is the last.
        return not entry.struck and (
            last or (bool(passage.message) and not entry.closed)
        )

    def _begin(self, kind: Kind, label: str, passage: Passage) -> list[Change]:
        """A new entry of this message, which has left the one before."""
        changes = self._close(self._open.get(place(passage)))
        changes += self._start(kind, label)
        number = self._open[place(passage)] = len(self.entries) - 1
        self._of[number] = passage.message
        return changes

    def _start(self, kind: Kind, label: str) -> list[Change]:
        last = len(self.entries) - 1
        changes = [] if self._of.get(last, "message") else self._close(last)
        label = well_formed(label)
        self.entries.append(Entry(kind, label, began=self._now()))
        return [*changes, ("open", kind, label)]

    def _grow(self, number: int, text: str) -> list[Change]:
        new = self.entries[number].grow(text)
        return [("add", number, new)] if new else []

    def _close(self, number: int | None) -> list[Change]:
        if number is None or self.entries[number].closed:
            return []
        half = self.entries[number].close()
        changes: list[Change] = [("add", number, half)] if half else []
        return changes + self._time(number)

    def _renew(self, kind: Kind, label: str, key: Hashable, text: str) -> list[Change]:
        changes: list[Change] = []
        if key not in self._open:
            changes = self._start(kind, label)
            self._open[key] = len(self.entries) - 1
        return changes + self._set(self._open[key], text)

    def _set(self, number: int, text: str) -> list[Change]:
        self.entries[number].set(text)
        return [("set", number, self.entries[number].text)]

    def _relabel(self, number: int, label: str) -> list[Change]:
        self.entries[number].label = well_formed(label)
        return [("label", number, self.entries[number].timed_label)]

    def _time(self, number: int) -> list[Change]:
        """Tell the whole seconds of a thought, as they pass."""
        entry = self.entries[number]
        if entry.kind != "thinking":
            return []
        before, seconds = entry.timed_label, self._now() - entry.began
        entry.seconds = seconds if seconds >= 1 else None
        label = entry.timed_label
        return [("label", number, label)] if label != before else []

    def _listen(self, speaker: str) -> list[Change]:
        """Once a second voice speaks, the first is named as well."""
        if speaker in self._speakers:
            return []
        self._speakers.append(speaker)
        if len(self._speakers) != 2:
            return []
        texts = [n for n, entry in enumerate(self.entries) if entry.kind == "text"]
        named = [self._relabel(number, self._speakers[0]) for number in texts]
        return [change for changes in named for change in changes]


def same_object(before: Any, after: Any) -> bool:
    """Whether this is the object of before, filled up further; a bare value is none."""
    earlier, later = public_json(before), public_json(after)
    return isinstance(earlier, dict | list) and grows(earlier, later)


def place(passage: Passage) -> Hashable:
    """Where a passage goes on: two messages never share a place, nor two voices."""
    return ("message", passage.message, passage.source if not passage.message else "")


def labelled(name: str, passage: Passage) -> str:
    """The name, and before it who it belongs to if that is not the answer itself."""
    return f"{passage.source}: {name}" if passage.aside and passage.source else name


def as_json(value: Any, indent: int | None = None) -> str:
    """A value as a reader sees it: text as it is, else JSON."""
    value = public_json(value)
    if isinstance(value, str):
        return value
    return (
        "" if value is NOTHING else json.dumps(value, ensure_ascii=False, indent=indent)
    )


def question(value: Any) -> str:
    """What a person is asked, a line for each action, with the answers allowed.

    >>> question({"action_requests": [{"name": "pay", "args": {"amount": 5}}]})
    'pay {"amount": 5}'
    """
    if not isinstance(value, dict):
        return as_json(value) if value is not None else "Shall it go on?"
    actions = value.get("action_requests") or ([value] if "args" in value else [])
    reviews = {r["action_name"]: r for r in value.get("review_configs") or ()}
    if not actions:
        return as_json(value)
    return "\n".join(_action(action, reviews) for action in actions)


def _action(action: dict[str, Any], reviews: dict[str, Any]) -> str:
    name = action.get("name", "")
    allowed = ", ".join(reviews.get(name, {}).get("allowed_decisions", ()))
    call = f"{name} {as_json(action.get('args'))}"
    return f"{call} ({allowed})" if allowed else call
