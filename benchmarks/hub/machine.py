"""What the learners' processes take of the machine, read from /proc.

taken(20_007).memory      # proportional set size: a shared page is counted once
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Taken:
    """What one user's processes hold.

    Attributes:
        memory: Megabytes, a page that N processes share counted as a Nth.
        alone: Megabytes, a shared page counted in full: what a container needs.
        seconds: Processor seconds since each process began.
    """

    memory: float
    alone: float
    seconds: float


def taken(uid: int) -> Taken:
    """What the processes of this user take now."""
    memory = alone = seconds = 0.0
    for process in processes(uid):
        rollup = dict(
            line.split(":")
            for line in (process / "smaps_rollup").read_text().splitlines()[1:]
        )
        memory += float(rollup["Pss"].split()[0]) / 1024
        alone += float(rollup["Rss"].split()[0]) / 1024
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / TICKS
    return Taken(memory, alone, seconds)


def processes(uid: int) -> Iterator[Path]:
    """The folders in /proc of a user's processes."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.exists() and folder.stat().st_uid == uid:
            yield folder


def free() -> float:
    """Megabytes that new processes could have."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    found = dict(line.split(":") for line in lines)
    return float(found["MemAvailable"].split()[0]) / 1024
