"""What the page shows, the file holds, whatever happens meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import OpenNotebook

SECONDS = 1000
TEXT = "before " * 20
WHOLE = TEXT + "after"
SO_FAR = "streaming when it was saved"

pytestmark = pytest.mark.slow
expect.set_options(timeout=20 * SECONDS)

# A stream that goes on only when the test says so.
HALVES = """
from pathlib import Path

async def halves(flag):
    yield "before " * 20
    while not Path(flag).exists():
        await asyncio.sleep(0.05)
    yield "after"
"""


def live(output: Locator) -> Locator:
    return output.locator("section.course-live")


@pytest.fixture
def half(
    open_notebook: Callable[..., OpenNotebook], tmp_path: Path
) -> tuple[OpenNotebook, Locator, Path]:
    """A notebook whose cell 3 streams, and the file that lets it go on."""
    notebook, flag = open_notebook(), tmp_path / "flag"
    notebook.execute(HALVES)
    output = notebook.execute(
        f"await show(halves({str(flag)!r}), title='t')", wait=False
    )
    expect(live(output)).to_contain_text("before before")
    return notebook, output, flag


def saved_texts(notebook: OpenNotebook) -> list[str]:
    """The text of each saved output; there must be no widget in any."""
    outputs: list[Any] = [
        o for c in notebook.save().cells for o in c.get("outputs", [])
    ]
    shown = [o for o in outputs if o.output_type == "display_data"]
    assert all(set(o.data) == {"text/html", "text/plain"} for o in shown)
    assert all(
        words in o.data["text/html"] for o in shown for words in ("<p", "before")
    )
    return [o.data["text/plain"] for o in shown]


def test_a_save_in_mid_stream_holds_the_text_so_far_and_says_so(half):
    notebook, output, flag = half
    [text] = saved_texts(notebook)
    assert TEXT.strip() in text and SO_FAR in text
    expect(live(output)).to_contain_text("streaming")  # and the view goes on
    flag.touch()
    expect(live(output)).to_have_count(0)
    [text] = saved_texts(notebook)
    assert WHOLE in text and SO_FAR not in text


def test_a_reload_in_mid_stream_goes_on_and_is_saved_whole(half):
    notebook, _, flag = half
    notebook.save()
    notebook.reload()
    after = notebook.output(3)
    expect(live(after)).to_contain_text("before before", timeout=60 * SECONDS)
    flag.touch()
    expect(live(after)).to_have_count(0)
    expect(after.locator("p")).to_have_text(WHOLE)
    assert WHOLE in saved_texts(notebook)[0]


def test_a_reload_after_the_kernel_is_gone_shows_what_was_saved(half):
    notebook, _, _ = half
    notebook.save()
    kill = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
    notebook.page.evaluate(kill)
    notebook.reload()
    after = notebook.output(3)
    expect(after.locator("p")).to_have_text(TEXT.strip(), timeout=60 * SECONDS)
    expect(after).to_contain_text(SO_FAR)


def test_a_restart_of_the_kernel_leaves_the_text_in_the_notebook(half):
    notebook, output, _ = half
    restart = (
        "() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()"
    )
    notebook.page.evaluate(restart)
    expect(output).to_contain_text("cut: the kernel died")
    expect(output.locator("p")).to_have_text(TEXT.strip())
    [text] = saved_texts(notebook)
    assert "cut: the kernel died" in text and TEXT.strip() in text


@pytest.mark.parametrize(
    ("commands", "cell"),
    [
        (["notebook:move-cell-up"], 2),
        (["notebook:delete-cell", "notebook:undo-cell-action"], 3),
    ],
    ids=["moved", "deleted and brought back"],
)
def test_a_cell_on_the_way_keeps_its_answer(half, commands: list[str], cell: int):
    notebook, _, flag = half
    notebook.page.wait_for_timeout(
        1000
    )  # else Lab's undo takes back more than one step
    for command in commands:
        notebook.command(command)
    output = notebook.output(cell)
    expect(live(output)).to_contain_text("before before")
    flag.touch()
    expect(live(output)).to_have_count(0)
    expect(output.locator("p")).to_have_text(WHOLE)
    assert WHOLE in saved_texts(notebook)[0]


def test_the_copy_of_a_live_output_ends_as_the_answer(half):
    notebook, output, flag = half
    notebook.command("notebook:copy-cell")
    notebook.command("notebook:paste-cell-below")
    copy = notebook.output(4)
    expect(live(copy)).to_contain_text("before before")
    flag.touch()
    for each in (output, copy):
        expect(live(each)).to_have_count(0)
        expect(each.locator("p")).to_have_text(WHOLE)
    assert [WHOLE in text for text in saved_texts(notebook)] == [True, True]
