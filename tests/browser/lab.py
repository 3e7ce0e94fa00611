"""A real JupyterLab on a free port, and a notebook in it as a reader has it open."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

TOKEN = "browser-tests"
KERNEL_ENV = {"COURSE_SPEED": "1", "COURSE_LIVE": "live"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def lab_server(folder: Path) -> Iterator[str]:
    """Start JupyterLab in `folder`; gives its address."""
    port = free_port()
    settings = folder / "settings"
    write_settings(settings)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    command += [f"--LabApp.user_settings_dir={settings}"]
    command += [f"--LabApp.workspaces_dir={folder / 'workspaces'}"]
    env = {k: v for k, v in os.environ.items() if k != "PYTEST_VERSION"}
    env |= KERNEL_ENV | {"JUPYTER_CONFIG_DIR": str(folder / "config")}
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api?token={TOKEN}", server)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def write_settings(settings: Path) -> None:
    """No news pop-up, no autosave in the middle of a test."""
    plugins = {
        "apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false"},
        "docmanager-extension/plugin.jupyterlab-settings": {"autosave": False},
    }
    for name, values in plugins.items():
        path = settings / "@jupyterlab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("JupyterLab did not start: see lab.log")
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("JupyterLab did not answer in a minute")


class OpenNotebook:
    """A notebook in a page: run its cells, look at its outputs, save it."""

    def __init__(self, page: Page, address: str, path: Path) -> None:
        self.page = page
        self.path = path
        self.url = f"{address}/lab/tree/{path.name}?token={TOKEN}&reset"

    def open(self) -> "OpenNotebook":
        self.page.goto(self.url)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.wait_idle()
        return self

    def wait_idle(self, timeout: float = 60_000) -> None:
        self.page.get_by_text("| Idle").wait_for(timeout=timeout)

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-OutputArea").first

    def run(self, number: int, wait: bool = True) -> Locator:
        """Run one cell as Shift+Enter does."""
        prompt = self.cell(number).locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        prompt.click()
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.wait_done(number, before)
        return self.output(number)

    def wait_done(self, number: int, before: str = "") -> None:
        """Wait until a cell has a number, and another than before."""
        prompt = self.cell(number).locator(".jp-InputPrompt").first
        for _ in range(600):
            if re.match(r"\[\d+]", text := prompt.inner_text()) and text != before:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"cell {number} did not end: {prompt.inner_text()}")

    def interrupt(self) -> None:
        self.page.keyboard.press("i")
        self.page.keyboard.press("i")

    def save(self) -> Any:
        """Save; gives the notebook as it stands in the file."""
        before = self.path.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        for _ in range(100):
            self.page.wait_for_timeout(50)
            if self.path.stat().st_mtime_ns != before:
                break
        return nbformat.read(self.path, as_version=4)


def write_notebook(path: Path, cells: list[str]) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    nbformat.write(notebook, path)
