"""The app as a process: what SIGTERM does to an open answer, and what is written."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from course_utils.serving import read_sse
from tests.browser.lab import free_port
from tests.chat.site import text_in
from tests.support.watched import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM"),
]

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a question of mine"


@contextmanager
def process(log: Path, **settings: str) -> Iterator[tuple[Any, str]]:
    """The server as its user starts it, and its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "chat.app:create"]
    command += ["--app-dir", "notebooks", f"--port={port}"]
    env = os.environ | settings | {"COURSE_SPEED": "1"}
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"
    try:
        transport = httpx.HTTPTransport(retries=0)
        wait_until_ready(address, transport)
        yield server, address
    finally:
        server.kill()
        server.wait(PATIENCE)


def wait_until_ready(address: str, transport: httpx.HTTPTransport) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE * 10):
        try:
            assert httpx.get(f"{address}/ready").status_code == 200
        except httpx.TransportError:
            pause.wait(0.1)
        else:
            return
    raise RuntimeError("the chat did not start")


@pytest.mark.parametrize(
    ("settings", "end"),
    [
        ({"CHAT_PER_TOKEN": "0.05", "CHAT_DRAIN": "20"}, "done"),
        ({"CHAT_PER_TOKEN": "5", "CHAT_DRAIN": "0.3"}, "error"),
    ],
)
def test_sigterm_gives_an_open_answer_its_time_and_then_an_honest_end(
    settings, end, tmp_path
):
    log = tmp_path / "log"
    with process(log, **settings) as (server, address):
        asking = {"json": {"text": SECRET}, "timeout": PATIENCE}
        with httpx.stream("POST", f"{address}/chat", **asking) as response:
            events = read_sse(response.iter_lines())
            found = [next(events)]
            server.send_signal(signal.SIGTERM)
            found += events
        assert server.wait(PATIENCE) in (0, -signal.SIGTERM)
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{address}/chat", **asking)
    assert text_in(found)
    assert found[-1].event == end
    told = json.loads(found[-1].data)
    assert told.get("type") == ("ServerShutdown" if end == "error" else None)
    written = log.read_text()
    assert "answer " in written
    for part in (SECRET, response.headers["location"][5:], "Traceback"):
        assert part not in written
