"""A new version without a loss: uvicorn replaces its workers, and answers go on."""

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from course_utils.serving import read_sse
from tests.chat.site import text_in
from tests.support.servers import takes_a_minute
from tests.support.servers.chat import Worker, running
from tests.support.servers.redis import redis_server
from tests.support.watched import PATIENCE

pytestmark = [
    takes_a_minute,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP"),
]


class Asker:
    """Asks, and reads to the end."""

    def __init__(self, address):
        self.client = httpx.Client(base_url=address, timeout=PATIENCE)
        self.begun = threading.Event()
        self.events = []

    def run(self, question):
        """Ask; all that came."""
        ask = {"json": {"text": question}}
        with self.client, self.client.stream("POST", "/chat", **ask) as response:
            assert response.status_code == 200
            for event in read_sse(response.iter_bytes()):
                self.events.append(event)
                self.begun.set()
        return self.events


def test_a_reload_of_all_workers_loses_no_answer():
    with redis_server() as redis:
        options = {"redis": redis.url, "per_token": 0.05, "drain": 15}
        worker = Worker(
            "--workers", "2", "--timeout-graceful-shutdown", "20", **options
        )
        with running(worker), ThreadPoolExecutor() as pool:
            askers = [Asker(worker.address) for _ in range(4)]
            asked = [
                pool.submit(asker.run, f"Question {number}")
                for number, asker in enumerate(askers)
            ]
            assert all(asker.begun.wait(PATIENCE) for asker in askers)
            worker.signal(signal.SIGHUP)
            answers = [one.result(2 * PATIENCE) for one in asked]
            after = Asker(worker.address).run("And after it?")
    for events in [*answers, after]:
        assert events[-1].event == "done"
        numbers = [int(event.id.rpartition(".")[2]) for event in events]
        assert numbers == list(range(1, len(events) + 1))
        assert text_in(events)
