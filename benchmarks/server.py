"""What one event costs a fake server, ours and two public ones, in one run.

A bare reader counts server-sent events as fast as they come; the server's own CPU time
tells what each one cost. Then 200 readers at once see whether their schedule is kept.

    python benchmarks/server.py --peers /path/to/venv/bin > benchmarks/server.md

The peers are llm-mock-api 0.1.2 and stubllm 0.1.5, in an environment of their own.
"""

import argparse
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

REPEAT = 3
SIZES = {"1 reader, 2000 words": (1, 2000), "50 readers, 500 words": (50, 500)}
PACE = 0.02
READERS, TOKENS = 200, 100

OURS = """
import sys
from course_utils.fake.server import FakeServer
text = " ".join(["word"] * int(sys.argv[1]))
with FakeServer(text, per_token=float(sys.argv[2])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def commands(peers: Path | None, words: int) -> dict[str, tuple[list[str], str]]:
    """The servers under test: how each is started, and where it will listen."""
    text = "word " * words
    ours = [sys.executable, "-c", OURS, str(words), "0"]
    found = {"course_utils.FakeServer": (ours, "")}
    if peers is None:
        return found
    mock, stub = free_port(), free_port()
    rules = Path(tempfile.mkdtemp()) / "fixture.json"  # JSON is YAML too
    response = {"content": text, "stream_chunk_delay_ms": 0}
    rules.write_text(json.dumps({"fixtures": [{"name": "all", "response": response}]}))
    found["llm-mock-api 0.1.2"] = (
        [f"{peers}/llm-mock-api", "start", f"-p{mock}", "-l0", "-c5", f"-f{text}"],
        f"http://127.0.0.1:{mock}/v1",
    )
    found["stubllm 0.1.5"] = (
        [f"{peers}/stubllm", "serve", f"--port={stub}", f"--fixture-file={rules}"],
        f"http://127.0.0.1:{stub}/v1",
    )
    return found


@contextmanager
def running(command: list[str], url: str) -> Iterator[tuple[int, str]]:
    """The process id and the URL of a server in a process of its own."""
    pipe = subprocess.PIPE
    cwd = None if not url else tempfile.gettempdir()
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=cwd
    ) as process:
        assert process.stdout is not None
        try:
            address = url or process.stdout.readline().strip()
            wait_for(address)
            yield process.pid, address
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    parts = urlsplit(url)
    for _ in range(600):
        try:
            socket.create_connection((parts.hostname, parts.port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not start within a minute")


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(url: str) -> socket.socket:
    said = [{"role": "user", "content": "Hi"}]
    data = json.dumps({"model": "fake", "stream": True, "messages": said})
    head = [
        "POST /v1/chat/completions HTTP/1.1",
        "Host: 127.0.0.1",
        "Authorization: Bearer offline",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
        "Connection: close",
    ]
    sock = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port))
    sock.sendall(("\r\n".join(head) + f"\r\n\r\n{data}").encode())
    return sock


def read(url: str, readers: int) -> list[list[float]]:
    """When each event arrived, for each of the readers at once."""
    arrivals: list[list[float]] = [[] for _ in range(readers)]
    with selectors.DefaultSelector() as selector:
        for number in range(readers):
            selector.register(ask(url), selectors.EVENT_READ, number)
        while selector.get_map():
            for key, _ in selector.select():
                sock: socket.socket = key.fileobj  # type: ignore[assignment]
                data = sock.recv(1 << 18)
                now = time.perf_counter()
                arrivals[key.data] += [now] * data.count(b"data: ")
                if not data:
                    selector.unregister(sock)
                    sock.close()
    return arrivals


def measure(pid: int, url: str, readers: int) -> tuple[float, float]:
    """Events a second, and microseconds of server CPU for each."""
    before, start = cpu(pid), time.perf_counter()
    events = sum(map(len, read(url, readers)))
    took = time.perf_counter() - start
    return events / took, (cpu(pid) - before) / events * 1e6


def throughput(peers: Path | None) -> None:
    """Print the first table: medians of interleaved runs."""
    print("| server | load | events/s | server CPU, µs/event |")
    print("| --- | --- | ---: | ---: |")
    for load, (readers, words) in SIZES.items():
        results: dict[str, list[tuple[float, float]]] = {}
        for _ in range(REPEAT):
            for name, command in commands(peers, words).items():
                with running(*command) as (pid, url):
                    read(url, 1)  # the first request pays for imports
                    times = 10 if readers == 1 else 1
                    runs = [measure(pid, url, readers) for _ in range(times)]
                    results.setdefault(name, []).append(mean(runs))
        for name, seen in results.items():
            rate, cost = (
                statistics.median(column) for column in zip(*seen, strict=True)
            )
            print(f"| {name} | {load} | {rate:,.0f} | {cost:.1f} |")


def mean(runs: list[tuple[float, float]]) -> tuple[float, float]:
    rates, costs = zip(*runs, strict=True)
    return statistics.mean(rates), statistics.mean(costs)


def schedule() -> None:
    """Print the second table: how late the tokens of many readers at once arrive."""
    print(f"\n| readers | token every | late, p50 | p95 | p99 | {TOKENS} tokens took |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for readers in (1, 50, READERS):
        command = [sys.executable, "-c", OURS, str(TOKENS), str(PACE)]
        with running(command, "") as (_, url):
            late, took = lateness(read(url, readers))
        p50, p95, p99 = (statistics.quantiles(late, n=100)[q] for q in (49, 94, 98))
        print(
            f"| {readers} | {PACE * 1000:.0f} ms | {p50:.1f} ms | {p95:.1f} ms "
            f"| {p99:.1f} ms | {took:.3f} s |"
        )


def lateness(arrivals: list[list[float]]) -> tuple[list[float], float]:
    """Milliseconds each token came after its time, and how long an answer took."""
    late, took = [], []
    for times in arrivals:
        tokens = times[1 : TOKENS + 1]  # after the empty first chunk
        origin = min(at - number * PACE for number, at in enumerate(tokens))
        late += [(at - n * PACE - origin) * 1000 for n, at in enumerate(tokens)]
        took.append(tokens[-1] - tokens[0])
    return late, statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=Path, help="the folder of their programs")
    options = parser.parse_args()
    os.environ.pop("COURSE_SPEED", None)
    print("# What an event costs a fake server\n")
    print(f"Made by `benchmarks/server.py`; load {os.getloadavg()[0]:.1f} on")
    print(f"{os.cpu_count()} cores when it began. Medians of {REPEAT} rounds.\n")
    throughput(options.peers)
    schedule()


if __name__ == "__main__":
    main()
