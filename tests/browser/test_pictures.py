"""Pictures in a real JupyterLab: a text for each, and readable in every theme."""

from collections.abc import Callable

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.browser.lab import OpenNotebook
from tests.browser.test_live_for_all import theme

pytestmark = pytest.mark.slow

DRAW = """
from course_utils import curve, measure, table, timeline

timeline(measure(iter("abc"), title="letters"), title="Three letters & no more")
"""
TITLE = "Three letters & no more"


@pytest.mark.parametrize("name", ["JupyterLab Dark", "JupyterLab Light"])
def test_a_picture_has_its_text_in_every_theme(shared: OpenNotebook, name: str):
    theme(shared, name)
    output = shared.execute(DRAW)
    picture = output.get_by_role("img", name=TITLE, exact=True)
    expect(picture).to_be_visible()
    width, natural = picture.evaluate("(i) => [i.clientWidth, i.naturalWidth]")
    assert 300 < width <= natural / 2, "two dots for each pixel of the page"
    expect(output.locator("p")).to_contain_text("letters: first token")
    expect(output.locator("img:not([alt])")).to_have_count(0)


def test_a_notebook_that_nobody_trusts_shows_its_pictures_as_well(
    open_notebook: Callable[..., OpenNotebook],
):
    notebook = open_notebook()
    notebook.execute(DRAW)
    notebook.save()
    saved = nbformat.read(notebook.path, as_version=4)
    for cell in saved.cells:
        cell.metadata.pop("trusted", None)
    saved.metadata["signature"] = "none"
    copy = notebook.path.with_name("of-a-stranger.ipynb")
    nbformat.write(saved, copy)
    address = notebook.url.split("/lab/")[0]
    stranger = OpenNotebook(notebook.page, address, copy).open()
    expect(stranger.page.get_by_role("img", name=TITLE, exact=True)).to_be_visible()

    html, _ = HTMLExporter().from_notebook_node(saved)
    assert f'alt="{TITLE.replace("&", "&amp;")}"' in html
