"""What a model's Markdown has beyond CommonMark, as rules of markdown-it-py.

Formulas keep their marks, `<br>` breaks a line, a bare address is a link, a task has
its box, `**` works beside Chinese, Japanese and Korean signs; depth and width have
bounds.
rules.js holds the same rules for the live view, and tests hold them equal.

    teach(MarkdownIt("commonmark"))
"""

import re
import unicodedata
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token

DEEPEST = 24  # quotes, or lists twice: what is deeper is text
WIDEST = 50  # columns of a table
MOST_MARKS = 1000  # * _ ~ in a block that may belong together
FARTHEST = 2000  # characters from the start of a formula to its end
TALLEST = 40  # lines of a formula
SAFE_LINK = re.compile(r"(https?|mailto):", re.IGNORECASE)


def teach(parser: MarkdownIt) -> None:
    """Teach a parser all of it."""
    parser.options["maxNesting"] = DEEPEST + 6
    parser.validateLink = lambda url: bool(SAFE_LINK.match(url))  # type: ignore[method-assign]
    parser.inline.__class__ = _Inline
    block, inline = parser.block.ruler, parser.inline.ruler
    # Not disabled: then markdown-it-py, unlike markdown-it, would look for lists there.
    block.at("code", lambda state, start, end, silent: False)
    block.at("table", _narrow_table, {"alt": ["paragraph"]})
    block.before("table", "thin_row", _is_thin_row, {"alt": ["blockquote"]})
    block.before("table", "deep", _deep)
    alt = ["paragraph", "blockquote", "list"]
    block.before("table", "formula", _formula_block, {"alt": alt})
    inline.before("escape", "formula", _formula)
    inline.before("linkify", "address", _address)
    inline.before("autolink", "line_break", _line_break)
    parser.core.ruler.push("task", _mark_tasks)
    parser.core.ruler.push("shallow", _flatten)


# ------------------------------------------------------------- blocks


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _narrow_table(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    if line + 1 >= state.lineMax or _pipes(state, line + 1) > WIDEST + 1:
        return False
    state.env["columns"] = _pipes(state, line + 1)
    return table(state, line, end, silent)


def _pipes(state: StateBlock, line: int) -> int:
    return _line(state, line).count("|")


def _is_thin_row(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """A row with hardly a cell ends the table: filled up, it would be wide."""
    if not silent or state.parentType != "table":
        return False
    return max(1, _pipes(state, line)) * 4 < int(state.env["columns"]) - 1


def _deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """So deep inside of quotes and lists everything is one plain paragraph."""
    if state.level < DEEPEST:
        return False
    after = start + 1
    while after < end and not state.isEmpty(after):
        after += 1
    _push_paragraph(state, start, after)
    return True


def _push_paragraph(state: StateBlock, start: int, end: int) -> None:
    state.line = end
    state.push("paragraph_open", "p", 1).map = [start, end]
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(start, end, state.blkIndent, False).strip()
    inline.map = [start, end]
    inline.children = []
    state.push("paragraph_close", "p", -1)


CLOSING = {"$$": "$$", "\\[": "\\]"}


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula of its own lines; no list or heading starts inside of it."""
    closing = CLOSING.get(_line(state, start)[:2])
    after = _formula_end(state, start, end, closing) if closing else 0
    if after and not silent:
        _push_paragraph(state, start, after)
    return after > 0


def _formula_end(state: StateBlock, start: int, end: int, closing: str) -> int:
    """The line after a formula; 0 if it has no end."""
    for line in range(start, min(end, start + TALLEST)):
        if state.isEmpty(line) or (
            line > start and state.sCount[line] < state.blkIndent
        ):
            return 0
        text = _line(state, line)[2 if line == start else 0 :]
        if text.rstrip().endswith(closing):
            return line + 1
        if closing in text:
            return 0
    return 0


# ------------------------------------------------------------- inside a block


def _formula(state: StateInline, silent: bool) -> bool:
    end = _formula_to(state.src, state.pos, min(state.posMax, state.pos + FARTHEST))
    if end < 0:
        return False
    if not silent:
        state.push("text", "", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _formula_to(text: str, at: int, most: int) -> int:
    """Where the formula that starts here ends; -1 if none does."""
    closing = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}.get(text[at : at + 2])
    if closing:
        found = text.find(closing, at + 2, most)
        return found + 2 if found > at + 2 else -1
    return _dollar_to(text, at, most) if text[at] == "$" else -1


def _dollar_to(text: str, at: int, most: int) -> int:
    """Pandoc's rule: no blank inside of either $, no digit after it."""
    end = text.find("$", at + 1, most)
    while end > 0 and text[end - 1] == "\\":
        end = text.find("$", end + 1, most)
    inside = text[at + 1 : end] if end > 0 else ""
    if not inside or inside[0].isspace() or inside[-1].isspace() or "`" in inside:
        return -1
    return -1 if text[end + 1 : end + 2].isdecimal() else end + 1


LINE_BREAK = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)


def _line_break(state: StateInline, silent: bool) -> bool:
    found = LINE_BREAK.match(state.src, state.pos, state.pos + 20)
    if not found:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


SCHEME = re.compile(r"(?:^|[^a-z\d_])(https?)$", re.IGNORECASE | re.ASCII)
ADDRESS = re.compile(
    r"://(?=[^\W_])(?:[^\s<>\"()\\`*\u3000-\u303f\uff00-\uffef]|\([^\s<>\"()\\`*]*\))+"
)


def _address(state: StateInline, silent: bool) -> bool:
    """http://… without any marks. Signs at its end belong to the sentence."""
    if state.src[state.pos] != ":" or state.linkLevel > 0:
        return False
    scheme = SCHEME.search(state.pending[-6:])
    found = ADDRESS.match(state.src, state.pos, state.posMax) if scheme else None
    if not scheme or not found:
        return False
    rest = found[0].rstrip("?!.,:;_~']")
    address = state.md.normalizeLink(scheme[1] + rest)
    if not state.md.validateLink(address):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        state.push("link_open", "a", 1).attrs = {"href": address}
        state.push("text", "", 0).content = scheme[1] + rest
        state.push("link_close", "a", -1)
    state.pos += len(rest)
    return True


CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\u303f\u3040-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - markdown-it's names
        """CommonMark's rule, and one more: a sign next to a CJK character is no bar."""
        end, src = start, self.src
        while end < self.posMax and src[end] == src[start]:
            end += 1
        before = src[start - 1] if start > 0 else " "
        after = src[end] if end < self.posMax else " "
        sign_before, sign_after = _is_sign(before), _is_sign(after)
        few = len(self.delimiters) < MOST_MARKS
        left = few and not after.isspace() and (not sign_after or _is_free(before))
        right = few and not before.isspace() and (not sign_before or _is_free(after))
        return Scanned(
            left and (canSplitWord or not right or sign_before),
            right and (canSplitWord or not left or sign_after),
            end - start,
        )


def _is_sign(char: str) -> bool:
    return unicodedata.category(char)[0] in "PS"


def _is_free(char: str) -> bool:
    return char.isspace() or _is_sign(char) or bool(CJK.match(char))


class _Inline(ParserInline):
    def parse(
        self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]
    ) -> list[Token]:
        """As markdown-it-py does, with a state that scans in its own way."""
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


# ------------------------------------------------------------- afterwards

BOX = re.compile(r"\[([ xX])\](?=\s)")


def _mark_tasks(state: StateCore) -> None:
    """`- [x] done`: a box in place of the brackets and the bullet."""
    for item, inline in zip(state.tokens, state.tokens[2:], strict=False):
        first = inline.children[0] if inline.children else None
        if item.type != "list_item_open" or not first or first.type != "text":
            continue
        if box := BOX.match(first.content):
            first.content = ("☐" if box[1] == " " else "☑") + first.content[3:]
            item.attrSet("style", "list-style:none")


def _flatten(state: StateCore) -> None:
    """Marks nested deeper than anybody means are left out."""
    for token in state.tokens:
        depth, children = 0, []
        for child in token.children or ():
            level = depth if child.nesting < 0 else depth + child.nesting
            depth += child.nesting
            if child.nesting == 0 or level <= DEEPEST:
                children.append(child)
        if token.children:
            token.children = children
