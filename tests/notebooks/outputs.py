"""Run notebooks from top to bottom and keep what they show.

Committed outputs are made by this command and in no other way:

    python -m tests.notebooks.outputs                                   # all six
    python -m tests.notebooks.outputs notebooks/02_what_is_streaming.ipynb

Every notebook gets a fresh kernel at the course's own speed, with no key, no network
settings and no progress from earlier. Whatever changes from run to run without
meaning anything, such as widget state and the machine's folders, is left out.
"""

import ast
import inspect
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from course_utils.offline import TRACING

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"

KERNEL = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}
# JupyterLab marks a notebook as changed when this is not the running kernel's; it is
# written as the Python that environment.yml and Binder give.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.12.12",
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MEANT = ("tags", "jp-MarkdownHeadingCollapsed")  # what an author says of a cell
SETTINGS = {
    "COURSE_LIVE": "static",  # the last state of everything, and no progress kept
    **dict.fromkeys(TRACING, "false"),
    "NO_PROXY": "127.0.0.1,localhost,::1",
    "PYTHONHASHSEED": "0",
}
SECRETS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "COURSE_MODEL")


def read(path: Path) -> NotebookNode:
    """The notebook in this file."""
    return nbformat.read(path, as_version=4)


def run(
    notebook: NotebookNode,
    speed: float = 1.0,
    folder: Path = NOTEBOOKS,
    *,
    allow_errors: bool = False,
) -> None:
    """Run the notebook's cells on a fresh kernel; the outputs are new afterwards.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed and is not tagged
            `raises-exception`, unless `allow_errors`.
    """
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=300,
        allow_errors=allow_errors,
        coalesce_streams=True,
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    env = {name: text for name, text in os.environ.items() if name not in SECRETS}
    client.execute(env=env | SETTINGS | {"COURSE_SPEED": f"{speed:g}"})
    tidy(notebook)


def tidy(notebook: NotebookNode) -> None:
    """Leave out what differs from run to run and machine to machine."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": LANGUAGE}
    )
    for cell in notebook.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in MEANT and v}
        if cell.cell_type == "code":
            cell.outputs = [_tidied(output) for output in cell.outputs]
            cell.outputs = [
                output for output in cell.outputs if output.get("data", True)
            ]


def _tidied(output: NotebookNode) -> NotebookNode:
    if "data" in output:
        output.data.pop(WIDGET_VIEW, None)
    if "traceback" in output:
        output.traceback = [_without_folders(line) for line in output.traceback]
    return output


def _without_folders(text: str) -> str:
    """A traceback that names files by package, wherever this machine keeps them."""
    folders = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(ROOT))
    for folder in folders:
        text = text.replace(folder + os.sep, "")
    return text


def solved(notebook: NotebookNode, lesson: ModuleType) -> NotebookNode:
    """The notebook with the lesson's own solutions in place of the stubs.

    A stub is a code cell tagged `exercise`; its id is the exercise's name with dashes.
    """
    solutions = {
        exercise.name.replace("_", "-"): exercise.solution_object
        for exercise in vars(lesson).values()
        if hasattr(exercise, "solution_object")
    }
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = _in_place(solutions[cell.id], cell.source)
    return notebook


def _in_place(solution: Any, stub: str) -> str:
    """The stub's cell with the solution instead of what it defined, by its name."""
    source = inspect.getsource(solution).rstrip()
    parts = ast.parse(stub).body
    defined = [n for n, part in enumerate(parts) if isinstance(part, _DEFINITION)]
    if not defined:
        return source
    if (name := parts[defined[-1]].name) != solution.__name__:
        source += f"\n{name} = {solution.__name__}"
    before = [ast.unparse(part) for part in parts[: defined[0]]]
    after = [ast.unparse(part) for part in parts[defined[-1] + 1 :]]
    return "\n".join([*before, source, *after])


_DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def main(names: Iterable[str]) -> None:
    """Run the named notebooks, or all, and write each that ran to its end."""
    for path in [Path(name) for name in names] or sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = read(path)
        run(notebook, folder=path.resolve().parent)
        nbformat.write(notebook, path)
        print(f"{path.name}: {len(notebook.cells)} cells")


if __name__ == "__main__":
    main(sys.argv[1:])
