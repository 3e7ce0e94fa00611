"""The words of the package that a learner may be told, read from its code.

An f-string becomes a template: what is filled in becomes a hole with a name. Where code
chooses between two words, there is a template for each.

    words(Path("course_utils/teaching/checks.py"))    # {"Nothing came.", ...}
"""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

# What these are given is told as it is, if it is but one word.
TELLS = {"Message", "Outcome", "translated", "Quiz", "_say"}
# What these are given is told to nobody.
KEEPS = {"Broke", "ModelRateLimitError", "JSONDecodeError", "KeyboardInterrupt"}
KEEPS |= {
    "TypeError",
    "ValueError",
    "say",
    "in_blocks",
    "getattr",
    "partition",
    "endswith",
    "removesuffix",
}
PROSE = re.compile(r"\w\w.*\s.*\w|\w\w.*[.?!:,]$|\w\W*\s\W*\w\w", re.DOTALL)
NO_PROSE = re.compile(r"</?[a-z]+[ >]|[a-z-]+: ?[^;]+;|^\.|=\"|^(offset|axes) \w+$")
HOLE = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)\}(?!\})")
NAMED = re.compile(r"[A-Za-z_]\w*")
SAYS_NOTHING = {"shorten", "type", "__name__", "len", "str", "repr", "self", "exc"}


def words(module: Path) -> list[str]:
    """The texts and templates of a module, in its order, each once."""
    tree = ast.parse(module.read_text("utf-8"))
    return list(dict.fromkeys(_within(tree)))


def _within(node: ast.AST, told: bool = False) -> Iterator[str]:
    """The texts at and below a node; `told` says that a call tells them as they are."""
    found = [text for text in templates(node) if told or is_prose(text)]
    if found:
        yield from (text for text in found if re.search(r"[^\W\d_]", bare(text)))
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Compare):
        return  # it is looked for, not told
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        told = name in TELLS
        if name in KEEPS:
            return
    for child in ast.iter_child_nodes(node):
        yield from _within(child, told and isinstance(child, ast.Constant))


def is_prose(template: str) -> bool:
    """Whether a text reads like one for people, and is no name, style or code."""
    filled = HOLE.sub("xx", template)
    return bool(PROSE.search(filled) and not NO_PROSE.search(template))


def bare(template: str) -> str:
    """A template without its holes."""
    return HOLE.sub("", template)


def templates(node: ast.AST) -> list[str]:
    """What an expression may become: one text for each way its code may choose."""
    if isinstance(node, ast.Constant):
        return [_escaped(node.value)] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        ways = product(*map(_ways, node.values))
        return [_numbered("".join(parts)) for parts in ways]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        ways = product(_ways(node.left), _ways(node.right))
        joined = ["".join(parts) for parts in ways]
        return [_numbered(text) for text in joined if is_prose(text)]
    return []


def _ways(part: ast.AST) -> list[str]:
    """A part of an f-string: its text, each choice between texts, or a hole."""
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(inner, ast.IfExp):
        choices = [templates(one) for one in (inner.body, inner.orelse)]
        if all(choices):
            return [text for ways in choices for text in ways]
    found = [] if isinstance(part, ast.FormattedValue) else templates(part)
    return found or ["{" + _name_of(inner) + "}"]


def _name_of(node: ast.AST) -> str:
    """A name for what is filled in: the last telling one in its code."""
    names = [n for n in NAMED.findall(ast.unparse(node)) if n not in SAYS_NOTHING]
    return names[0].strip("_") if names else "value"


def _numbered(template: str) -> str:
    """A template whose holes have names of their own."""
    seen: dict[str, int] = {}

    def own(match: re.Match[str]) -> str:
        name = match[1]
        seen[name] = seen.get(name, 0) + 1
        return f"{{{name}{seen[name] if seen[name] > 1 else ''}}}"

    return HOLE.sub(own, template)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
