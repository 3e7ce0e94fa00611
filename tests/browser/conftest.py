"""Chromium and JupyterLab for the browser tests; they are skipped without Chromium."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.lab import OpenNotebook, lab_server, write_notebook

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt install chromium runs these tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One JupyterLab for all tests: its address and its folder."""
    folder = tmp_path_factory.mktemp("lab")
    with lab_server(folder) as address:
        yield address, folder


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    yield context
    context.close()


@pytest.fixture
def notebook(
    lab: tuple[str, Path], context: BrowserContext
) -> Callable[..., OpenNotebook]:
    """A function that opens a notebook with these cells."""

    def open_cells(*cells: str) -> OpenNotebook:
        address, folder = lab
        path = folder / f"notebook-{next(NUMBERS)}.ipynb"
        write_notebook(path, list(cells))
        return OpenNotebook(context.new_page(), address, path).open()

    return open_cells
