"""The look that widgets, pictures and texts share: four colours, one ink, one width.

Each colour passes 3:1 on JupyterLab's white and on its near-black page. Colour only
marks: a sign and a word always stand with it. Sizes come from JupyterLab's own theme.

    callout("✓", "Correct.", "Well done.", GREEN)
"""

import re
import unicodedata
from collections.abc import Iterator

BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
COLOURS = (BLUE, ORANGE, GREEN, PINK)

TEXT = (
    "max-width: 42em; color: var(--jp-content-font-color1, inherit); "
    "font-family: var(--jp-content-font-family, sans-serif); "
    "font-size: var(--jp-content-font-size1, 14px); line-height: 1.6"
)
# Without it Lab would typeset "$5 to $10" as a formula.
DIV = 'div class="mathjax_ignore"'
QUIET = "color: var(--jp-content-font-color2, inherit)"


def bar(colour: str) -> str:
    """The style of a block with a coloured bar at its left."""
    return f"border-left: 3px solid {colour}; padding: 0.1em 0.75em; {TEXT}"


def callout(sign: str, word: str, html: str, colour: str) -> str:
    """A message with a bar, a sign and a word: what a learner is told, as HTML.

    `html` goes in as it is: escape text before. Screen readers announce it.

    >>> "<b>✓ Correct.</b> Well done." in callout("✓", "Correct.", "Well done.", GREEN)
    True
    """
    head = f"<b>{sign} {word}</b>"
    return f'<{DIV} role="status" style="{bar(colour)}">{head} {html}</div>'


# ------------------------------------------------------------------ texts

WIDTH = 80  # columns: a terminal's, and what a narrow page shows without a bar


def width_of(text: str) -> int:
    """How many columns a text takes: a Chinese, Japanese or Korean sign takes two.

    >>> width_of("abc"), width_of("中文"), width_of("e" + chr(0x301))
    (3, 4, 1)
    """
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrapped(text: str, indent: str = "  ") -> str:
    """The text with no line wider than 80 columns; what goes on is indented.

    Lines end between the parts of a row, `a · b`, else between words. Only a word that
    is wider than a line is broken, and an address never: it would be none any more.

    >>> print(wrapped("one " * 21 + "end"))
    one one one one one one one one one one one one one one one one one one one one
      one end
    """
    return "\n".join(_wrap(line, indent) for line in text.split("\n"))


def _wrap(line: str, indent: str) -> str:
    if width_of(line) <= WIDTH:
        return line
    start = line[: len(line) - len(line.lstrip())]
    lines, after = [start], (start + indent)[: WIDTH // 2]
    for piece in _pieces(line.lstrip(), WIDTH - len(after)):
        if width_of(lines[-1] + piece.rstrip()) > WIDTH:
            lines.append(after)
        lines[-1] += piece
    return "\n".join(one.rstrip() for one in lines if one.strip())


def _pieces(text: str, room: int) -> Iterator[str]:
    """What stays together: the parts of a row, else words, else what fits a line."""
    for part in re.split(r"(?<= · )", text):
        if width_of(part.rstrip()) <= room:
            yield part
            continue
        for word in re.findall(r"\S+\s*", part):
            yield from [word] if "://" in word else _broken(word, room)


def _broken(word: str, room: int) -> list[str]:
    pieces = [""]
    for char in word:
        if width_of(pieces[-1] + char.rstrip()) > room:
            pieces.append("")
        pieces[-1] += char
    return pieces
