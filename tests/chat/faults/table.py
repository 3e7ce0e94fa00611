"""The faults and their outcomes as a page: `docs/bad_day.md`."""

from collections.abc import Iterable

from tests.chat.faults.behind import Behind
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
PROXIES = """
## Behind a proxy

A plain `StreamingResponse` of 20 tokens in a second, served by uvicorn's own parser
(h11), behind each file of `deploy/`. *Headed* is the same with `X-Accel-Buffering: no`,
which `sse_response` sends. The worker is killed in the middle, and curl, as any
program that reads HTTP, says whether it got an error. The programs are Debian 12's. In
all five the last event is missing, and by that the page knows.

| File | Answer | It arrives | Its cut is |
|---|---|---|---|
"""
END = """
*Billed* is what the provider has sent. *Counted* are the ends in the workers' metrics:
a worker that dies takes its counters with it, so count what Prometheus has seen. A
reader who leaves costs what comes within `CHAT_GRACE`, here a second.
"""


def page_of(
    outcomes: Iterable[tuple[str, Outcome]], behind: Iterable[tuple[Behind, str, str]]
) -> str:
    """The page that tells these outcomes."""
    proxies = [f"| `{b.conf}` | {b.path} | {f} | {c} |" for b, f, c in behind]
    rows = [
        f"| {fault} | {o.page} | {o.text} | {o.billed} | {o.counted} | {o.model} |"
        for fault, o in outcomes
    ]
    told = TOP + "\n".join(rows) + "\n" + END
    return told + PROXIES + "\n".join(proxies) + "\n"
