"""The measured class as a page, and what a larger one needs, worked out from it.

print(page(run))
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from statistics import mean, median

from benchmarks.hub.machine import Taken

HEADROOM = 1.3
NOTEBOOKS_OPEN = 3  # learners leave kernels running
LOOKED_AT = (
    "files in the home folder",
    "environment of the server's process",
    "fake server, asked without its key",
    "names on the class board",
    "files through the other's JupyterLab",
)


@dataclass
class Run:
    """What was measured of one class; times in seconds, memory in megabytes."""

    count: int
    cores: int
    load: float
    load_after: float = 0.0
    nice: int = field(default_factory=lambda: os.nice(0))
    starts: list[float] = field(default_factory=list)
    start_seconds: list[float] = field(default_factory=list)
    servers: list[float] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    drop: float = 0.0
    errors: list[str] = field(default_factory=list)
    ports: int = 0
    aliases: int = 0
    seen: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def server(self) -> float:
        """Memory of a learner's server, before a notebook is open."""
        return mean(self.servers)

    @property
    def kernel(self) -> float:
        """Memory that the open notebook adds."""
        return mean(one.memory for one in self.taken) - self.server

    @property
    def seconds(self) -> float:
        """Processor seconds of a learner: start, kernel, and all of the notebook."""
        return mean(one.seconds for one in self.taken)


def needed(run: Run, learners: int) -> tuple[float, float]:
    """Gigabytes with headroom, and processor seconds until all servers are up."""
    each = run.server + NOTEBOOKS_OPEN * run.kernel
    return learners * each * HEADROOM / 1024, learners * mean(run.start_seconds)


def page(run: Run) -> str:
    """The whole page."""
    return "\n".join(
        [HEAD.format(run), *_measured(run), "", *_looked(run), _larger(run)]
    )


HEAD = """\
# A class on a real JupyterHub

{0.count} learners log in with the hub's form, start their servers, and run all \
of notebook 4 at once, through JupyterHub's own proxy. Each is a system user of their \
own. {0.cores} cores, shared with other work that went first (nice {0.nice}): the load \
average was {0.load:.1f} before and {0.load_after:.1f} after, so the times are slow \
ones. Memory does not depend on it.

Made by `python -m benchmarks.hub {0.count} --write`.
"""


def _measured(run: Run) -> list[str]:
    alone = max(one.alone for one in run.taken)
    rows = [
        ("Learners whose server came up", f"{len(run.starts)} of {run.count}"),
        ("All servers ready after", f"{max(run.starts):.0f} s"),
        ("A server ready after, median", f"{median(run.starts):.0f} s"),
        ("Notebook 4 run by all after", f"{max(run.runs):.0f} s more"),
        ("Cells that failed and should not", str(len(run.errors))),
        ("Memory of a learner's server", f"{run.server:.0f} MB"),
        ("Memory of the open notebook", f"{run.kernel:.0f} MB"),
        ("Both, if nothing is shared (a container)", f"at most {alone:.0f} MB"),
        ("Drop in free memory, a learner", f"{run.drop / run.count:.0f} MB"),
        ("Processor time to start a server", f"{mean(run.start_seconds):.1f} s"),
        ("Processor time with all of notebook 4", f"{run.seconds:.1f} s"),
        ("Different ports of their fake servers", f"{run.ports} of {run.count}"),
        ("Learners on the class board", f"{run.aliases} of {run.count}"),
    ]
    return ["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]


def _looked(run: Run) -> list[str]:
    lines = [
        "## What each learner sees of the next\n",
        "| Tried | Answer |",
        "|---|---|",
    ]
    for number, what in enumerate(LOOKED_AT):
        answers = Counter(
            seen[number] if number < len(seen) else "" for seen in run.seen
        )
        told = ", ".join(f"{answer} ({n})" for answer, n in answers.items())
        lines.append(f"| {what} | {told} |")
    return [*lines, "", LOOPBACK]


LOOPBACK = """\
On one machine all learners share 127.0.0.1: a fake server that keeps the key \
`offline` answers any of them who knows its port. It holds nothing but its script. In \
containers, each learner has a loopback of their own.
"""


def _larger(run: Run) -> str:
    lines = ["## What a larger class needs\n", f"With {NOTEBOOKS_OPEN} notebooks open "]
    lines[1] += "each, and 30 % more memory than that.\n"
    lines += ["| Learners | Memory | Cores to have all servers up in two minutes |"]
    lines += ["|---|---|---|"]
    for learners in (30, 100, 300):
        memory, seconds = needed(run, learners)
        lines.append(f"| {learners} | {ceil(memory)} GB | {ceil(seconds / 120)} |")
    return "\n".join(lines) + "\n"
