"""The answer as plain HTML and plain text: what a saved notebook keeps.

Model output is data. Raw HTML in it is shown as text, an image becomes a link, a link
leads only to http, https or mail; so nothing in an answer can run or load.

    markdown_html("**Hi** <script>")   # <p><strong>Hi</strong> &lt;script&gt;</p>
"""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

from course_utils.live_transcript import Passage

SAFE_LINK = re.compile(r"(https?|mailto):", re.IGNORECASE)
LINK = ' href="{0}" title="{0}" rel="noopener noreferrer nofollow" target="_blank"'
SIGNS = {"tool_call": "→", "tool_result": "←"}

# Lab would take "$5 and $10" for a formula: the text stays as the model wrote it.
BODY = '<div class="course-live-text mathjax_ignore">{}</div>'


def markdown_html(text: str) -> str:
    """Safe HTML for Markdown from a model.

    >>> markdown_html("**Hi** <b>")
    '<p><strong>Hi</strong> &lt;b&gt;</p>\\n'
    """
    return str(_markdown().render(text))


def label_html(title: str, state: str) -> str:
    """The line above an answer: its title and its state."""
    name = f"<strong>{escape(title)}</strong> · " if title else ""
    return f'<div class="course-live-label"><small>{name}{escape(state)}</small></div>'


def passage_html(passage: Passage, markdown: bool) -> str:
    """One passage: text as Markdown or as it is, a tool's part as a line."""
    if passage.kind != "text":
        sign, label = SIGNS[passage.kind], escape(passage.label)
        said = f"<code>{escape(passage.text)}</code>"
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
    return f'<div class="course-live">{label_html(title, state)}{body}</div>'


def answer_text(title: str, state: str, passages: Sequence[Passage]) -> str:
    """The same answer as plain text."""
    label = f"{title} · {state}" if title else state
    return "\n\n".join([label, *map(passage_text, passages)])


def _as_it_is(text: str) -> str:
    return f'<pre style="white-space: pre-wrap">{escape(text)}</pre>'


@cache
def _markdown() -> MarkdownIt:
    """The Markdown that the live view knows as well: small, and without HTML."""
    parser = MarkdownIt("commonmark", {"html": False})
    parser.enable(["table", "strikethrough"])
    # Four spaces, entities and reference links surprise more than they help; the
    # smaller the language, the more surely the live and the saved view agree.
    parser.disable(["code", "entity", "reference", "autolink"])
    parser.disable(["html_block", "html_inline"])
    parser.validateLink = lambda url: bool(SAFE_LINK.match(url))  # type: ignore[method-assign]
    for name, rule in RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _link_open(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    return f"<a{_link_to(tokens[index].attrs['href'])}>"


def _link_close(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    """Close a link; where its text names another site, say where it leads."""
    start = index
    while (
        tokens[start].type != "link_open" or tokens[start].level != tokens[index].level
    ):
        start -= 1
    text = "".join(token.content for token in tokens[start:index]).strip()
    return "</a>" + escape(true_host(text, str(tokens[start].attrs["href"])))


def true_host(text: str, address: str) -> str:
    """` (host)` if a link's text looks like the address of another site.

    >>> true_host("https://bank.example", "https://evil.example/x")
    ' (evil.example)'
    >>> true_host("the bank", "https://evil.example/x")
    ''
    """
    if not re.match(r"https?://|www\.", text, re.IGNORECASE):
        return ""
    claimed = re.sub(r"^https?://", "", text.lower()).split("/")[0]
    host = urlsplit(address).netloc.lower()
    return "" if claimed == host or not host else f" ({host})"


def _image(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    address = tokens[index].attrs["src"]
    name = escape(tokens[index].content or str(address))
    return f"<a{_link_to(address)}>image: {name}</a>"


def _link_to(address: Any) -> str:
    """The attributes of a link; none where it leads nowhere."""
    return LINK.format(escape(str(address))) if address else ""


def _fence(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    language = (tokens[index].info.split() or [""])[0]
    code = highlighted(tokens[index].content, language)
    return f'<div class="highlight"><pre><code>{code}</code></pre></div>\n'


RULES = {
    "link_open": _link_open,
    "link_close": _link_close,
    "image": _image,
    "fence": _fence,
}


def highlighted(code: str, language: str) -> str:
    """Code as HTML with the class names that JupyterLab and nbviewer colour."""
    from pygments import highlight  # comes with IPython
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))
