"""Chromium and JupyterLab for the browser tests; they are skipped without Chromium."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.lab import OpenNotebook, lab_server, write_notebook

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NUMBERS = itertools.count()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, closed before other tests run: Playwright holds this thread's loop."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt install chromium runs these tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One JupyterLab for all tests: its address and its folder."""
    folder = tmp_path_factory.mktemp("lab")
    with lab_server(folder) as address:
        yield address, folder


@pytest.fixture(scope="package")
def open_notebook(
    lab: tuple[str, Path], browser: Browser
) -> Iterator[Callable[..., OpenNotebook]]:
    """A function that opens a new notebook in a page of its own."""
    address, folder = lab
    contexts = []

    def open_new(source: str = "", **options: Any) -> OpenNotebook:
        path = folder / f"notebook-{next(NUMBERS)}.ipynb"
        write_notebook(path, [source])
        size = {"width": 1000, "height": 800}
        contexts.append(browser.new_context(viewport=size, **options))
        notebook = OpenNotebook(contexts[-1].new_page(), address, path).open()
        notebook.execute(PRELUDE)
        return notebook

    yield open_new
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def shared(open_notebook: Callable[..., OpenNotebook]) -> OpenNotebook:
    """One open notebook for all tests that leave it as they find it."""
    return open_notebook()


@pytest.fixture(autouse=True)
def screenshot_on_failure(
    request: pytest.FixtureRequest, browser: Browser
) -> Iterator[None]:
    """Keep a picture of every open page if the test fails."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before:
        folder = Path(__file__).parents[1] / "shots"
        folder.mkdir(exist_ok=True)
        for i, context in enumerate(browser.contexts):
            for page in context.pages:
                page.screenshot(path=folder / f"{request.node.name}-{i}.png")


PRELUDE = """
import asyncio, time, threading
from course_utils import FakeStreamingChatModel, Reply, race, show, StreamView
from course_utils.lessons import full_responses  # it loads the page's code

def drip(text, wait=0.02, size=4, silence=0):
    for i in range(0, len(text), size):
        time.sleep(wait)
        yield text[i:i + size]
    time.sleep(silence)

async def adrip(text, wait=0.02, size=4, silence=0):
    for i in range(0, len(text), size):
        await asyncio.sleep(wait)
        yield text[i:i + size]
    await asyncio.sleep(silence)
"""
