"""The faults and their outcomes as a page: `docs/bad_day.md`."""

from collections.abc import Iterable

from tests.chat.faults.scene import Outcome
from tests.support.servers.chat import ROOT

PAGE = ROOT / "docs/bad_day.md"
TOP = """# A bad day

What comes of each fault: the chat of `notebooks/chat`, two workers behind its
`deploy/nginx.conf`, one Redis, and a provider that breaks on demand. The page is open
in Chromium. `python -m tests.chat.faults` makes this table; the tests there hold it.

| What goes wrong | The page says | Its text | Billed | Counted | Provider's stream |
|---|---|---|---|---|---|
"""
END = """
*Billed* is what the provider has sent. *Counted* are the ends in the workers' metrics:
a worker that dies takes its counters with it, so count what Prometheus has seen. A
reader who leaves costs what comes within `CHAT_GRACE`, here a second.
"""


def page_of(outcomes: Iterable[tuple[str, Outcome]]) -> str:
    """The page that tells these outcomes."""
    rows = [
        f"| {fault} | {o.page} | {o.text} | {o.billed} | {o.counted} | {o.model} |"
        for fault, o in outcomes
    ]
    return TOP + "\n".join(rows) + "\n" + END
