"""The app keeps to the house's style, though it is no part of the package."""

import ast
import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

import chat
from tests.house.test_architecture import (
    LONGEST_FUNCTION,
    MOST_MODULES,
    code_lines,
    functions,
    public,
    top_imports,
)
from tests.notebooks.test_notebooks import undeclared

FOLDER = Path(chat.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def module_of(file):
    return import_module(f"chat.{file.stem}".removesuffix(".__init__"))


def test_the_folder_is_taken_in_at_a_glance():
    assert len(FILES) - 1 <= MOST_MODULES
    assert all(len(file.read_text("utf-8").splitlines()) <= 250 for file in FILES)


@each_file
def test_a_function_does_one_thing(file):
    for function in functions(ast.parse(file.read_text("utf-8"))):
        assert code_lines(function) <= LONGEST_FUNCTION, function.name


@each_file
def test_a_module_imports_only_what_is_declared(file):
    assert undeclared(top_imports(file) - {"chat"}) == set()


@each_file
def test_every_public_name_says_what_it_is(file):
    module = module_of(file)
    assert module.__doc__
    assert [name for name, thing in public(module) if not thing.__doc__] == []


@each_file
def test_the_examples_in_docstrings_are_true(file):
    assert doctest.testmod(module_of(file)).failed == 0


ADDRESS = re.compile(r"""(?:fetch\(|from |href=|src=|url\()["'`]([^"'`]*)""")


@pytest.mark.parametrize("name", ["page.html", "page.js"])
def test_the_pages_addresses_are_relative(name):
    found = ADDRESS.findall((FOLDER / name).read_text("utf-8"))
    assert len(found) >= 3
    assert [address for address in found if re.match(r"/|\w+:", address)] == []


def test_the_page_loads_nothing_from_outside():
    for file in FOLDER.glob("page.*"):
        assert "http" not in file.read_text("utf-8")
