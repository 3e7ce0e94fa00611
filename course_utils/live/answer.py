"""A whole answer as plain HTML and as plain text: what a saved notebook keeps of it.

Both say what the live view says: who speaks, what was thought, which tools were asked
and what they gave, and how it ended.

    answer_html("title", "done", transcript.entries, markdown=True)
"""

from collections.abc import Sequence
from html import escape

from course_utils.live.entry import Entry
from course_utils.live.markdown import markdown_html, visible
from course_utils.style import wrapped

SIGNS = {
    "text": "",
    "aside": "",
    "thinking": "○",
    "tool_call": "→",
    "tool_result": "←",
    "progress": "·",
    "state": "·",
    "data": "",
    "question": "?",
}
# What parts an entry's head from its text; elsewhere a blank.
HEADS = {"text": ": ", "aside": ": ", "thinking": ": ", "data": "\n", "question": "\n"}
LINES = 3  # of what a tool was told or gave; the rest is folded
LETTERS = 300
GLANCE = 60  # letters of a thought

# mathjax_ignore: Lab would take "$5 and $10" for a formula.
ANSWER = '<div class="course-live mathjax_ignore">{}</div>'
# Lab aligns what it shows to the left, also what is written from the right.
TEXT = '<div class="course-live-text" style="text-align:start">{}</div>'
LINE = '<div class="course-live-tool">{}</div>'
AS_IT_IS = '<pre style="white-space: pre-wrap; unicode-bidi: plaintext">{}</pre>'
CODE = '<code dir="ltr" style="white-space: pre-wrap">{}</code>'
FOLD = "<details><summary><small>{}</small></summary>{}</details>"


def title_html(title: str) -> str:
    """The line above several answers; nothing if they have no title together."""
    return visible(f"<p><strong>{escape(title)}</strong></p>") if title else ""


def label_html(title: str, state: str) -> str:
    """The line above an answer: its title and its state."""
    name = f"<strong>{escape(title)}</strong> · " if title else ""
    return f'<div class="course-live-label"><small>{name}{escape(state)}</small></div>'


def answer_html(
    title: str,
    state: str,
    entries: Sequence[Entry],
    markdown: bool,
    figures: bool = False,
) -> str:
    """A whole answer: label, then entries; with times if `figures`."""
    body = "".join(entry_html(entry, markdown, figures) for entry in entries)
    return visible(ANSWER.format(label_html(title, state) + body))


def answer_text(title: str, state: str, entries: Sequence[Entry]) -> str:
    """The same answer as plain text."""
    label = f"{title} · {state}" if title else state
    return "\n\n".join([wrapped(label), *map(entry_text, entries)])


def entry_html(entry: Entry, markdown: bool, figures: bool = False) -> str:
    """One entry: text as Markdown or as it is, anything else as a line or a fold."""
    label = escape(entry.timed_label if figures else entry.label)
    if entry.kind in ("text", "aside"):
        return _said_html(entry, label, markdown)
    head = f"{SIGNS[entry.kind]} {label}".strip()
    if entry.kind == "thinking":
        return LINE.format(_struck(entry, FOLD.format(head, _as_it_is(entry.text))))
    if entry.kind == "data":
        return LINE.format(f"<small>{head}</small>{_as_it_is(entry.text)}")
    shown, rest = fold(entry.text)
    line = f"<small>{head} {CODE.format(escape(shown))}</small>"
    more = FOLD.format(more_lines(rest), CODE.format(escape(rest))) if rest else ""
    return LINE.format(_struck(entry, line + more))


def _said_html(entry: Entry, label: str, markdown: bool) -> str:
    shown = markdown_html(entry.text) if markdown else _as_it_is(entry.text)
    name = f"<small>{label}:</small>" if label else ""
    body = TEXT.format(name + _struck(entry, shown))
    return f"<blockquote>{body}</blockquote>" if entry.kind == "aside" else body


def _struck(entry: Entry, shown: str) -> str:
    return f"<small>replaced:</small><del>{shown}</del>" if entry.struck else shown


def _as_it_is(text: str) -> str:
    return AS_IT_IS.format(escape(text))


def entry_text(entry: Entry) -> str:
    """The same entry as plain text."""
    text = f"{entry_head(entry)}{_body(entry)}".rstrip(" ")
    return f"replaced: {text}" if entry.struck else text


def entry_head(entry: Entry) -> str:
    """What stands before an entry's text: its sign, and whose it is."""
    head = f"{SIGNS[entry.kind]} {entry.label}".strip()
    return head + HEADS.get(entry.kind, " ") if head else ""


def _body(entry: Entry) -> str:
    if entry.kind in ("text", "aside", "data", "question"):
        return entry.text
    if entry.kind == "thinking":
        return glance(entry.text)
    shown, rest = fold(entry.text)
    return f"{shown}\n… {more_lines(rest)}" if rest else shown


def glance(text: str) -> str:
    """The beginning of a long text, on one line.

    >>> glance("Let me see:\\n17 and 25, that is 30 and 12, for 7 and 5 are 12: 42.")
    'Let me see: 17 and 25, that is 30 and 12, for 7 and 5 are 12 …'
    """
    line = " ".join(text.split())
    return line if len(line) <= GLANCE else line[:GLANCE].rstrip() + " …"


def fold(text: str) -> tuple[str, str]:
    """The first three lines of a text, and the rest.

    >>> fold("one\\ntwo\\nthree\\nfour\\nfive")
    ('one\\ntwo\\nthree', 'four\\nfive')
    """
    lines = text.split("\n", LINES)
    shown, rest = "\n".join(lines[:LINES]), "".join(lines[LINES:])
    if len(shown) > LETTERS:
        return text[:LETTERS], text[LETTERS:]
    return shown, rest


def more_lines(rest: str) -> str:
    """How much is folded, in words."""
    count = rest.rstrip("\n").count("\n") + 1
    return f"{count} more line{'' if count == 1 else 's'}"
