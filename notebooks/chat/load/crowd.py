"""Readers in a process of their own, as Locust must be: it patches sockets and threads.

for crowd in crowds(address, users=[5, 20, 40]): print(crowd)
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SHARES = (0.5, 0.95, 0.99)
MORE = 30.0  # seconds that Locust may take beside its run


@dataclass(frozen=True)
class Crowd:
    """What so many readers at once saw; times are milliseconds.

    Attributes:
        users: How many there were.
        answers: How many answers they read.
        cut: How many of these did not end in `done`.
        first: From the question to the first text: p50, p95 and p99.
        gap: From text to text, the same.
    """

    users: int
    answers: int
    cut: int
    first: tuple[float, ...]
    gap: tuple[float, ...]

    def __str__(self) -> str:
        first, gap = (
            " / ".join(f"{t:.0f}" for t in ts) for ts in (self.first, self.gap)
        )
        return (
            f"{self.users} users: {self.answers} answers, {self.cut} not whole · "
            f"first text {first} ms · gap {gap} ms"
        )


def crowds(
    address: str, users: Sequence[int] = (5, 20, 40), seconds: int = 6
) -> list[Crowd]:
    """Let so many readers at once read for a while; one crowd after the other.

    Args:
        address: Where the chat is, such as `http://127.0.0.1:8000`.
        users: The sizes of the crowds. More than 200 want more than one core of their
            own: use the command line, with `--processes`.
        seconds: How long each reads; answers that are not over by then do not count.

    Raises:
        ModuleNotFoundError: Locust is not installed; `saved()` has a run of ours.
    """
    if find_spec("locust") is None:
        raise ModuleNotFoundError(
            "crowds() needs Locust, which is not installed: python -m pip install "
            "'course-utils[load]', or look at a run of ours with saved()."
        )
    return [_crowd(address, number, seconds) for number in users]


def saved() -> list[Crowd]:
    """What `crowds` measured on our machine, for who has no Locust."""
    rows = json.loads((HERE / "saved.json").read_text("utf-8"))
    return [Crowd(**row | {k: tuple(row[k]) for k in ("first", "gap")}) for row in rows]


def save(found: Iterable[Crowd]) -> None:
    """Make this run the one that `saved` gives."""
    text = json.dumps([asdict(crowd) for crowd in found], indent=2) + "\n"
    (HERE / "saved.json").write_text(text, "utf-8")


def _crowd(address: str, users: int, seconds: int) -> Crowd:
    command = [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py")]
    command += ["--headless", "--json", "--only-summary", "--loglevel=ERROR"]
    command += [f"-u{users}", f"-r{users}", f"-t{seconds}s", f"--host={address}"]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + MORE, check=False
    )
    try:
        told = json.loads(ended.stdout)
    except ValueError:
        raise RuntimeError(f"Locust did not run: {ended.stderr[-500:]}") from None
    return crowd_of(users, told)


def crowd_of(users: int, told: Iterable[Mapping[str, Any]]) -> Crowd:
    """What Locust's statistics say."""
    rows = {row["name"]: row for row in told}
    whole = rows.get("whole answer", {})
    times = {
        name: _percentiles(rows.get(name, {}).get("response_times", {}))
        for name in ("first text", "gap")
    }
    return Crowd(
        users,
        whole.get("num_requests", 0),
        whole.get("num_failures", 0),
        times["first text"],
        times["gap"],
    )


def _percentiles(counted: Mapping[str, int]) -> tuple[float, ...]:
    """The times that these shares of the measurements do not exceed.

    >>> _percentiles({"10": 98, "200": 2})
    (10.0, 10.0, 200.0)
    """
    times = sorted(float(time) for time, n in counted.items() for _ in range(n))
    if not times:
        return tuple(float("nan") for _ in SHARES)
    return tuple(times[min(len(times) - 1, int(len(times) * s))] for s in SHARES)
