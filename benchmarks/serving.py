"""What a token costs a server, and how many streams one core holds, in several ways.

A server of its own runs on one core and a bare reader on another. All ways run in the
same minutes and take turns, with Python's garbage collector tuned for all or for none.

    python benchmarks/serving.py > benchmarks/serving.md
"""

import argparse
import os
import platform
import re
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
STREAMS, TOKENS = 60, 60
STARTS = 100
LATE = 50.0  # milliseconds that the 99th percentile may be late
DUE = re.compile(rb"(\d+\.\d{4}) ")
TUNED, PLAIN = "tuned", "as it comes"
WAYS = {
    "raw": "a raw ASGI loop, no model",
    "plain": "`StreamingResponse`, the bare model",
    "text-events": "`astream_events` v2 of a chain, its text",
    "whole-events": "`astream_events` v2 of a chain, whole",
    "model": "`sse_response`, the bare model",
    "reliable": "`sse_response`, `reliable` and `TextParser`",
    "stack": "`sse_response`, `cached(reliable)` and `TextParser`: the full stack",
    "app": "`notebooks/chat` with the full stack: limits, metrics, replay",
}
HELD = ("raw", "plain", "text-events", "stack")  # whose capacity is sought


@dataclass
class Reading:
    """What a reader of many streams saw."""

    late: list[float]  # milliseconds, sorted
    whole: int  # streams that had all their tokens

    def p(self, share: float) -> float:
        """The lateness that this share of the tokens does not exceed."""
        last = len(self.late) - 1
        return self.late[min(last, int(len(self.late) * share))] if self.late else 1e9


@dataclass
class Stream:
    """One open stream, and what has come of it."""

    connection: socket.socket
    parts: list[tuple[float, bytes]] = field(default_factory=list)

    def read(self) -> bool:
        """Take what is there; False if that was the end."""
        data = self.connection.recv(1 << 18)
        self.parts.append((time.monotonic(), data))
        return bool(data) and not data.endswith(b"0\r\n\r\n")

    def late(self) -> list[float]:
        """How late each token was, in milliseconds."""
        due = {}
        for at, data in self.parts:
            for moment in DUE.findall(data):
                due.setdefault(moment, at)
        return [1e3 * (at - float(moment)) for moment, at in due.items()]


def request(way: str, tokens: int, number: int) -> bytes:
    """The bytes of a question; each for another answer."""
    if way != "app":
        return f"GET /{way}?tokens={tokens} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    body = f'{{"text": "{tokens} tokens, number {number} of {time.monotonic()}"}}'
    head = "POST /app/chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def read(port: int, way: str, streams: int, tokens: int = TOKENS) -> Reading:
    """Read so many streams at once; their beginnings are spread at 60 a second."""
    selector = selectors.DefaultSelector()
    found: list[Stream] = []
    began, open_now = time.monotonic(), 0
    limit = began + streams / 60 + tokens * 0.05 + 20
    while (len(found) < streams or open_now) and time.monotonic() < limit:
        while len(found) < streams and time.monotonic() - began >= len(found) / 60:
            connection = socket.create_connection(("127.0.0.1", port), 10)
            connection.sendall(request(way, tokens, len(found)))
            found.append(Stream(connection))
            selector.register(connection, selectors.EVENT_READ, found[-1])
            open_now += 1
        for key, _ in selector.select(0.005):
            if not key.data.read():
                selector.unregister(key.fileobj)
                open_now -= 1
    for stream in found:
        stream.connection.close()
    all_late = [stream.late() for stream in found]
    whole = sum(len(late) == tokens for late in all_late)
    return Reading(sorted(one for late in all_late for one in late), whole)


@contextmanager
def running(collector: str) -> Iterator[int]:
    """The port of a server in a process of its own, on the first core."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "benchmarks.served:serve"]
    command += ["--port", str(port), "--log-level=critical", "--no-access-log"]
    command += ["--http=h11", "--loop=asyncio"]  # what plain `uvicorn` installs
    paths = os.pathsep.join([str(ROOT), str(ROOT / "notebooks")])
    env = {"LANGSMITH_TRACING": "false", "PYTHONPATH": paths, "COLLECTOR": collector}
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | env)
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, {0})
        wait_for(port)
        read(port, "plain", 5, 5)  # the first ones import and compile
        yield port
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            cpu(port)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def cpu(port: int) -> float:
    """Seconds of processor time that the server has used."""
    with urlopen(f"http://127.0.0.1:{port}/cpu", timeout=30) as answer:
        return float(answer.read())


@dataclass
class Row:
    """One way with one collector, and what each round measured."""

    way: str
    collector: str
    per_token: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    streams: list[float] = field(default_factory=list)

    def costs(self, port: int) -> None:
        """Processor time of a token, and of a start, at an easy load."""
        before = cpu(port)
        reading = read(port, self.way, STREAMS)
        self.per_token.append(1e6 * (cpu(port) - before) / (STREAMS * TOKENS))
        self.p99.append(reading.p(0.99))
        before = cpu(port)
        read(port, self.way, STARTS, 1)
        self.start.append(1e3 * (cpu(port) - before) / STARTS)

    def capacity(self, port: int) -> None:
        """The most streams at once whose tokens keep their time."""
        low, high, streams = 0, 0, int(self.streams[-1] if self.streams else 64) or 8
        while not high or high - low > max(4, low / 10):
            if holds(port, self.way, streams):
                low, streams = streams, (streams + high) // 2 or streams * 2
                streams = streams if high else low * 3 // 2
            else:
                high, streams = streams, (low + streams) // 2
            if streams < 4:
                break
        self.streams.append(low)

    def cells(self) -> list[str]:
        """The row of the table: medians."""
        streams = f"{statistics.median(self.streams):,.0f}" if self.streams else ""
        return [
            WAYS[self.way],
            self.collector,
            f"{statistics.median(self.per_token):.0f}",
            streams,
            f"{statistics.median(self.start):.1f}",
            f"{statistics.median(self.p99):.0f}",
        ]


def holds(port: int, way: str, streams: int) -> bool:
    """Whether so many streams are in time; one hiccup of the machine is forgiven."""
    for _ in range(2):
        reading = read(port, way, streams)
        if reading.whole == streams and reading.p(0.99) < LATE:
            return True
        if reading.p(0.5) > LATE / 10:  # this was no hiccup
            return False
    return False


@dataclass
class Target:
    """A ratio of two rows, and what it may be."""

    says: str
    figure: str  # of a Row
    row: tuple[str, str]
    over: tuple[str, str]
    most: float | None = None
    least: float | None = None

    def line(self, rows: dict[tuple[str, str], Row]) -> str:
        """The row of the table of targets."""
        ours, theirs = (
            getattr(rows[key], self.figure) for key in (self.row, self.over)
        )
        if not ours or not theirs:
            return f"| {self.says} | {self.aim} | not measured | |"
        ratio = statistics.median(ours) / max(statistics.median(theirs), 1e-9)
        met = ratio <= self.most if self.most else ratio >= (self.least or 0)
        return f"| {self.says} | {self.aim} | {ratio:.2f} | {'yes' if met else 'no'} |"

    @property
    def aim(self) -> str:
        return f"at most {self.most}" if self.most else f"at least {self.least}"


STACK, EVENTS, BARE = (("stack", TUNED), ("text-events", TUNED), ("plain", TUNED))
TARGETS = [
    Target(
        "full stack ÷ text of `astream_events`, a token",
        "per_token",
        STACK,
        EVENTS,
        most=0.65,
    ),
    Target(
        "full stack ÷ a plain response, a token", "per_token", STACK, BARE, most=1.5
    ),
    Target(
        "full stack, tuned ÷ `astream_events` as people run it, streams",
        "streams",
        STACK,
        ("text-events", PLAIN),
        least=3,
    ),
]


def measured(rounds: int, capacity: bool) -> dict[tuple[str, str], Row]:
    """All rows, in rounds that take turns; a new server for each round."""
    rows = {(way, how): Row(way, how) for how in (TUNED, PLAIN) for way in WAYS}
    for number in range(rounds):
        for collector in (TUNED, PLAIN):
            with running(collector) as port:
                for way in WAYS:
                    row = rows[way, collector]
                    row.costs(port)
                    if capacity and way in HELD:
                        row.capacity(port)
                    tell(number, row)
    return rows


def tell(number: int, row: Row) -> None:
    """Say on the side how far it is."""
    cells = " | ".join(row.cells())
    load = os.getloadavg()[0]
    print(f"round {number + 1}, load {load:.1f}: {cells}", file=sys.stderr, flush=True)


HEAD = """\
| way | collector | µs a token | streams in time | ms a start | p99 late, ms |
|---|---|---:|---:|---:|---:|"""

# Where the work of a token goes: what a way adds to another.
STEPS = [
    ("model", "plain", "a task of its own, which stops whatever is underneath; events"),
    (
        "reliable",
        "model",
        "LangChain gives each token of a chain a task, and traces it",
    ),
    ("stack", "reliable", "a task brings the chunks, for all who ask the same"),
    ("app", "stack", "a record for those who come back, its two tasks, metrics"),
]


def profile(rows: dict[tuple[str, str], Row]) -> Iterator[str]:
    """The lines of the table of steps."""
    yield "| way | over | adds, µs a token | which is |"
    yield "|---|---|---:|---|"
    for way, base, why in STEPS:
        ours, theirs = (
            statistics.median(rows[name, TUNED].per_token) for name in (way, base)
        )
        yield f"| {WAYS[way]} | {WAYS[base]} | {ours - theirs:+.0f} | {why} |"


NOTES = """
A server of its own on one core, plain `uvicorn` (h11, asyncio); a bare reader on the
other. Each token is due every 50 ms and says when; *late* is how long after that it
was read. Work is the server's processor time at 60 streams of 60 tokens at once, their
starts included. *Streams in time* is the most at once whose p99 is under 50 ms. A
collector that is *tuned* has `tune_gc()` behind it: the same for every way. Medians.

On a machine that others use, *late* and *streams* depend on them as well. Trust the
work of a token, and the ratios within one run more than the figures.
"""


def main() -> None:
    """Measure, then print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--no-capacity", dest="capacity", action="store_false")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    load = os.getloadavg()[0]
    rows = measured(options.rounds, options.capacity)
    print("# What a token costs a server\n")
    print(circumstances(options.rounds, load))
    print(HEAD)
    for row in rows.values():
        print("| " + " | ".join(row.cells()) + " |")
    print("\n| target | aim | measured | met |\n|---|---|---:|---|")
    print(*(target.line(rows) for target in TARGETS), sep="\n")
    print("\n## Where the work of a token goes\n")
    print(*profile(rows), sep="\n")
    print(NOTES.rstrip())


def circumstances(rounds: int, load: float) -> str:
    """The sentence about this run."""
    packages = ("langchain-core", "fastapi", "starlette", "uvicorn")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"Made by `python benchmarks/serving.py`; {rounds} rounds that take turns, "
        f"load {load:.1f} on {os.cpu_count()} cores when it began, Python "
        f"{platform.python_version()}, {versions}.\n"
    )


if __name__ == "__main__":
    main()
