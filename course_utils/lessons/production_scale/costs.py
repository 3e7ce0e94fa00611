"""What it costs to show an answer and to send it: measured, and as a formula."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.request import Request

from course_utils.buffering.buffers import Throttle
from course_utils.clock import Clock, VirtualClock
from course_utils.fake.server.server import FakeServer
from course_utils.offline import open_local
from course_utils.plots.table import Table, table

Way = Literal["all, each token", "all, throttled", "new, throttled"]


# A message to a page carries a header: 556 bytes in JupyterLab 4.6, measured.
HEADER = 556


MEASURED = Path(__file__).parents[3] / "benchmarks" / "live.md"


UPDATES_PER_SECOND = 20  # as a throttled widget does


TOKENS_PER_SECOND = 200


def screen_cost(way: Way, tokens: int) -> tuple[int, float]:
    """What showing so many tokens costs: messages, and kilobytes sent.

    The answer comes at 200 tokens a second, and a throttle lets one in ten of them
    through. Each update is one message: a header and the text as JSON.
    """
    clock = VirtualClock()  # it counts tokens, not seconds: whole numbers are exact
    rest = TOKENS_PER_SECOND / UPDATES_PER_SECOND if "throttled" in way else 0.0
    throttle = Throttle(rest, clock)
    messages, size, shown = 0, 0, ""
    for number in range(tokens):
        clock.time = number
        if new := throttle.push(" word"):
            shown += new
            sent = shown if way.startswith("all") else new
            messages += 1
            size += HEADER + len(json.dumps({"value": sent}))
    return messages, round(size / 1000)


def display_costs(tokens: int, measured: Path = MEASURED) -> Table:
    """What `benchmarks/live.md` says that showing so many tokens costs, by way."""
    rows: list[list[str]] = []
    if measured.exists():  # it is in the course's folder, not in the package
        below = measured.read_text("utf-8").partition(f"## {tokens:,} tokens\n")[2]
        lines = below.partition("\n## ")[0].splitlines()
        cells = [line.strip("| ").split(" | ") for line in lines if line[:1] == "|"]
        rows = [
            [way, messages, sent, f"{kernel} s", f"{browser} s"]
            for way, messages, sent, kernel, browser, *_ in cells[2:]
        ]
    return table(
        rows,
        columns=["way", "messages", "bytes per byte of text", "kernel", "browser"],
        caption=f"What showing {tokens:,} tokens costs",
    )


def wire_bytes(answer: str) -> tuple[int, int]:
    """How many bytes a server sends for an answer: at once, and as a stream."""
    asked = {"model": "fake", "messages": [{"role": "user", "content": "Hi"}]}
    head = {"Authorization": "Bearer offline", "Content-Type": "application/json"}
    sizes = []
    with FakeServer(answer) as server:
        for stream in (False, True):
            body = json.dumps({**asked, "stream": stream}).encode()
            request = Request(f"{server.url}/chat/completions", body, head)
            with open_local(request, timeout=30) as response:
                sizes.append(len(response.read()))
    return sizes[0], sizes[1]


def every(seconds: float, clock: Clock) -> Callable[[], bool]:
    """A function that is true when it is time: at once, then after so many seconds."""
    due = float("-inf")

    def time_to_update() -> bool:
        nonlocal due
        if clock.now() < due:
            return False
        due = clock.now() + seconds
        return True

    return time_to_update
