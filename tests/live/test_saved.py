"""What a program that runs a notebook keeps of show(), and that nbval compares it."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow

CELL = "from course_utils import show\nshow(iter(['One **answer**.']), title='t')"


def run(
    folder: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> nbformat.NotebookNode:
    """A notebook with one shown answer, run by nbclient."""
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    monkeypatch.setenv("COURSE_LIVE", mode)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    client = NotebookClient(
        notebook, kernel_name="python3", store_widget_state=False, record_timing=False
    )
    client.execute(cwd=str(folder))
    return notebook


@pytest.mark.parametrize("mode", ["live", "static"])
def test_one_final_output_is_kept_without_a_widget(tmp_path, monkeypatch, mode):
    [output] = run(tmp_path, mode, monkeypatch).cells[0].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert output.data["text/plain"] == "t · done\n\nOne **answer**."
    assert "<strong>answer</strong>" in output.data["text/html"]


@pytest.mark.parametrize("tampered", [False, True])
def test_nbval_passes_the_answer_and_fails_another(tmp_path, monkeypatch, tampered):
    notebook = run(tmp_path, "static", monkeypatch)
    if tampered:
        notebook.cells[0].source = notebook.cells[0].source.replace("One", "Two")
    path = tmp_path / "saved.ipynb"
    nbformat.write(notebook, path)
    monkeypatch.delenv("COURSE_LIVE")
    options = ["--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path)]
    result = subprocess.run(
        [*command, "-c", "/dev/null", str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (result.returncode == 0) is not tampered, result.stdout
