"""What a program that runs a notebook keeps of show(), and that nbval compares it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow

CELL = "from course_utils import show\nshow(iter(['One **answer**.']), title='t')"
MODES = ["live", "static"]


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """What nbclient keeps of one shown answer, by the mode it was shown in."""
    code = [
        f"import os\nos.environ['COURSE_LIVE'] = {mode!r}\n{CELL}" for mode in MODES
    ]
    notebook = notebook_of(*map(nbformat.v4.new_code_cell, code))
    client = NotebookClient(
        notebook, kernel_name="python3", store_widget_state=False, record_timing=False
    )
    client.execute()
    return {
        mode: cell.outputs for mode, cell in zip(MODES, notebook.cells, strict=True)
    }


def notebook_of(*cells: Any) -> Any:
    return nbformat.v4.new_notebook(cells=list(cells))


@pytest.mark.parametrize("mode", MODES)
def test_one_final_output_is_kept_without_a_widget(kept, mode):
    [output] = kept[mode]
    assert set(output.data) == {"text/html", "text/plain"}
    assert output.data["text/plain"] == "t · done\n\nOne **answer**."
    assert "<strong>answer</strong>" in output.data["text/html"]


def test_nbval_passes_the_answer_and_fails_another(kept, tmp_path):
    for name, source in {"same": CELL, "other": CELL.replace("One", "Two")}.items():
        cell = nbformat.v4.new_code_cell(
            source, outputs=kept["static"], execution_count=1
        )
        nbformat.write(notebook_of(cell), tmp_path / f"{name}.ipynb")
    said = compared(tmp_path)
    assert re.search(r"^PASSED same\.ipynb", said, re.MULTILINE), said
    assert re.search(r"^FAILED other\.ipynb", said, re.MULTILINE), said
    assert "Cell outputs differ" in said


def compared(folder: Path) -> str:
    """What nbval says of the notebooks in a folder."""
    options = ["-p", "nbval.plugin", "--nbval", "--nbval-current-env", "-q", "-rA"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder)]
    return subprocess.run(
        [*command, "-c", os.devnull, "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    ).stdout
