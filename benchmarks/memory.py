"""What a learner's session takes: JupyterLab, and a kernel that runs a notebook.

    python benchmarks/memory.py            a table of all six, on Linux

Binder gives a session 1 to 2 GB and stops it where it takes more.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAB = (sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0")


def megabytes(process: int) -> float:
    """The memory of a process and of all that it started, shared pages shared out."""
    taken = 0
    for one in family(process):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has just ended
        taken += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return taken / 1024


def family(process: int) -> list[int]:
    """A process, its children and theirs."""
    found = [process]
    for one in found:
        tasks = Path(f"/proc/{one}/task").glob("*/children")
        for children in tasks:
            found += map(int, children.read_text().split())
    return found


def peak(notebook: Path) -> float:
    """The most that running a notebook took, looked at ten times a second."""
    run = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "execute", str(notebook)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COURSE_SPEED": "20"},
    )
    most = 0.0
    while run.poll() is None:
        most = max(most, megabytes(run.pid))
        time.sleep(0.1)
    if run.returncode:
        sys.exit(f"{notebook.name} did not run to its end: exit {run.returncode}")
    return most


def main() -> None:
    """Print the table."""
    lab = subprocess.Popen(LAB, cwd=ROOT, stderr=subprocess.DEVNULL)
    time.sleep(15)
    resting = megabytes(lab.pid)
    lab.terminate()
    lab.wait()
    print("| Notebook | JupyterLab, MB | while it runs, MB | together, MB |")
    print("|---|---|---|---|")
    for notebook in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        most = peak(notebook)
        row = (
            notebook.name[:2],
            f"{resting:.0f}",
            f"{most:.0f}",
            f"{resting + most:.0f}",
        )
        print("|", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    main()
