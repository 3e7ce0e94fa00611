"""What it costs to show an answer and to send it: measured, and as a formula."""

import json
import subprocess
import sys
from collections.abc import Callable
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


UPDATES_PER_SECOND = 10  # as `show` does


TOKENS_PER_SECOND = 200


def screen_cost(way: Way, tokens: int) -> tuple[int, float]:
    """What showing so many tokens costs: messages, and kilobytes sent.

    The answer comes at 200 tokens a second, and a throttle lets one in twenty of
    them through. Each update is one message: a header and the text as JSON.
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


def wire_bytes(answer: str) -> tuple[int, int]:
    """How many bytes a server sends for an answer: at once, and as a stream."""
    question = {"model": "fake", "messages": [{"role": "user", "content": "Hi"}]}
    head = {"Authorization": "Bearer offline", "Content-Type": "application/json"}
    sizes = []
    with FakeServer(answer) as server:
        for stream in (False, True):
            body = json.dumps({**question, "stream": stream}).encode()
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


# In a process of its own: `gc.freeze` is for good, and a kernel wants its collector.
_COLLECT = """
import gc, json, time
import fastapi, langchain.agents, langchain_openai
from course_utils import tune_gc

def full_collection():
    begin = time.perf_counter()
    garbage = gc.collect()
    return len(gc.get_objects()), garbage, time.perf_counter() - begin

gc.collect()
before = full_collection()
tune_gc()
print(json.dumps([before, full_collection()]))
"""


def collector_pauses() -> Table:
    """How many objects a full collection looks at, and how long it stops a server."""
    output = subprocess.run(
        [sys.executable, "-c", _COLLECT], capture_output=True, text=True, check=True
    ).stdout
    names = ("as it starts", "after tune_gc()")
    return table(
        [
            (name, _about(count), garbage, _in_ms(pause))
            for name, (count, garbage, pause) in zip(
                names, json.loads(output), strict=True
            )
        ],
        columns=["the server", "objects searched", "garbage", "one full collection"],
        caption="How long does one collection stop a server that does nothing?",
    )


def _in_ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.001 else "under 1 ms"


def _about(count: int) -> str:
    """The nearest power of ten below, which is the same on every machine."""
    return (
        f"over {10 ** (len(str(count)) - 1):,}" if count >= 10_000 else "under 10,000"
    )
