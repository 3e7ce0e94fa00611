"""The course stays on this machine."""

import os
import subprocess
import sys

SHELL = {
    "LANGSMITH_TRACING": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "no_proxy": "example.org",
}
ASK = """
from course_utils import FakeServer
from langchain_openai import ChatOpenAI
from langsmith.utils import tracing_is_enabled

with FakeServer(replies="hello") as server:
    model = ChatOpenAI(model="fake", base_url=server.url, api_key="offline")
    print(model.invoke("Hi").text, tracing_is_enabled())
"""


def test_a_proxy_and_tracing_in_the_shell_do_not_touch_the_course() -> None:
    environment = {**os.environ, **SHELL}
    environment.pop("NO_PROXY", None)
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "hello False\n", done.stderr
