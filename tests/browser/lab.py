"""A real JupyterLab on a free port, and a notebook in it as a reader has it open."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
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
    command += [
        "--expose-app-in-browser",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--ip=127.0.0.1",
    ]
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


# Append a cell to the notebook and run it, as typing and Ctrl+Enter would.
EXECUTE = """
async ([source, wait]) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const cells = notebook.model.sharedModel;
  const number = cells.cells.length;
  cells.insertCell(number, { cell_type: "code", source });
  notebook.activeCellIndex = number;
  const done = window.jupyterapp.commands.execute("notebook:run-cell");
  if (wait) await done;
  return number;
}
"""

ASK_KERNEL = """
async () => {
  const { sessionContext } = window.jupyterapp.shell.currentWidget.context;
  await sessionContext.session.kernel.requestKernelInfo();
}
"""


class OpenNotebook:
    """A notebook in a page: run cells, look at their outputs, save it."""

    def __init__(self, page: Page, address: str, path: Path) -> None:
        self.page = page
        self.path = path
        self.url = f"{address}/lab/tree/{path.name}?token={TOKEN}&reset"

    def open(self) -> "OpenNotebook":
        self.page.goto(self.url)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        self.page.get_by_text("| Idle").wait_for(timeout=90_000)
        return self

    def reload(self) -> None:
        """Load the page anew, as F5 does; the kernel goes on meanwhile."""
        self.page.goto(self.url)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)

    def output(self, number: int) -> Locator:
        panel = ".jp-NotebookPanel:not(.lm-mod-hidden)"
        cell = self.page.locator(f"{panel} .jp-Notebook .jp-Cell").nth(number)
        return cell.locator(".jp-OutputArea").first

    def execute(self, source: str, wait: bool = True) -> Locator:
        """Run this as a new cell at the end; gives its output."""
        return self.output(self.page.evaluate(EXECUTE, [dedent(source).strip(), wait]))

    def wait_for_kernel(self) -> None:
        """Wait for its answer: after an error it refuses cells for a moment."""
        self.page.evaluate(ASK_KERNEL)

    def command(self, name: str, arguments: Any = None) -> None:
        """Run one of JupyterLab's commands."""
        call = "([name, args]) => window.jupyterapp.commands.execute(name, args)"
        self.page.evaluate(call, [name, arguments or {}])

    def save(self) -> Any:
        """Save; gives the notebook as it stands in the file."""
        self.command("docmanager:save")
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
