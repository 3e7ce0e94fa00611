"""What exercises, questions and pictures leave in a saved notebook."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

HERE = Path(__file__).parent
LESSON = """
from course_utils.clock import VirtualClock
from course_utils.teaching import Exercise, expect_equal
from course_utils.plots import curve, table, timeline
from course_utils.teaching import progress
from course_utils.teaching import Predict, Quiz
from course_utils.timing import measure


def collect(stream):
    return "".join(stream)


def check_collect(answer):
    expect_equal(answer(iter("ab")), "ab", "collect(...)")


task = Exercise("collect", check_collect, ["Join."], collect)
question = Predict("Sooner?", [("Yes.", "So."), ("No.", "So.")], "a")
quiz = Quiz([Predict("Why?", [("So.", "So.")], "a")])
"""
STUB = """
def mine(stream):
    raise NotImplementedError


lesson.task.check(mine)
"""
ASYNC = "import asyncio\nawait asyncio.sleep(0)\nlesson.task.check(lesson.collect)"
RUN = "lesson.measure(iter('abc'), title='run')"
CELLS = {
    "import": "import lesson",
    "stub": STUB,
    "wrong": "lesson.task.check(list)",
    "async": ASYNC,
    "hint": "lesson.task.hint()",
    "solution": "lesson.task.solution(reveal=True)",
    "question": "lesson.question",
    "answer": "lesson.question.answer('b')",
    "quiz": "lesson.quiz",
    "progress": "lesson.progress(lesson)",
    "timeline": f"lesson.timeline({RUN}, title='A run')",
    "curve": "lesson.curve([1, 2], {'p50': [0.5, 0.7]}, title='A curve', unit='s')",
    "table": "lesson.table([{'run': 'one', 'first': '0.50 s'}], caption='A table')",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A notebook that was run once in a fresh kernel and saved, and its folder."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "lesson.py").write_text(LESSON)
    cells = [nbformat.v4.new_code_cell(code, id=name) for name, code in CELLS.items()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
    nbformat.write(notebook, folder / "page.ipynb")
    return folder, {cell.id: cell.outputs for cell in notebook.cells}


def plain(output):
    return output["data"]["text/plain"]


@pytest.mark.slow
def test_a_strict_second_run_finds_no_difference(page):
    folder, _ = page
    options = ["-p", "nbval.plugin", "--nbval", "--nbval-current-env", "-q"]
    sanitize = f"--nbval-sanitize-with={HERE.parent / 'sanitize.cfg'}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, sanitize, "page.ipynb"],
        cwd=folder,
        env=os.environ | {"COURSE_SPEED": "20", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert f"{len(CELLS)} passed" in done.stdout, done.stdout


def test_each_message_is_saved_as_text_and_as_html(page):
    _, outputs = page
    expected = {
        "stub": "… Not started. Replace `raise NotImplementedError`.",
        "async": "✓ Correct.",
        "hint": "? Hint 1 of 1. Join.",
        "progress": "1 of 1 exercise · 1 of 2 questions",
    }
    for name, text in expected.items():
        [output] = outputs[name]
        assert plain(output) == text
        assert "<div" in output["data"]["text/html"]


def test_a_question_is_saved_as_text_without_a_widget(page):
    _, outputs = page
    for name in ("question", "quiz"):
        [output] = outputs[name]
        assert set(output["data"]) == {"text/plain", "text/html"}


def test_the_solution_is_saved_as_code(page):
    _, outputs = page
    [output] = outputs["solution"]
    assert output["data"]["text/markdown"].startswith("```python\ndef collect")


def test_a_picture_is_followed_by_its_numbers(page):
    _, outputs = page
    for name in ("timeline", "curve"):
        [picture] = outputs[name]
        assert set(picture["data"]) == {"text/plain", "text/html"}
        assert '<img alt="A ' in picture["data"]["text/html"]
        title, *numbers = plain(picture).splitlines()
        assert title.startswith("A ") and " s" in "".join(numbers)


def test_running_the_page_leaves_the_learners_progress_alone(page):
    folder, _ = page
    assert not (folder / ".course_progress.json").exists()
