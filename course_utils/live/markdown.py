"""Markdown from a model as safe HTML, for the saved notebook.

Raw HTML is shown as text, an image becomes a link, a link leads only to http, https or
mail; so nothing in an answer can run or load. The live view reads the same dialect by
the same rules: markdown.js and rules.js.

    markdown_html("**Hi** <script>")   # <strong>Hi</strong> &lt;script&gt;
"""

import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LINK = ' href="{0}" title="{0}" rel="noopener noreferrer nofollow" target="_blank"'
CODE_BOX = (
    "background:var(--jp-cell-editor-background,#f5f5f5);"
    "padding:0.5em 0.75em;margin:0 0 1em;overflow-x:auto"
)
BARE = ' style="background:none"'  # of its own: the box has it
HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069]")
NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")


def markdown_html(text: str) -> str:
    """Safe HTML for Markdown from a model.

    >>> markdown_html("**Hi** <b>")
    '<p dir="auto"><strong>Hi</strong> &lt;b&gt;</p>\\n'
    """
    return visible(str(_markdown().render(text)))


def visible(text: str) -> str:
    """A text with its bidirectional overrides written out: they turn what follows.

    >>> visible("a" + chr(0x202E) + "b")
    'a⟨U+202E⟩b'
    """
    return HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):X}⟩", text)


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # a terminal has no use for it

    from course_utils.live.rules import teach

    parser = MarkdownIt("commonmark", {"html": False})
    parser.enable(["table", "strikethrough"])
    # Four spaces and reference links surprise more than they help.
    parser.disable(["reference", "html_block", "html_inline"])
    teach(parser)
    for name, rule in RULES.items():
        parser.add_render_rule(name, rule)
    return parser


# ------------------------------------------------------------- links


def _link_open(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    return f"<a{_link_to(tokens[index].attrs['href'])}>"


def _link_close(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    """Close a link; where its text names another site, say where it leads."""
    start = index
    while (
        tokens[start].type != "link_open" or tokens[start].level != tokens[index].level
    ):
        start -= 1
    text = "".join(_words(token) for token in tokens[start:index]).strip()
    return "</a>" + escape(true_host(text, str(tokens[start].attrs["href"])))


def _words(token: Any) -> str:
    if token.type == "image":
        return f"image: {token.content or token.attrs['src']}"
    return "\n" if token.type == "softbreak" else str(token.content)


def true_host(text: str, address: str) -> str:
    """` (host)` if a link's text names another site than its own.

    >>> true_host("Log in at bank.example", "https://evil.example/x")
    ' (evil.example)'
    >>> true_host("the bank", "https://evil.example/x")
    ''
    """
    host = urlsplit(address).netloc or address.partition(":")[2].partition("?")[0]
    host = host.split("@")[-1].lower()
    whole = re.match(r"(?:https?://|www\.)[^/?#\s]*", text, re.IGNORECASE)
    if whole and not re.search(r"\s", text):
        names = [re.sub("^https?://", "", whole[0], flags=re.IGNORECASE)]
    else:
        names = NAME.findall(text)
    same = all(name.lower() == host for name in names)
    return "" if same or not host else f" ({host})"


def _image(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    address = tokens[index].attrs["src"]
    name = escape(tokens[index].content or str(address))
    return f"<a{_link_to(address)}>image: {name}</a>"


def _link_to(address: Any) -> str:
    """The attributes of a link; none where it leads nowhere."""
    return LINK.format(escape(str(address))) if address else ""


# ------------------------------------------------------------- blocks


def _block_open(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    """A block reads from the left or the right, as its own first letter says."""
    token = tokens[index]
    token.attrSet("dir", "auto")
    if token.tag in ("th", "td") and not token.attrGet("style"):
        token.attrSet("style", "text-align:start")  # Lab's own is right
    return str(self.renderToken(tokens, index, options, env))


def _code(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    return f'<code dir="ltr">{escape(tokens[index].content)}</code>'


def _fence(_: Any, tokens: Any, index: int, *rest: Any) -> str:
    language = (tokens[index].info.split() or [""])[0]
    code = highlighted(tokens[index].content, language)
    box = f'<div class="highlight" dir="ltr" style="{CODE_BOX}">'
    return f"{box}<pre{BARE}><code{BARE}>{code}</code></pre></div>\n"


BLOCKS = ("paragraph", "heading", "bullet_list", "ordered_list", "blockquote")
TABLE = ("table", "th", "td")
RULES: dict[str, Callable[..., str]] = {
    "link_open": _link_open,
    "link_close": _link_close,
    "image": _image,
    "code_inline": _code,
    "fence": _fence,
    **{f"{name}_open": _block_open for name in (*BLOCKS, *TABLE)},
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
