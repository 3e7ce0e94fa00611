"""Where no live widget is to be had, text streams plainly and nothing breaks.

A real kernel, spoken to as VS Code, Notebook 7 or a console speaks to it: by the
protocol alone. No page answers the widgets' messages.
"""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import run_kernel

from course_utils.lessons.course import LESSONS
from course_utils.teaching import Predict

WORDS = "Streams arrive word by word, and each of them is here."
MODEL = f"""
import sys
from course_utils import *
model = FakeStreamingChatModel(replies=[{WORDS!r}], per_token=0.02)
"""
SLOW = f"FakeStreamingChatModel(replies=[{WORDS!r}], per_token=0.3)"
BARRED = "import sys; sys.modules['anywidget'] = sys.modules['ipywidgets'] = None"
TOOLS = {
    "show": "view = show(model.stream('hi'))",
    "race": "race(a=model.stream('hi'), b=model.stream('hi'))",
    "await": "view = await show(model.astream('hi'))",
}
DOORS = {
    "no page answers": ("", {"COURSE_SPEED": "1"}),
    "text is asked for": ("", {"COURSE_LIVE": "text"}),
    "no widget is installed": (BARRED, {}),
}


class Cell(NamedTuple):
    """What a cell gave back: its status, and each message that a reader sees."""

    status: str
    shown: list[tuple[str, str]]

    @property
    def text(self) -> str:
        """What stands under the cell at its end, as plain text."""
        printed = "".join(text for kind, text in self.shown if kind == "stream")
        displayed = [text for kind, text in self.shown if kind != "stream"]
        return printed + (displayed or [""])[-1]


def ran(client: BlockingKernelClient, code: str) -> Cell:
    shown: list[tuple[str, str]] = []

    def see(message: dict[str, Any]) -> None:
        content = message["content"]
        if "text" in content:
            shown.append((message["msg_type"], content["text"]))
        elif "text/plain" in content.get("data", {}):
            shown.append((message["msg_type"], content["data"]["text/plain"]))

    reply = client.execute_interactive(code, timeout=60, output_hook=see)
    return Cell(reply["content"].get("evalue", "ok"), shown)


@pytest.fixture(params=DOORS, scope="module")
def client(request) -> Iterator[BlockingKernelClient]:
    before, settings = DOORS[request.param]
    shell = {
        k: v
        for k, v in os.environ.items()
        if k not in ("PYTEST_VERSION", "COURSE_LIVE")
    }
    with run_kernel(env=shell | settings) as kernel:
        assert ran(kernel, before).status == "ok"
        assert ran(kernel, MODEL).status == "ok"
        yield kernel


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_the_text_is_there_at_the_end(client, tool):
    cell = ran(client, TOOLS[tool])
    assert cell.status == "ok"
    assert WORDS in cell.text


@pytest.mark.slow
def test_the_text_comes_while_the_cell_runs(client):
    cell = ran(client, f"view = show({SLOW}.stream('hi'))")
    assert WORDS in cell.text
    assert len(cell.shown) > 2


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.__name__)
def test_every_question_can_be_read_and_answered(client, lesson):
    name = lesson.__name__
    found = [n for n, value in vars(lesson).items() if isinstance(value, Predict)]
    ran(client, f"import {name} as lesson")
    for question in found:
        asked = ran(client, f"lesson.{question}")
        assert asked.status == "ok" and f'lesson.{question}.answer("a")' in asked.text
        assert ran(client, f"lesson.{question}.answer('a')").status == "ok"
