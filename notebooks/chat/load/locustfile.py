"""A reader for Locust: time to first text, gaps, and whether the answer was whole.

Locust's own `iter_lines` waits for 1,024 bytes, so with it the first text seems to be
late by seconds. This reader takes each line when it has come.
"""

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from urllib.parse import urlsplit

import gevent
from locust import User, constant, events, task

FIRST, GAP, WHOLE = "first text", "gap", "whole answer"
PATIENCE = 60  # seconds for a sign of life


def clock_on_time(**kwargs: object) -> None:
    """Else the run's time begins with the imports: gevent's clock stood meanwhile."""
    gevent.get_hub().loop.update_now()


events.init.add_listener(clock_on_time)


class NotWhole(Exception):
    """An answer without a `done`, or none at all."""


class Reader(User):
    """Asks, reads to the end, and asks again: each time something new."""

    wait_time = constant(0.1)
    questions = count(time.time_ns())  # no question twice: else the cache answers

    @task
    def read(self) -> None:
        """Read one answer, and tell Locust three kinds of things."""
        begin = last = time.perf_counter()
        texts, end = 0, "nothing"
        try:
            for end in self.events():
                now = time.perf_counter()
                if end == "text":
                    self.tell(GAP if texts else FIRST, now - last)
                    texts, last = texts + 1, now
        except OSError as error:
            end = type(error).__name__
        fault = None if end == "done" else NotWhole(f"the last event was {end}")
        self.tell(WHOLE, time.perf_counter() - begin, fault)

    def events(self) -> Iterator[str]:
        """The names of the events of one answer, each as soon as it is there."""
        address = urlsplit(self.host or "")
        connection = HTTPConnection(address.netloc, timeout=PATIENCE)
        body = json.dumps({"text": f"Question {next(self.questions)}"})
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        try:
            path = f"{address.path.rstrip('/')}/chat"
            connection.request("POST", path, body, headers)
            yield from names(connection.getresponse())
        finally:
            connection.close()

    def tell(self, name: str, seconds: float, fault: Exception | None = None) -> None:
        """One measurement for Locust's statistics."""
        self.environment.events.request.fire(
            request_type="SSE",
            name=name,
            response_time=1000 * seconds,
            response_length=0,
            exception=fault,
            context={},
        )


def names(response: HTTPResponse) -> Iterator[str]:
    """The name of each event, or `status 503` for a refusal."""
    if response.status != 200:
        yield f"status {response.status}"
        return
    while line := response.readline():
        if line.startswith(b"event: "):
            yield line[7:].strip().decode()
