"""What the course's own commands have measured, as tables of the notebook.

The figures are in the pages that those commands write; where a page is missing, as in
an installed package, its table is empty. So a notebook shows the same with nginx,
Redis and Locust, and without.
"""

from collections.abc import Iterator
from pathlib import Path

from course_utils.plots.table import Table, table

ROOT = Path(__file__).parents[3]
LIVE = ROOT / "benchmarks" / "live.md"
BAD_DAY = ROOT / "docs" / "bad_day.md"


def display_costs(tokens: int, measured: Path = LIVE) -> Table:
    """What `benchmarks/live.md` says that showing so many tokens costs, by way."""
    rows = [
        [way, messages, sent, f"{kernel} s", f"{browser} s"]
        for way, messages, sent, kernel, browser, *_ in _rows(
            measured, f"## {tokens:,} tokens"
        )
    ]
    return table(
        rows,
        columns=["way", "messages", "bytes per byte of text", "kernel", "browser"],
        caption=f"What does it cost to show {tokens:,} tokens?",
    )


def worker_faults(measured: Path = BAD_DAY) -> Table:
    """What the page says when a worker or Redis fails, as `docs/bad_day.md` has it."""
    rows = [
        [fault, page, text, provider]
        for fault, page, text, _, _, provider in _rows(measured, "# A bad day")
        if "worker" in fault or "Redis" in fault
    ]
    return table(
        rows,
        columns=["what goes wrong", "the page says", "its text", "provider's stream"],
        caption="Two workers and one Redis: what does the reader see?",
    )


def proxy_faults(measured: Path = BAD_DAY) -> Table:
    """How five proxies pass a stream on, and its cut, as `docs/bad_day.md` has it."""
    return table(
        [[cell.strip("`") for cell in row] for row in _rows(measured, "## Behind a")],
        columns=["proxy", "answer", "it arrives", "its cut is"],
        caption="Which proxies let a stream through, and tell of its cut?",
    )


def _rows(page: Path, heading: str) -> Iterator[list[str]]:
    """The rows of the table under the heading that begins so."""
    text = page.read_text("utf-8") if page.exists() else ""
    below = text[text.find(heading) :] if heading in text else ""
    below = below.partition("\n## ")[0]
    lines = [line for line in below.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]
