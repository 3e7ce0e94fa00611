"""A name says what it holds, not what was done to it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebooks.outputs import ROOT

VAGUE = {"told", "asked", "heard", "kept"}
PACKAGE = ROOT / "course_utils"
PUBLIC = {("timing/spans.py", "asked")}  # beside `called` and `returned`: the moments


def bound(tree: ast.AST) -> Iterator[str]:
    """Each name that is given to a value: locals, parameters, attributes, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            if isinstance(node.ctx, ast.Store):
                yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef) and is_property(node):
            yield node.name


def is_property(function: ast.FunctionDef) -> bool:
    """Whether the function is read like an attribute."""
    marks = {getattr(mark, "id", None) for mark in function.decorator_list}
    return bool(marks & {"property", "cached_property"})


def vague(path: Path) -> list[str]:
    """The names in this module that say nothing about what they hold."""
    place = path.relative_to(PACKAGE).as_posix()
    names = set(bound(ast.parse(path.read_text("utf-8")))) & VAGUE
    return sorted(name for name in names if (place, name) not in PUBLIC)


def test_no_name_says_only_what_was_done_to_the_value():
    modules = sorted(PACKAGE.rglob("*.py"))
    found = {str(path.relative_to(ROOT)): vague(path) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "code",
    [
        "told = 1",
        "for asked in (): ...",
        "[x for heard in ()]",
        "def read(kept): ...",
        "lambda *told: None",
        "self.asked = 1",
        "if (kept := 1): ...",
        "with open('') as heard: ...",
        "class A:\n    kept: int = 0",
        "class A:\n    @property\n    def told(self): ...",
    ],
)
def test_every_kind_of_name_is_looked_at(code):
    assert set(bound(ast.parse(code))) & VAGUE


@pytest.mark.parametrize("code", ["def kept(key): ...", "heard(told)", "a.asked"])
def test_a_verb_may_name_a_function_and_a_value_may_be_used(code):
    assert not set(bound(ast.parse(code))) & VAGUE
