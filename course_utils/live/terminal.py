"""An answer in a terminal, which can only add: one entry after the other, as they come.

Two messages at a time are told one after the other, so that their letters never mix.
What a model writes cannot command the terminal: control characters are shown.

    terminal = Terminal(sys.stdout); terminal.update(transcript.entries, changes)
"""

import re
from collections.abc import Sequence
from typing import TextIO

from course_utils.live.answer import entry_head, entry_text
from course_utils.live.entry import Entry
from course_utils.live.markdown import visible
from course_utils.live.transcript import Change
from course_utils.style import wrapped

STREAMED = ("text", "aside", "tool_call")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Terminal:
    """Writes entries to a terminal or a file."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._at = -1  # the entry that is being written
        self._said = ""  # what is written of it, where that is short

    def begin(self, title: str) -> None:
        """Write the title, if there is one."""
        if title:
            self._say(f"{wrapped(title)}\n\n")

    def update(self, entries: Sequence[Entry], changes: Sequence[Change]) -> None:
        """Write what is new, as far as it is its turn."""
        for op, where, text in changes:
            if op == "add" and where == self._at and self._streams(entries):
                self._say(text)
            elif op == "strike" and where <= self._at:
                self._write("\n[replaced]")
            elif op == "set" and where < self._at and entries[where].kind == "progress":
                self._say(f"\n{entry_text(entries[where])}")
        if entries:
            self._go_on(entries)

    def end(self, state: str, entries: Sequence[Entry]) -> None:
        """Write how it ended."""
        if entries:
            self._renew(entries[-1], final=True)
        self._write(wrapped(f"\n[{state}]\n"))

    def _streams(self, entries: Sequence[Entry]) -> bool:
        return entries[self._at].kind in STREAMED

    def _go_on(self, entries: Sequence[Entry]) -> None:
        """Leave an entry once it is closed and another waits."""
        while True:
            last = self._at == len(entries) - 1
            if self._at >= 0:
                self._renew(entries[self._at], final=not last)
                if last or not entries[self._at].closed:
                    return
                self._write("\n\n")
            self._at, self._said = self._at + 1, ""
            if self._streams(entries):
                entry = entries[self._at]
                self._say(entry_head(entry) + entry.text)

    def _renew(self, entry: Entry, final: bool) -> None:
        """Write an entry that is no stream: once it is whole, or anew."""
        wanted = _line(entry, final)
        if wanted == self._said or not wanted:
            return
        if wanted.startswith(self._said):
            self._write(wanted[len(self._said) :])
        else:
            self._write(("\r\x1b[2K" if self._out.isatty() else "\n") + wanted)
        self._said = wanted

    def _say(self, text: str) -> None:
        self._write(harmless(text))

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _line(entry: Entry, final: bool) -> str:
    if entry.kind in STREAMED:
        return ""
    if entry.kind == "thinking":
        return f"○ {entry.timed_label if entry.closed else entry.label}"
    whole = final if entry.kind == "data" else entry.closed
    return harmless(entry_text(entry)) if whole else ""


def harmless(text: str) -> str:
    r"""The text with control characters as signs that do nothing.

    >>> harmless("red \x1b[31m text")
    'red ␛[31m text'
    """
    return CONTROL.sub(_sign, visible(text.replace("\r\n", "\n")))


def _sign(found: re.Match[str]) -> str:
    number = ord(found.group())
    return chr(0x2400 + number) if number < 0x20 else f"⟨U+{number:X}⟩"
