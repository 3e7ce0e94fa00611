"""A stream in a terminal: plain text as it comes, each passage on lines of its own.

What a model wrote cannot steer the terminal: its control characters are written out.

    terminal = Terminal("title"); sys.stdout.write(terminal.text(changes))
"""

import re
from collections.abc import Sequence

from course_utils.live_html import SIGNS
from course_utils.live_markdown import visible
from course_utils.live_transcript import Change

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    r"""A text without anything that a terminal would obey; tabs and line ends stay.

    >>> printable("\x1b[31mred\x1b[0m")
    '␛[31mred␛[0m'
    """
    return CONTROL.sub(_picture, visible(text.replace("\r\n", "\n")))


def _picture(found: re.Match[str]) -> str:
    """The character that Unicode has to show a control character."""
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "␡"


class Terminal:
    """Turns the changes of one lane into what is written next.

    >>> Terminal("t").text([("open", "text", ""), ("add", 0, "Hello")])
    't\\nHello'
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._passages = 0
        self._last = 0  # the passage that was written to last

    def text(self, changes: Sequence[Change]) -> str:
        """What these changes add."""
        return "".join(self._change(*change) for change in changes)

    def _change(self, what: str, where: object, text: object) -> str:
        if what == "open":
            return self._open(str(where), str(text))
        if what == "strike":
            return "\n[replaced: the text above]"
        back = "" if where == self._last else "\n… "
        self._last = int(str(where))
        return back + printable(str(text))

    def _open(self, kind: str, label: str) -> str:
        first = self._passages == 0
        self._last = self._passages
        self._passages += 1
        start = f"{printable(self._title)}\n" if first and self._title else ""
        start += "" if first else "\n"
        sign = SIGNS.get(kind, "")
        return f"{start}{sign} {printable(label)} " if sign else start
