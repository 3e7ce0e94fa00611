"""What a stream said, as a list of passages: text, tool calls, tool results.

A transcript takes any item of any stream and says what changed, as small operations.
The notebook's page applies the same operations, so both always hold the same text.

    transcript.add(chunk)      # [("add", 0, "Hello")]
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from course_utils.text import is_restart, message_of, text_of

Kind = Literal["text", "tool_call", "tool_result"]
# ("open", kind, label) · ("add", passage number, text) · ("strike", passage number)
Change = tuple[Literal["open"], Kind, str] | tuple[Literal["add", "strike"], Any, Any]

NOT_FOR_READERS = ("human", "system")  # agents repeat the question in their stream


@dataclass(slots=True)
class Passage:
    """A run of text of one kind; `label` is the tool's name."""

    kind: Kind
    label: str = ""
    pieces: list[str] = field(default_factory=list)
    struck: bool = False

    @property
    def text(self) -> str:
        """The passage so far."""
        return "".join(self.pieces)


class Transcript:
    """All passages of one stream, in order.

    >>> transcript = Transcript()
    >>> transcript.add("Hel") + transcript.add("lo")
    [('open', 'text', ''), ('add', 0, 'Hel'), ('add', 0, 'lo')]
    >>> transcript.text
    'Hello'
    """

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self._calls: dict[tuple[Any, Any], int] = {}
        self._held = ""

    @property
    def text(self) -> str:
        """The text that counts: what was struck and what tools said is left out."""
        kept = [p for p in self.passages if p.kind == "text" and not p.struck]
        return "\n\n".join(p.text for p in kept)

    def add(self, message: Any) -> list[Change]:
        """Take one string or message; returns what changed."""
        message = message_of(message)
        if isinstance(message, str):
            return self._add_text(message)
        if getattr(message, "type", "") in NOT_FOR_READERS:
            return []
        if getattr(message, "type", "") == "tool":
            return self._open("tool_result", message.name or "tool", text_of(message))
        struck = self.strike() if is_restart(message) else []
        return struck + self._add_text(text_of(message)) + self._add_calls(message)

    def finish(self) -> list[Change]:
        """The stream is over: give out what was held back."""
        held, self._held = self._held, ""
        return self._write(well_formed(held))

    def strike(self) -> list[Change]:
        """Strike out the text being written: another answer replaces it."""
        number = len(self.passages) - 1
        if number < 0 or self.passages[number].kind != "text":
            return []
        self.passages[number].struck = True
        return [("strike", number, "")]

    def _add_text(self, text: str) -> list[Change]:
        text = self._held + text
        # Half of a surrogate pair is no character yet, and no JSON.
        cut = len(text) - 1 if "\ud800" <= text[-1:] <= "\udbff" else len(text)
        self._held = text[cut:]
        return self._write(well_formed(text[:cut]))

    def _write(self, text: str) -> list[Change]:
        if not text:
            return []
        last = self.passages[-1] if self.passages else None
        if last is None or last.kind != "text" or last.struck:
            return self._open("text", "", text)
        last.pieces.append(text)
        return [("add", len(self.passages) - 1, text)]

    def _add_calls(self, message: Any) -> list[Change]:
        changes: list[Change] = []
        for key, name, arguments in tool_calls(message):
            if name or key not in self._calls:
                self._calls[key] = len(self.passages)
                changes += self._open("tool_call", name or "tool", arguments)
            elif arguments:
                number = self._calls[key]
                self.passages[number].pieces.append(arguments)
                changes.append(("add", number, arguments))
        return changes

    def _open(self, kind: Kind, label: str, text: str) -> list[Change]:
        text = well_formed(text)
        self.passages.append(Passage(kind, well_formed(label), [text]))
        opened: list[Change] = [("open", kind, well_formed(label))]
        return [*opened, ("add", len(self.passages) - 1, text)] if text else opened


def tool_calls(message: Any) -> Iterator[tuple[tuple[Any, Any], str, str]]:
    """Each tool call or fragment of one: what it belongs to, its name, arguments."""
    run = getattr(message, "id", None)
    fragments = getattr(message, "tool_call_chunks", None)
    if fragments is not None:
        for part in fragments:
            key = (run, part.get("index"))
            yield key, part.get("name") or "", part.get("args") or ""
        return
    for call in getattr(message, "tool_calls", ()):
        arguments = json.dumps(call["args"], ensure_ascii=False)
        yield (run, call["id"]), call["name"], arguments


def well_formed(text: str) -> str:
    """The text with every lone surrogate replaced, so that it can be sent and saved.

    >>> well_formed("a" + chr(0xD83D) + chr(0xDE00)), well_formed(chr(0xD83D))
    ('a😀', '�')
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def messages_in(item: Any, seen: set[Any]) -> list[Any]:
    """The messages in one item of a stream: the item itself, or an agent's update.

    Agents stream plain chunks, `(chunk, metadata)`, `(mode, data)` or dictionaries of
    state; `seen` holds the ids of messages in states, which repeat what came before.
    """
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
        item = item[1]
    if not isinstance(item, dict):
        return [item]
    states = [item, *(part for part in item.values() if isinstance(part, dict))]
    found = [m for state in states for m in state.get("messages") or ()]
    fresh = [m for m in found if getattr(m, "id", None) not in seen]
    seen.update(m.id for m in fresh if getattr(m, "id", None))
    return fresh
