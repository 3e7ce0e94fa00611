"""The page as one on a Hub or on Binder gets it: through jupyter-server-proxy.

Two faults of the proxy are lived with. It collects an answer until it is whole, unless
the request accepts exactly `text/event-stream`; and it does not tell the app that a
reader has left, so to stop is a request of its own.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browser.lab import TOKEN, free_port, wait_for
from tests.chat.page.person import Person, Puppet
from tests.chat.site import SESSION
from tests.support.watched import PATIENCE

pytestmark = pytest.mark.slow

pytest.importorskip("jupyter_server_proxy")


@pytest.fixture(scope="module", params=["/", "/user/me/"])
def proxied(
    request: Any, served: tuple[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any]]:
    """The chat's address behind a real Jupyter server."""
    address, chat = served
    port, folder = free_port(), tmp_path_factory.mktemp("jupyter")
    base = request.param
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
    command += [f"--ServerApp.base_url={base}", f"--IdentityProvider.token={TOKEN}"]
    command += ["--ServerApp.jpserver_extensions", "jupyter_server_proxy=True"]
    env = os.environ | {"JUPYTER_CONFIG_DIR": str(folder)}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    jupyter = f"http://127.0.0.1:{port}{base}"
    try:
        wait_for(f"{jupyter}api?token={TOKEN}", server)
        yield f"{jupyter}proxy/{address.rpartition(':')[2]}", chat
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.fixture
def guest(proxied: tuple[str, Any], browser: Browser) -> Iterator[Person]:
    """Somebody who has opened the page there."""
    address, chat = proxied
    model = Puppet()
    chat.ask = model.ask
    context = browser.new_context()
    found = Person(context.new_page(), address, chat, model)
    found.page.goto(f"{address}/?token={TOKEN}")
    found.sees("waiting for a question")
    yield found
    model.end()
    context.close()
    assert found.complaints == []


def test_an_answer_grows_and_a_reload_reads_on(guest):
    guest.ask()
    guest.model.say("One **tw")
    guest.reads("One tw")
    guest.page.reload()
    guest.reads("One tw")
    guest.model.say("o**")
    guest.reads("One two")
    guest.model.finish()
    guest.sees("done")
    assert len(guest.model.asked) == 1


def test_stop_stops_the_model(guest):
    guest.ask()
    guest.model.say("One")
    guest.reads("One")
    guest.page.keyboard.press("Escape")
    guest.sees("stopped")
    assert guest.model.closed.wait(PATIENCE)


def asked(proxied: tuple[str, Any], accept: str, model: Puppet, wait: float) -> Any:
    """A question of a client that is no page; the model says one word and thinks."""
    address, chat = proxied
    chat.ask = model.ask
    threading.Thread(target=model.say, args=("One",)).start()  # as soon as it is asked
    cookie = f"chat_session={SESSION}"
    headers = {"Accept": accept, "Cookie": cookie, "Authorization": f"token {TOKEN}"}
    request = {"json": {"text": "Hi"}, "headers": headers, "timeout": wait}
    return httpx.stream("POST", f"{address}/chat", **request)


def test_text_comes_at_once_for_who_accepts_exactly_events(proxied):
    model = Puppet()
    with asked(proxied, "text/event-stream", model, PATIENCE) as response:
        lines = response.iter_lines()
        assert any("One" in line for line in lines)  # while the model goes on
        model.finish()
        assert any("done" in line for line in lines)


def test_for_anybody_else_it_is_collected_until_it_is_whole(proxied):
    model = Puppet()
    asking = asked(proxied, "text/event-stream, */*", model, 1.0)
    with pytest.raises(httpx.ReadTimeout), asking:
        pass
    model.end()
