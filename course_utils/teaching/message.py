"""What a learner is told: a sign, a word and a sentence, as text and as HTML.

Messages are fixed strings, so that a saved notebook stays the same. Backticks mark
code in both forms. This is the door where a message changes its language.

    Message("✓", "Correct.", "`collect` returns text.", GREEN)
"""

import re
from dataclasses import dataclass
from html import escape

from course_utils.language import translated
from course_utils.style import callout, wrapped


@dataclass(frozen=True)
class Message:
    """One thing to tell the learner.

    >>> Message("?", "Hint 1 of 2.", "A word ends with a space.", "#0072B2")
    ? Hint 1 of 2. A word ends with a space.
    """

    sign: str
    word: str
    text: str
    colour: str

    def __repr__(self) -> str:
        word, text = translated(self.word), translated(self.text)
        return wrapped(f"{self.sign} {word} {text}".rstrip())

    def _repr_html_(self) -> str:
        word, text = translated(self.word), translated(self.text)
        return callout(self.sign, word, as_html(text), self.colour)


def as_html(text: str) -> str:
    """Text as HTML: escaped, with `code`, *emphasis* and line breaks kept.

    >>> as_html("Use `a < b`, *now*.")
    'Use <code>a &lt; b</code>, <em>now</em>.'
    """
    parts = escape(text, quote=False).replace("\n", "<br>").split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner is itself
        parts[-2:] = ["`".join(parts[-2:])]
    for number, part in enumerate(parts):
        if number % 2:
            parts[number] = f"<code>{part}</code>"
        else:
            parts[number] = re.sub(r"\*(\w[^*]*)\*", r"<em>\1</em>", part)
    return "".join(parts)
