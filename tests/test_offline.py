"""The course stays on this machine; the package leaves a program as it is."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_utils.offline import TRACING

ROOT = Path(__file__).resolve().parents[1]
NOTHING = "http://127.0.0.1:9"  # nobody listens there
SETTINGS = (*TRACING, "LANGCHAIN_HANDLER", "NO_PROXY", "no_proxy", "COURSE_LIVE")

CALL = """
from course_utils import FakeStreamingChatModel
from langchain_core.tracers.langchain import wait_for_all_tracers

print(FakeStreamingChatModel(replies="hello", per_token=0).invoke("Hi").text)
wait_for_all_tracers()
"""
# LangSmith remembers what the shell said: a program may have asked it before a lesson.
REMEMBER = "from langsmith.utils import tracing_is_enabled; tracing_is_enabled()\n"
LESSON = "from course_utils.lessons import full_responses as lesson\n"
SERVER = """
from course_utils import FakeServer
from langchain_openai import ChatOpenAI

with FakeServer(replies="hello") as server:
    model = ChatOpenAI(model="fake", base_url=server.url, api_key="offline")
    print(model.invoke("Hi").text)
"""


@pytest.fixture
def traces() -> Iterator[ThreadingHTTPServer]:
    """A tracing service on this machine, which counts what it is sent."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.server.heard.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.heard = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def said(*command: object, service: str = NOTHING, **shell: str) -> str:
    """What a program prints that is started in such a shell."""
    env = {name: text for name, text in os.environ.items() if name not in SETTINGS}
    env |= {"LANGSMITH_API_KEY": "none", "LANGSMITH_ENDPOINT": service, **shell}
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", [*TRACING, "LANGCHAIN_HANDLER"])
def test_a_lesson_traces_nothing_whatever_the_shell_holds(traces, name):
    code = REMEMBER + LESSON + CALL
    assert said("-c", code, service=traces.url, **{name: "true"}) == "hello\n"
    assert traces.heard == []


def test_the_check_traces_nothing(traces):
    shell = dict.fromkeys(TRACING, "true")
    said("-P", "start.py", "check", service=traces.url, **shell)
    assert traces.heard == []


def test_outside_the_lessons_a_user_is_traced_who_asked_for_it(traces):
    shell = {"LANGSMITH_TRACING": "true", "NO_PROXY": "127.0.0.1"}
    assert said("-c", CALL, service=traces.url, **shell) == "hello\n"
    assert traces.heard


def test_a_proxy_in_the_shell_does_not_stand_before_a_lessons_server():
    shell = {"HTTP_PROXY": NOTHING, "HTTPS_PROXY": NOTHING, "no_proxy": "example.org"}
    assert said("-c", LESSON + SERVER, **shell) == "hello\n"


@pytest.mark.parametrize(
    "proxy",
    [
        "socks://h:1",
        "SOCKS4://h",
        "ftp://h:1",
        "http://[::1",
        "http://h:many",
        "file:///x",
    ],
)
@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy"])
def test_a_proxy_that_nobody_can_speak_to_does_not_stop_a_lesson(name, proxy):
    assert said("-c", LESSON + SERVER, **{name: proxy}) == "hello\n"


LOOK = """
import json, os, threading
before = dict(os.environ)
from course_utils import reliable
after = dict(os.environ)
threads = [thread.name for thread in threading.enumerate()]
print(json.dumps([before == after, threads]))
"""


@pytest.mark.parametrize("live", ["", "live"])
def test_nothing_happens_at_the_import_of_a_part(live):
    shell = {"LANGSMITH_TRACING": "true", "COURSE_LIVE": live}
    same, threads = json.loads(said("-c", LOOK, **shell))
    assert same and threads == ["MainThread"]


def test_a_lesson_lets_a_live_page_load_its_code_before_the_first_stream():
    look = (
        "from course_utils.live.page.feeder import feeder; print(feeder.cache_info())"
    )
    assert "currsize=1" in said("-c", LESSON + look, COURSE_LIVE="live")
