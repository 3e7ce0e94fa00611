"""The house stands as CONTRIBUTING.md draws it: floors, folders, sizes, names."""

import ast
import doctest
import inspect
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import course_utils
from tests.notebooks.notebook_code import is_text
from tests.notebooks.test_notebooks import undeclared

PACKAGE = Path(course_utils.__file__).parent
TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(PACKAGE.rglob("*.py"))

# From the ground up. A room is a folder, or a small module on the ground floor; a
# lesson is a room of its own. Imports go down, and on one floor in one direction.
FLOORS = [
    "characters chunks clock finish language model_call notebook offline passages"
    " settings streams style tokens wrapped_model",
    "buffering cache callbacks fake own_stream reliability serving timing",
    "live plots setup teaching",
    "lessons",
    "__init__",
]
MOST_MODULES = 12
LONGEST_FUNCTION = 30
LONGEST_MODULE = 350
LONGEST_TEST_FILE = 600
LONGEST_LESSON = 450  # a list of exercises and questions, and every hint is prose


def module_name(file: Path) -> str:
    """`live.view` for live/view.py, `live` for its `__init__`."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[:-1] else parts)


MODULES = {module_name(file): file for file in FILES}
each_file = pytest.mark.parametrize("file", FILES, ids=map(module_name, FILES))


def room_of(module: str) -> str:
    return module.split(".")[0]


def floor_of(module: str) -> int:
    for floor, rooms in enumerate(FLOORS):
        if room_of(module) in rooms.split():
            return floor
    raise AssertionError(f"{module} stands on no floor yet: give it one in FLOORS")


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


# What a file imports, wherever the import stands: at the top, lazily, for typing


def imports_of(file: Path) -> Iterator[str]:
    """The full names of all modules a file imports."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file.name}: imports are absolute here"
            yield from (meant(node.module or "", alias.name) for alias in node.names)


def meant(module: str, name: str) -> str:
    """The module of which a name is imported, or which the name itself is."""
    whole = f"{module}.{name}"
    return whole if whole.removeprefix("course_utils.") in MODULES else module


def own_imports(file: Path) -> set[str]:
    """Of these the course's own, without the package's name."""
    names = {n for n in imports_of(file) if n.split(".")[0] == "course_utils"}
    return {n.partition(".")[2] or "__init__" for n in names} - {module_name(file)}


def top_imports(file: Path) -> set[str]:
    """The packages a file imports from."""
    return {name.split(".")[0] for name in imports_of(file)}


@each_file
def test_imports_go_down_the_floors(file):
    own = module_name(file)
    for module in own_imports(file):
        beside = room_of(module) == room_of(own)
        down = floor_of(module) <= floor_of(own)
        assert beside or down, f"{own} imports {module}"


Arrows = Mapping[str, Iterable[str]]


def circle(arrows: Arrows) -> list[str]:
    """One way through the arrows that comes back to where it began, if there is one."""
    done: set[str] = set()

    def follow(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for other in arrows.get(node, ()):
            if found := follow(other, [*way, node]):
                return found
        done.add(node)
        return []

    return next((found for node in arrows if (found := follow(node, []))), [])


def between(place) -> dict[str, set[str]]:
    """The arrows between places; `place` says where a module belongs."""
    arrows: dict[str, set[str]] = {}
    for module, file in MODULES.items():
        others = {place(other) for other in own_imports(file)}
        arrows.setdefault(place(module), set()).update(others - {place(module)})
    return arrows


def test_no_modules_import_each_other_in_a_circle():
    assert circle(between(lambda module: module)) == []


def test_no_rooms_import_each_other_in_a_circle():
    assert circle(between(room_of)) == []


def test_no_lessons_import_each_other_in_a_circle():
    assert circle(between(lambda module: ".".join(module.split(".")[:2]))) == []


def test_a_circle_is_found_where_there_is_one():
    assert circle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


# Folders


def folders(root: Path) -> list[Path]:
    found = {file.parent for file in root.rglob("*.py")}
    return sorted(f for f in found if "node_modules" not in f.parts)


def modules_in(folder: Path) -> list[str]:
    """The modules beside `__init__` and `__main__`."""
    stems = [file.stem for file in folder.glob("*.py")]
    return [stem for stem in stems if not stem.startswith("__")]


@pytest.mark.parametrize("folder", [*folders(PACKAGE), *folders(TESTS)], ids=str)
def test_a_folder_is_taken_in_at_a_glance(folder):
    assert len(modules_in(folder)) <= MOST_MODULES
    assert (folder / "__init__.py").exists()


def test_the_listing_does_not_begin_with_its_insides():
    assert [m for f in folders(PACKAGE) for m in modules_in(f) if m[0] == "_"] == []


@pytest.mark.parametrize("folder", folders(PACKAGE)[1:], ids=lambda f: f.name)
def test_what_a_folder_calls_public_is_there(folder):
    module = module_of(folder / "__init__.py")
    names = getattr(module, "__all__", [])
    assert [name for name in names if not hasattr(module, name)] == []


def test_tests_stand_where_the_modules_stand():
    """A folder of tests is a folder of the package, or one of these."""
    ours = {
        "browser",
        "chat",
        "doors",
        "forms",
        "house",
        "lessons",
        "notebooks",
        "support",
    }
    there = {f.relative_to(PACKAGE) for f in folders(PACKAGE)}
    for folder in folders(TESTS):
        place = folder.relative_to(TESTS)
        assert place in there or place.parts[0] in ours, place


# What belongs where


@each_file
def test_a_module_imports_only_what_is_declared(file):
    assert undeclared(top_imports(file)) == set()


PLAYS = {"fake", "setup", "lessons", "__init__"}  # these may play a model


@each_file
def test_production_code_never_imports_the_fake(file):
    if room_of(module_name(file)) not in PLAYS:
        assert [m for m in own_imports(file) if room_of(m) == "fake"] == []


WIDGETS = {"ipywidgets", "anywidget", "IPython", "matplotlib"}
MODELS = {"langchain_openai", "openai"}
SHOWN = FLOORS.index("live plots setup teaching")


@each_file
def test_a_floor_keeps_to_its_work(file):
    """Streaming code imports no widget, a widget no model; a lesson does not draw."""
    own = module_name(file)
    unwanted = MODELS if floor_of(own) == SHOWN else WIDGETS
    assert room_of(own) in ("setup", "__init__") or not top_imports(file) & unwanted


ENDINGS = {"stop", "length", "content_filter", "end_turn", "tool_use", "tool_calls"}
SPEAKERS = ("finish", "fake")  # the place that knows them, and who plays a provider


@each_file
def test_only_finish_has_a_list_of_the_words_that_end_an_answer(file):
    own = module_name(file)
    if room_of(own) in SPEAKERS or own.startswith("lessons"):
        return  # a lesson's questions and its wrong answers name them
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            words = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
            assert len(words & ENDINGS) < 2, f"line {node.lineno}: ask `finish`"


# Sizes


@each_file
def test_a_module_is_a_screen_of_ideas(file):
    length = len(file.read_text("utf-8").splitlines())
    lesson = module_name(file).endswith(".exercises")
    assert length <= (LONGEST_LESSON if lesson else LONGEST_MODULE), "split it by idea"


def test_a_file_of_tests_holds_one_idea():
    lengths = {f: len(f.read_text("utf-8").splitlines()) for f in TESTS.rglob("*.py")}
    too_long = [str(f) for f, length in lengths.items() if length > LONGEST_TEST_FILE]
    assert too_long == [], "split them by idea"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, docstring not counted."""
    first = function.body[0]
    words = (first.end_lineno or 0) - first.lineno + 1 if is_text(first) else 0
    return (function.end_lineno or 0) - function.lineno + 1 - words


@each_file
def test_a_function_does_one_thing(file):
    for function in functions(tree_of(file)):
        assert code_lines(function) <= LONGEST_FUNCTION, function.name


# Words


@each_file
def test_every_public_name_says_what_it_is(file):
    module = module_of(file)
    assert module.__doc__, "a module opens with a sentence"
    if "lessons" in module_name(file):
        return  # its functions are solutions, told by the exercise they solve
    for name, thing in public(module):
        assert inspect.getdoc(thing), f"{name} has no docstring"


def module_of(file: Path):
    name = module_name(file).removesuffix("__init__")
    return import_module(f"course_utils.{name}".rstrip("."))


def public(module) -> Iterator[tuple[str, object]]:
    """The functions, classes and methods that a module defines without underscore."""
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", "") == module.__name__ and name[0] != "_":
            if inspect.isfunction(thing) or inspect.isclass(thing):
                yield name, thing
            if inspect.isclass(thing):
                yield from methods(thing)


def methods(cls: type) -> Iterator[tuple[str, object]]:
    """A class's own public methods; an overridden one is explained where it began."""
    for name, method in vars(cls).items():
        inherited = any(hasattr(base, name) for base in cls.__bases__)
        if inspect.isfunction(method) and name[0] != "_" and not inherited:
            yield f"{cls.__name__}.{name}", method


@each_file
def test_the_examples_in_docstrings_are_true(file):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module_of(file), optionflags=flags).failed == 0


def test_there_are_examples_in_docstrings():
    finder = doctest.DocTestFinder()
    examples = [t for f in FILES for t in finder.find(module_of(f)) if t.examples]
    assert len(examples) >= 10


# The front door


def test_public_names_are_sorted_and_here():
    names = course_utils.__all__
    assert names == sorted(set(names))
    missing = [name for name in names if not hasattr(course_utils, name)]
    assert missing == []


def test_every_public_name_is_listed():
    names = {n for n, t in vars(course_utils).items() if not inspect.ismodule(t)}
    assert {name for name in names if name[0] != "_"} == set(course_utils.__all__)


def test_the_course_starts_light():
    heavy = ["matplotlib", "fastapi", "uvicorn", "redis", "langchain_openai", "openai"]
    code = f"import course_utils, sys; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "[]\n", found.stderr
