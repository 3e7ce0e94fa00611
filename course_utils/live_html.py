"""The answer as plain HTML and plain text: what a saved notebook keeps.

Model output is data: live_markdown.py reads it so that nothing can run or load.

    answer_html("title", "done", transcript.passages, markdown=True)
"""

from collections.abc import Sequence
from html import escape

from course_utils.live_markdown import markdown_html, visible
from course_utils.live_transcript import Passage

SIGNS = {"tool_call": "→", "tool_result": "←"}

# mathjax_ignore: Lab would take "$5 and $10" for a formula.
BODY = '<div class="course-live-text">{}</div>'


def label_html(title: str, state: str) -> str:
    """The line above an answer: its title and its state."""
    name = f"<strong>{escape(visible(title))}</strong> · " if title else ""
    return f'<div class="course-live-label"><small>{name}{escape(state)}</small></div>'


def passage_html(passage: Passage, markdown: bool) -> str:
    """One passage: text as Markdown or as it is, a tool's part as a line."""
    if passage.kind != "text":
        sign, label = SIGNS[passage.kind], escape(visible(passage.label))
        said = f'<code dir="ltr">{escape(visible(passage.text))}</code>'
        return (
            f'<div class="course-live-tool"><small>{sign} {label} {said}</small></div>'
        )
    shown = markdown_html(passage.text) if markdown else _as_it_is(passage.text)
    if passage.struck:
        shown = f"<small>replaced:</small><del>{shown}</del>"
    return BODY.format(shown)


def passage_text(passage: Passage) -> str:
    """The same passage as plain text."""
    if passage.kind != "text":
        return f"{SIGNS[passage.kind]} {passage.label} {passage.text}"
    return f"replaced: {passage.text}" if passage.struck else passage.text


def answer_html(
    title: str, state: str, passages: Sequence[Passage], markdown: bool
) -> str:
    """A whole answer: label, then passages."""
    body = "".join(passage_html(passage, markdown) for passage in passages)
    label = label_html(title, state)
    return f'<div class="course-live mathjax_ignore">{label}{body}</div>'


def answer_text(title: str, state: str, passages: Sequence[Passage]) -> str:
    """The same answer as plain text."""
    label = f"{title} · {state}" if title else state
    return "\n\n".join([label, *map(passage_text, passages)])


def _as_it_is(text: str) -> str:
    style = "white-space: pre-wrap; unicode-bidi: plaintext"
    return f'<pre style="{style}">{escape(visible(text))}</pre>'
