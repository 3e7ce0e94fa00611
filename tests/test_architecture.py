"""The house stands as CONTRIBUTING.md draws it: floors, sizes, names, docstrings."""

import ast
import doctest
import inspect
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import pytest

import course_utils
from tests.notebook_code import is_text
from tests.test_notebooks import undeclared

PACKAGE = Path(course_utils.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# From the ground up. An idea is its module with the parts it is made of: parts may
# import each other, and everything may import what stands on a lower floor.
FLOORS = [
    ["tokens", "notebook", "offline", "_hang_up", "_sync_stream"],
    [
        "clock _off_thread",
        "text finish passages passages.* ending _gate _streams _token_text "
        "model_call wrapped_*",
        "characters public_json",
        "latency replies reply_fields plan responder script history schema_*"
        " pattern_text",
        "style",
    ],
    ["fake_model fake_chunks", "fake_server wire_*"],
    [
        "timing _recording",
        "buffering _held",
        "callbacks _recorder",
        "reliability truncation recovery deadlines"
        " _chunk_parts _errors _in_time _policy",
        "cache _cache_* sqlite_cache redis_cache",
        "serving _answer_events _own_stream _replay_buffer _sse _threaded",
    ],
    [
        "live live_*",
        "plots _drawing",
        "exercise quiz progress _guarded _messages _progress_file _quiz_view _slips",
        "ready",
    ],
    ["lessons lessons.*"],
    ["__init__"],
]
LONGEST_FUNCTION = 30
LONGEST_MODULE = 350
LONGEST_LESSON = 450  # a list of exercises and questions, and every hint is prose


def module_name(file: Path) -> str:
    """`live` for live.py, `lessons.full_responses` for one floor down in the folder."""
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts)


def place_of(module: str) -> tuple[int, str]:
    """The floor of a module and the idea it belongs to."""
    for floor, ideas in enumerate(FLOORS):
        for idea in ideas:
            if any(fnmatch(module, part) for part in idea.split()):
                return floor, idea
    raise AssertionError(f"{module} stands on no floor yet: give it one in FLOORS")


def imports_of(file: Path) -> Iterator[str]:
    """The full names of all modules a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "course_utils":
            yield from (f"course_utils.{part(alias.name)}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def part(name: str) -> str:
    """A module of the package by its name, or `__init__`, which holds all others."""
    return name if (PACKAGE / name).with_suffix(".py").exists() else "__init__"


def own_imports(file: Path) -> Iterator[str]:
    """Of these the course's own, without the package's name."""
    for name in imports_of(file):
        if name.startswith("course_utils."):
            yield name.removeprefix("course_utils.")


def top_imports(file: Path) -> set[str]:
    """The packages a file imports from."""
    return {name.split(".")[0] for name in imports_of(file)}


each_file = pytest.mark.parametrize("file", FILES, ids=map(module_name, FILES))


@each_file
def test_imports_go_down_the_floors(file):
    floor, idea = place_of(module_name(file))
    for module in own_imports(file):
        below, other = place_of(module)
        assert below < floor or other == idea, f"{module_name(file)} imports {module}"


@each_file
def test_a_module_imports_only_what_is_declared(file):
    assert undeclared(top_imports(file)) == set()


FAKE = (
    *("fake_*", "wire_*", "replies", "reply_fields", "plan", "script"),
    *("responder", "history", "schema_*", "pattern_text"),
)
PLAYS = ("lessons*", "ready", "__init__", "latency", *FAKE)  # these may play a model


@each_file
def test_production_code_never_imports_the_fake(file):
    if any(fnmatch(module_name(file), name) for name in PLAYS):
        return
    fakes = [m for m in own_imports(file) if any(fnmatch(m, name) for name in FAKE)]
    assert fakes == []


WIDGETS = {"ipywidgets", "anywidget", "IPython", "matplotlib"}
MODELS = {"langchain_openai", "openai"}


@each_file
def test_a_floor_keeps_to_its_work(file):
    """Streaming code imports no widget, a widget no model; a lesson does not draw."""
    floor, idea = place_of(module_name(file))
    unwanted = {4: MODELS}.get(floor, WIDGETS if floor < 6 else set())
    assert idea == "ready" or not top_imports(file) & unwanted


@each_file
def test_a_module_is_a_screen_of_ideas(file):
    length = len(file.read_text("utf-8").splitlines())
    lesson = "lessons" in module_name(file)
    longest = LONGEST_LESSON if lesson else LONGEST_MODULE
    assert length <= longest, f"{length} lines: split it by idea"


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
    for function in functions(ast.parse(file.read_text("utf-8"))):
        assert code_lines(function) <= LONGEST_FUNCTION, function.name


@each_file
def test_every_public_name_says_what_it_is(file):
    module = module_of(file)
    assert module.__doc__, "a module opens with a sentence"
    if "lessons" in module_name(file):
        return  # its functions are solutions, told by the exercise they solve
    for name, thing in public(module):
        assert inspect.getdoc(thing), f"{name} has no docstring"


def module_of(file: Path):
    name = module_name(file).removesuffix("__init__").rstrip(".")
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
