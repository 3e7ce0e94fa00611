"""The six notebooks: in style, never spoiled, solvable, and compared for real.

That every cell still gives its committed output is tested by nbval, which reads the
folder notebooks/ itself. Here it is tested that nbval has something to compare.
"""

import inspect
import re
import subprocess
import sys
import tomllib
from copy import deepcopy
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebooks.house_style import faults
from tests.notebooks.notebook_code import (
    calls,
    code_cells,
    compared_text,
    gives_away,
    imported,
    print_loops,
    tags,
    tree_of,
)
from tests.notebooks.outputs import NOTEBOOKS, ROOT, read, run, solved

NAMES = [
    "01_full_responses",
    "02_what_is_streaming",
    "03_streaming_callbacks",
    "04_interruptions_and_errors",
    "05_production_scale",
    "06_inside_the_architecture",
]
each_notebook = pytest.mark.parametrize("name", NAMES)


def notebook_of(name: str) -> NotebookNode:
    return read(NOTEBOOKS / f"{name}.ipynb")


def lesson_of(name: str) -> ModuleType:
    return import_module(f"course_utils.lessons.{name[3:]}")


def exercises_of(name: str) -> dict[str, object]:
    """The exercises of a notebook's lesson, by the cell id of their stub."""
    values = vars(lesson_of(name)).values()
    exercises = [value for value in values if hasattr(value, "solution_object")]
    return {exercise.name.replace("_", "-"): exercise for exercise in exercises}


def test_there_are_six_notebooks_and_no_others():
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == NAMES


@each_notebook
def test_a_notebook_keeps_the_house_style(name):
    assert faults(notebook_of(name)) == []


@each_notebook
def test_a_notebook_imports_only_what_the_course_declares(name):
    assert undeclared(imported(notebook_of(name))) == set()


def undeclared(modules: set[str]) -> set[str]:
    """Those that are neither Python's own nor of a package in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lists = [project["dependencies"], *(extras[x] for x in extras if x != "test")]
    declared = {re.split(r"[^\w-]", line)[0] for list_ in lists for line in list_}
    homes = packages_of_modules()
    beside = {path.parent.name for path in NOTEBOOKS.glob("*/__init__.py")}
    modules = modules - sys.stdlib_module_names - {"course_utils"} - beside
    return {one for one in modules if not declared & plain(homes.get(one, []))}


# It reads the metadata of everything installed.
packages_of_modules = cache(metadata.packages_distributions)


def plain(packages: list[str]) -> set[str]:
    return {package.lower().replace("_", "-") for package in packages}


def test_an_undeclared_import_is_found():
    assert undeclared({"asyncio", "course_utils", "langchain"}) == set()
    assert undeclared({"numpy", "no_such_module"}) == {"numpy", "no_such_module"}


def test_the_only_loop_that_prints_is_in_notebook_2():
    loops = {name: print_loops(notebook_of(name)) for name in NAMES}
    assert sum(loops.values()) == loops["02_what_is_streaming"] <= 1


@each_notebook
def test_stubs_and_exercises_belong_together(name):
    cells = code_cells(notebook_of(name))
    stubs = [cell.id for cell in cells if "exercise" in tags(cell)]
    assert sorted(stubs) == sorted(exercises_of(name))


@each_notebook
def test_a_notebook_does_not_show_a_solution(name):
    for stub, exercise in exercises_of(name).items():
        solution = inspect.getsource(exercise.solution_object)
        assert gives_away(notebook_of(name), solution, stub) == []


@pytest.mark.slow
@pytest.mark.timeout(240)  # each cell runs twice
@each_notebook
def test_every_solution_is_correct_in_its_notebook(name):
    cells = [cell for cell in there_and_back(name) if checks(cell)]
    there = [cell for cell in cells if not cell.id.endswith(AGAIN)]
    assert [cell.id for cell in there if "correct" not in shown(cell)] == []


@pytest.mark.slow
@pytest.mark.timeout(240)  # each cell runs twice
@each_notebook
def test_going_back_to_a_cell_breaks_nothing(name):
    cells = there_and_back(name)
    assert any(cell.id.endswith(AGAIN) for cell in cells)
    assert [cell.id for cell in cells if fails(cell)] == []


AGAIN = "-again"


@cache
def there_and_back(name: str) -> list[NotebookNode]:
    """The solved notebook's code cells run in order, then from the last to the first.

    A learner goes back to any cell and runs it again, with all names as they are then.
    """
    notebook = solved(notebook_of(name), lesson_of(name))
    back = [deepcopy(cell) for cell in reversed(code_cells(notebook))]
    for cell in back:
        cell.id += AGAIN
    notebook.cells += back
    run(notebook, speed=20, allow_errors=True)
    return code_cells(notebook)


def fails(cell: NotebookNode) -> bool:
    """Whether a cell raised and was not meant to."""
    raised = any(output.output_type == "error" for output in cell.outputs)
    return raised and "raises-exception" not in tags(cell)


@each_notebook
def test_no_untouched_exercise_counts_as_correct(name):
    cells = [cell for cell in code_cells(notebook_of(name)) if checks(cell)]
    assert [cell.id for cell in cells if "correct" in shown(cell)] == []


def checks(cell: NotebookNode) -> bool:
    return calls(tree_of(cell), "check") > 0


def shown(cell: NotebookNode) -> str:
    return "".join(compared_text(output) for output in cell.outputs).lower()


@pytest.mark.slow
def test_nbval_finds_one_changed_word(tmp_path):
    notebook = notebook_of("01_full_responses")
    first = first_with_a_word(notebook)
    notebook.cells = notebook.cells[: first + 1]
    nbformat.write(notebook, tmp_path / "as_committed.ipynb")
    change_a_word(notebook.cells[first])
    nbformat.write(notebook, tmp_path / "changed.ipynb")

    tested = pytest_on(tmp_path)
    assert re.findall(r"^FAILED (\w+)", tested, re.MULTILINE) == ["changed"]
    assert "Cell outputs differ" in tested


def first_with_a_word(notebook: NotebookNode) -> int:
    """Where the first output stands that nbval compares and that has a word."""
    cells = enumerate(notebook.cells)
    return next(n for n, c in cells if c.get("outputs") and WORD.search(shown(c)))


def change_a_word(cell: NotebookNode) -> None:
    """Write the first word of what a cell showed backwards."""
    for output in cell.outputs:
        holder = output.get("data", output)
        for kind in ("text", "text/plain"):
            if kind in holder:
                holder[kind] = WORD.sub(lambda w: w[0][::-1], holder[kind], count=1)


WORD = re.compile(r"[a-z]{5,}")


def pytest_on(folder: Path) -> str:
    """What the course's own pytest says about the notebooks in another folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml"]
    words = [*command, "--rootdir", str(ROOT), str(folder)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout
