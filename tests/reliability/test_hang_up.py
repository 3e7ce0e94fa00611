"""A thread that waits on a socket can be hung up on, whatever HTTP client it uses."""

import threading
import time
from typing import Any

import httpx
import httpx2
import pytest

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from course_utils.reliability.hang_up import hang_up, socket_of

ASK = {"model": "fake", "stream": True, "messages": [{"role": "user", "content": "?"}]}
SILENCE = Reply("one two three", per_token=0, stall_after=1)
CHANGED = "the HTTP client keeps its socket elsewhere now: see reliability/hang_up.py"


def read(client: Any, url: str) -> None:
    head = {"Authorization": "Bearer offline"}
    at = f"{url}/chat/completions"
    try:
        with client.stream("POST", at, json=ASK, headers=head) as response:
            list(response.iter_lines())
    except Exception:
        return  # hung up


@pytest.mark.parametrize("http", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_the_socket_of_a_waiting_thread_is_found_and_shut(http):
    with FakeServer(SILENCE) as server, http.Client(timeout=60) as client:
        thread = threading.Thread(target=read, args=(client, server.url))
        thread.start()
        end = time.monotonic() + 10
        while socket_of(thread) is None:
            assert time.monotonic() < end and thread.is_alive(), CHANGED
        while thread.is_alive():
            assert time.monotonic() < end, CHANGED
            hang_up(thread)
            thread.join(0.02)


def test_a_thread_that_waits_on_no_socket_is_left_alone():
    hang_up(threading.current_thread())
    hang_up(threading.Thread())  # has not begun
