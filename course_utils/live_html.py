"""A model's Markdown as plain HTML: what a saved notebook keeps of a text.

Model output is data. Raw HTML in it is shown as text, an image becomes a link, a link
leads only to http, https or mail; so nothing in an answer can run or load.

    markdown_html("**Hi** <script>")   # <p><strong>Hi</strong> &lt;script&gt;</p>
"""

import re
from functools import cache
from html import escape
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

SAFE_LINK = re.compile(r"(https?|mailto):", re.IGNORECASE)
LINK = ' href="{0}" title="{0}" rel="noopener noreferrer nofollow" target="_blank"'


def markdown_html(text: str) -> str:
    """Safe HTML for Markdown from a model.

    >>> markdown_html("**Hi** <b>")
    '<p><strong>Hi</strong> &lt;b&gt;</p>\\n'
    """
    return str(_markdown().render(text))


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
