"""What a token costs a server, and how many streams one core holds, in several ways.

A server of its own runs on one core and a bare reader on another. All ways run in the
same minutes and take turns, with Python's garbage collector tuned for all or for none.

    python -m benchmarks.serving > benchmarks/serving.md      # a quarter of an hour
"""

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

from benchmarks.readers import GAP, read
from benchmarks.serving_table import (
    AS_IT_COMES,
    BARE,
    HEAD,
    HELD,
    IN_REDIS,
    PLAIN,
    SHARED,
    TARGETS,
    TOKENS,
    TUNED,
    WAYS,
    Row,
    Rows,
    profile,
)

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
STREAMS = 60
STARTS, QUICKLY = 100, 200  # of one token each, and how many begin a second
RAMP, FULL = 100, 2.0  # beginnings a second, then so many seconds with all at once
LATE = 50.0  # milliseconds that the 99th percentile may be late


@contextmanager
def redis_running() -> Iterator[str]:
    """The address of an empty Redis of our own; nothing where it is not installed."""
    if shutil.which("redis-server") is None:
        yield ""
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--appendonly", "no", "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def running(collector: str, redis: str = "") -> Iterator[int]:
    """The port of a server in a process of its own, on the first core."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.served:serve"]
    command += ["--port", str(port), "--log-level=critical", "--no-access-log"]
    command += ["--http=h11", "--loop=asyncio"]  # what plain `uvicorn` installs
    paths = os.pathsep.join([str(ROOT), str(ROOT / "notebooks")])
    env = {"LANGSMITH_TRACING": "false", "PYTHONPATH": paths}
    env |= {"COLLECTOR": collector, "REDIS": redis}
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


def costs(row: Row, port: int) -> None:
    """Processor time of a token, and of a start, at an easy load."""
    before = cpu(port)
    reading = read(port, row.way, STREAMS, TOKENS)
    row.per_token.append(1e6 * (cpu(port) - before) / (STREAMS * TOKENS))
    row.p99.append(reading.p(0.99))
    before = cpu(port)
    read(port, row.way, STARTS, 1, QUICKLY)
    row.start.append(1e3 * (cpu(port) - before) / STARTS)


def seek_capacity(row: Row, port: int) -> None:
    """The most streams at once whose tokens keep their time."""
    step = 1.12 if row.streams else 1.5  # near the last round's, or anywhere
    low, high, streams = 0, 0, int(row.streams[-1] if row.streams else 100)
    while not (low and high) or high > 1.15 * low:
        if holds(port, row.way, streams):
            low = streams
        else:
            high = streams
        streams = (low + high) // 2 if low and high else scaled(streams, low, step)
        if streams < 4:
            break
    row.streams.append(low)


def at_half(row: Row, port: int, streams: int) -> None:
    """How late tokens are when so many streams are open."""
    row.half.append(read(port, row.way, streams, length(streams), RAMP).p(0.99))


def scaled(streams: int, holds: float, step: float) -> int:
    """More streams if these were in time, else fewer."""
    return int(streams * step) if holds else int(streams / step)


def length(streams: int) -> int:
    """Tokens of each stream, so that for a while all of them are open."""
    return round((streams / RAMP + FULL) / GAP)


def holds(port: int, way: str, streams: int) -> bool:
    """Whether so many streams are in time; one hiccup of the machine is forgiven."""
    for _ in range(2):
        reading = read(port, way, streams, length(streams), RAMP)
        if reading.whole == streams and reading.p(0.99) < LATE:
            return True
        if reading.p(0.5) > LATE / 10:  # this was no hiccup
            return False
    return False


def measured(rounds: int, capacity: bool) -> Rows:
    """All rows, in rounds that take turns; a new server for each round."""
    rows: Rows = {}
    with redis_running() as redis:
        ways = {TUNED: [w for w in WAYS if redis or w not in IN_REDIS]}
        ways[PLAIN] = list(AS_IT_COMES)
        for how, which in ways.items():
            rows |= {(way, how): Row(way, how) for way in which}
        for number in range(rounds):
            for how, which in ways.items():
                with running(how, redis) as port:
                    a_round(port, [rows[way, how] for way in which], capacity, number)
                    if capacity and SHARED in rows and how == TUNED:
                        at_half_load(port, rows)
    return rows


def a_round(port: int, rows: list[Row], capacity: bool, number: int) -> None:
    """Measure each of these rows once."""
    for row in rows:
        costs(row, port)
        if capacity and (row.way, row.collector) in HELD:
            seek_capacity(row, port)
        tell(number, row)


def at_half_load(port: int, rows: Rows) -> None:
    """The app with Redis at half its capacity, and a plain response at that load."""
    streams = max(4, int(rows[SHARED].streams[-1]) // 2)
    for key in (BARE, SHARED):
        at_half(rows[key], port, streams)


def tell(number: int, row: Row) -> None:
    """Say on the side how far it is."""
    cells = " | ".join(row.cells())
    load = os.getloadavg()[0]
    print(f"round {number + 1}, load {load:.1f}: {cells}", file=sys.stderr, flush=True)


NOTES = """
A server of its own on one core, plain `uvicorn` (h11, asyncio); a bare reader on the
other. Each token is due every 50 ms and says when; *late* is how long after that it
was read. Work is the server's processor time at 60 streams of 60 tokens at once, their
starts included; a start is an answer of one token. *Streams in time* is the most at
once whose p99 is under 50 ms, all of them open for two seconds. A collector that is
*tuned* has `tune_gc()` behind it: the same for every way. Redis is Debian's, on the
readers' core. Medians.

On a machine that others use, *late* and *streams* depend on them as well. Trust the
work of a token, and the ratios within one run more than the figures.

The app is late at half its load because of the collector: with a hundred streams open,
a collection of its middle generation takes some 50 ms. Tried once at 126 streams: two
such collections of 42 and 52 ms and a p99 of 10 and 28 ms; without the collector a p99
of 2.5 and 2.7 ms, and 1.9 to 4.1 ms of a plain response.
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
        f"Made by `python -m benchmarks.serving`; {rounds} rounds that take turns, "
        f"load {load:.1f} on {os.cpu_count()} cores when it began, Python "
        f"{platform.python_version()}, {versions}.\n"
    )


if __name__ == "__main__":
    main()
