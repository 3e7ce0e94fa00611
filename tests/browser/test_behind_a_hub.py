"""The live view and the chat's page behind a real JupyterHub and its proxy.

Not part of the default run: it wants JupyterHub, its proxy and root, for its users.

    COURSE_HUB_PROXY=node_modules/.bin/configurable-http-proxy \\
        python -m pytest tests/browser/test_behind_a_hub.py
"""

import os
import re
import tempfile
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

PROXY = os.environ.get("COURSE_HUB_PROXY", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PROXY or util.find_spec("jupyterhub") is None,
        reason="no JupyterHub here: install it, and name its proxy in COURSE_HUB_PROXY",
    ),
]
SHOW = """
import time
from course_utils import show
def slow():
    for word in "A stream is a promise of more to come.".split():
        time.sleep(0.4)
        yield word + " "
show(slow())
"""
CHAT = """
import sys; sys.path.insert(0, "/COURSE/notebooks")
import socket, threading, uvicorn
from chat.app import create
with socket.create_server(("127.0.0.1", 0)) as probe:
    port = probe.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(create(), port=port, log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
print("port", port)
"""


@pytest.fixture(scope="module")
def learner(browser: Browser) -> Iterator[tuple[Page, str]]:
    """A learner who has logged in with the hub's form and sees JupyterLab."""
    from benchmarks.hub.__main__ import hub

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "homes").mkdir()
        with hub(PROXY, folder) as (address, _):
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            page.goto(f"{address}/hub/login")
            page.get_by_label("Username:").fill("learner-1")
            page.get_by_label("Password:").fill("any")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(re.compile("/user/learner-1/lab"), timeout=120_000)
            yield page, f"{address}/user/learner-1"
            page.close()


def run(page: Page, server: str, source: str, name: str) -> None:
    """Open a notebook with one cell, made through the server's own API, and run it."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source.strip())]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    page.evaluate(PUT, [f"{server}/api/contents/{name}", nbformat.writes(notebook)])
    page.goto(f"{server}/lab/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    page.get_by_text("| Idle").wait_for(timeout=120_000)
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Control+Enter")


PUT = """
async ([url, notebook]) => {
  const xsrf = document.cookie.match(/_xsrf=([^;]+)/);
  const body = { type: "notebook", format: "json", content: JSON.parse(notebook) };
  const answer = await fetch(url, { method: "PUT", body: JSON.stringify(body),
    headers: { "X-XSRFToken": xsrf ? xsrf[1] : "" } });
  if (!answer.ok) throw new Error(await answer.text());
}
"""


def test_text_grows_live_and_ends_as_a_whole_answer(learner):
    page, server = learner
    run(page, server, SHOW, "live.ipynb")
    output = page.locator(".jp-OutputArea").first
    expect(output.locator("section.course-live")).to_be_visible(timeout=60_000)
    expect(output).to_contain_text("A stream is", timeout=30_000)
    expect(output).to_contain_text("promise of more to come.", timeout=60_000)


def test_the_chats_page_answers_behind_the_hub(learner):
    page, server = learner
    root = str(Path(__file__).resolve().parents[2])
    run(page, server, CHAT.replace("/COURSE", root), "chat.ipynb")
    output = page.locator(".jp-OutputArea").first
    expect(output).to_contain_text("port ", timeout=60_000)
    port = re.findall(r"port (\d+)", output.inner_text())[0]
    page.goto(f"{server}/proxy/{port}/")
    page.get_by_role("textbox").fill("What is a stream?")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("done", timeout=60_000)
    assert len(page.locator("#answer").inner_text()) > 20
