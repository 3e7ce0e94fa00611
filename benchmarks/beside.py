"""What a chunk costs beside another edition of the course, in one run.

The rows that both editions have, and `show`, take turns: each edition in a process of
its own, with the packages of this one. Its table stands at the end of stages.md:

    git worktree add --detach /tmp/first 601fa5f
    python -m benchmarks.beside /tmp/first >> benchmarks/stages.md
"""

import asyncio
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

TURNS = 2  # processes of each edition
ROUNDS = 4  # of all rows in each process
LIMIT = 1.1  # nothing slower by more than a tenth
GENERIC = "GenericFakeChatModel"  # LangChain's own: what the machine does to both


def here() -> dict[str, float]:
    """Microseconds a chunk of every row, in the edition that is found first."""
    stages: Any = import_module("benchmarks.stages")
    rows = {row.name: row for row in stages.FAKES + stages.STAGES}
    best = {"show": float("inf"), "show, async": float("inf")}
    for _ in range(ROUNDS):
        for row in rows.values():
            row.run()
        for name in best:
            best[name] = min(best[name], shown(stages.fake(), name != "show"))
    sent = rows["FakeStreamingChatModel"].chunks
    for row in stages.STAGES:
        row.chunks = sent
    times = {name: row.per_chunk for name, row in rows.items()}
    return times | {name: 1e6 * time / sent for name, time in best.items()}


def shown(model: Any, in_loop: bool) -> float:
    """Seconds that `show` needs for one answer, as text."""
    show = import_module("course_utils").show

    async def ashow() -> None:
        await show(model.astream("Hi"))

    with redirect_stdout(io.StringIO()):
        began = process_time()
        asyncio.run(ashow()) if in_loop else show(model.stream("Hi"))
        return process_time() - began


def measured(edition: Path) -> dict[str, float]:
    """The same of an edition in this folder."""
    environment = {**os.environ, "PYTHONPATH": str(edition)}
    command = [sys.executable, str(Path(__file__).resolve()), "--here"]
    ran = subprocess.run(
        command, cwd=edition, env=environment, stdout=subprocess.PIPE, check=True
    )
    times: dict[str, float] = json.loads(ran.stdout)
    return times


def main(before: Path) -> None:
    """Take turns, keep the quickest of each row, print the table."""
    editions = (before, Path(__file__).resolve().parents[1])
    best: list[dict[str, float]] = [{}, {}]
    for _ in range(TURNS):
        for edition, times in zip(editions, best, strict=True):
            for name, time in measured(edition.resolve()).items():
                times[name] = min(time, times.get(name, time))
    print(*table(*best), sep="\n")
    print(f"\nLoad {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores at the end.")


def table(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """The rows that both have, each with its ratio.

    >>> table({GENERIC: 8.0, "show": 10.0}, {GENERIC: 8.0, "show": 11.5})[-3:]
    ['| show | 10.0 | 11.5 | 1.15 |', '', 'Slower by more than a tenth: show.']
    """
    rows = {name: (before[name], after[name]) for name in before if name in after}
    slower = [name for name, (was, now) in rows.items() if now > LIMIT * was]
    return [
        "\n## Beside the first edition",
        "",
        "The quickest of both in one run, in turns, each in processes of its own with "
        f"the same packages. {GENERIC} is LangChain's and the same code in both.",
        "",
        "| stream | before, µs a chunk | now | ratio |",
        "|---|---:|---:|---:|",
        *(f"| {n} | {a:.1f} | {b:.1f} | {b / a:.2f} |" for n, (a, b) in rows.items()),
        "",
        f"Slower by more than a tenth: {', '.join(slower) or 'none'}.",
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["--here"]:
        sys.path.pop(0)  # this file's own folder: the edition's stands in PYTHONPATH
        print(json.dumps(here()))
    else:
        main(Path(sys.argv[1]))
