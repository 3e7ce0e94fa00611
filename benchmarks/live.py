"""What a live display costs: messages, bytes, time of the kernel and of the browser.

Each way shows the same tokens, 500 a second, in a JupyterLab and a Chromium of its own
run. The whole of live.md, with the targets, is written by one command at its end; it
needs about half an hour, and a machine that does nothing else:

    python -m benchmarks.live --runs 3 --write

The peers that the course does not need are looked for in a folder, and the page says
which are missing:

    pip install --target /tmp/peers rich panel chatlas
    python -m benchmarks.live --runs 3 --write --peers /tmp/peers
"""

import argparse
import math
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.browser.lab import OpenNotebook, lab_server, write_notebook

RATE = 500  # tokens a second
SIZES = (1000, 2000, 4000, 10_000)
PAGE = Path(__file__).with_name("live.md")
BUSY = 3  # programs that want to run: above it the figures are not the display's
TOO_SLOW = 2000  # a way that needs more than a minute beyond this stays below it
END = "THE-END"

# The kernel's side: one token source, one way to show it each. `note()` marks the end.
COMMON = """
import os, resource, time
import course_utils
from course_utils.live.display import load_page
load_page()

def tokens(n, rate={rate}):
    start = time.perf_counter()
    for i in range(n):
        if (wait := start + i / rate - time.perf_counter()) > 0:
            time.sleep(wait)
        paragraph = "\\n\\n" if i % 40 == 39 else ""
        yield "{end}" if i == n - 1 else f"{{i % 4096:03x}} " + paragraph

def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
"""

WAYS = {
    "nothing until the end": "text = ''.join(tokens(N)); print(text)",
    "show": "course_utils.show(tokens(N))",
    "print, flushed": "for t in tokens(N): print(t, end='', flush=True)",
    "HTML widget a token": """
import html, ipywidgets
from IPython.display import display
box, text = ipywidgets.HTML(), ""
display(box)
for t in tokens(N):
    text += t
    box.value = "<pre>" + html.escape(text) + "</pre>"
""",
    "HTML widget, 20 a second": """
import html, ipywidgets
from IPython.display import display
box, text, last = ipywidgets.HTML(), "", 0
display(box)
for t in tokens(N):
    text += t
    if time.time() - last > 0.05:
        last, box.value = time.time(), "<pre>" + html.escape(text) + "</pre>"
box.value = "<pre>" + html.escape(text) + "</pre>"
""",
    "rich Live a token": """
from rich.live import Live
from rich.text import Text
text = ""
with Live(Text(""), auto_refresh=False, vertical_overflow="visible") as live:
    for t in tokens(N):
        text += t
        live.update(Text(text), refresh=True)
""",
    "panel ChatInterface": """
import asyncio, panel
panel.extension(inline=True)
chat = panel.chat.ChatInterface()
from IPython.display import display
display(chat)
await asyncio.sleep(2)
text = ""
message = chat.stream("", user="model")
for t in tokens(N):
    message = chat.stream(t, message=message)
    await asyncio.sleep(0)
""",
    "chatlas": """
from chatlas._display import IPyMarkdownDisplay
import collections
view = IPyMarkdownDisplay(collections.defaultdict(dict))
with view:
    for t in tokens(N):
        view.echo(t)
""",
}
PEERS = {
    "rich Live a token": "rich",
    "panel ChatInterface": "panel",
    "chatlas": "chatlas",
}
FIGURES = ("messages", "bytes", "kernel", "main", "frames")
THROTTLED = "HTML widget, 20 a second"
SLOW = ("HTML widget a token", "rich Live a token", "panel ChatInterface", "chatlas")

# The page's side: count what comes, note each frame, note when the last token is seen.
PROBE = """
(() => {
  const probe = { messages: 0, bytes: 0, frames: 0, seen: 0, on: false };
  window.probe = probe;
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        if (!probe.on || !this.url.includes("/channels")) return;
        probe.messages += 1;
        probe.bytes += data.size ?? data.byteLength ?? new Blob([data]).size;
      });
    }
  };
  const frame = () => {
    if (probe.on) probe.frames += 1;
    const shown = [...document.querySelectorAll(".jp-OutputArea-output")];
    const here = (node) => within(node).includes("THE-END");
    if (probe.on && !probe.seen && shown.some(here)) {
      probe.seen = Date.now() / 1000;
    }
    requestAnimationFrame(frame);
  };
  const within = (node) => {
    const inner = [...node.querySelectorAll("*")].filter((n) => n.shadowRoot);
    const own = node.textContent.slice(-4000);
    return own + inner.map((n) => within(n.shadowRoot)).join(" ");
  };
  requestAnimationFrame(frame);
})();
"""


def main() -> None:
    """Measure what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write live.md at the end")
    parser.add_argument("--peers", type=Path, help="where pip put the other libraries")
    options = parser.parse_args()
    if options.write and os.getloadavg()[0] > BUSY:
        sys.exit(
            f"The load is above {BUSY}: figures for the page need an idle machine."
        )
    if options.peers:
        bring(options.peers)
    page = [heading(options.runs)]
    print(page[0])
    for part in measured(options):
        page.append(part)
        print(part, flush=True)
    if options.write:
        PAGE.write_text("\n".join(page) + "\n", "utf-8")


def bring(peers: Path) -> None:
    """Let this process, and the kernels it starts, import what is in the folder."""
    for name, path in (
        ("PYTHONPATH", peers),
        ("JUPYTER_PATH", peers / "share/jupyter"),
    ):
        there = [os.environ[name]] if os.environ.get(name) else []
        os.environ[name] = os.pathsep.join([str(path), *there])
    sys.path.append(str(peers))


def measured(options: argparse.Namespace) -> Iterator[str]:
    """The tables of the page, row by row as they are known, and the verdict."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The benchmark needs Chromium: apt install chromium.")
    with sync_playwright() as playwright, lab() as (address, folder):
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for size in options.sizes:
            yield table_head(size)
            for way in (way for way in options.ways if not skipped(way, size)):
                place = (browser, address, folder)
                runs = [measure(*place, way, size) for _ in range(options.runs)]
                found[way, size] = middle(runs)
                yield table_row(way, found[way, size])
    yield verdict(found)


@contextmanager
def lab() -> Iterator[tuple[str, Path]]:
    """A JupyterLab in a folder of its own."""
    with tempfile.TemporaryDirectory() as name, lab_server(Path(name)) as address:
        yield address, Path(name)


def skipped(way: str, size: int) -> bool:
    """Whether a peer is missing, or would take minutes."""
    missing = way in PEERS and find_spec(PEERS[way]) is None
    return missing or (way in SLOW and size > TOO_SLOW)


def measure(
    browser: Browser, address: str, folder: Path, way: str, size: int
) -> dict[str, Any]:
    """One run in a fresh notebook, page and kernel."""
    path = folder / "run.ipynb"
    write_notebook(path, [""])
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    context.add_init_script(PROBE)
    page = context.new_page()
    try:
        notebook = OpenNotebook(page, address, path).open()
        notebook.execute(COMMON.format(rate=RATE, end=END))
        page.wait_for_timeout(1000)
        return run(notebook, page.context.new_cdp_session(page), way, size)
    finally:
        kill = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
        page.evaluate(kill)
        context.close()


def run(
    notebook: OpenNotebook, session: CDPSession, way: str, size: int
) -> dict[str, Any]:
    """Run the cell and read what the page and the kernel counted."""
    page = notebook.page
    session.send("Performance.enable")
    busy = task_time(session)
    page.evaluate("() => { probe.on = true; probe.start = Date.now(); }")
    body = WAYS[way].replace("N)", f"{size})").strip()
    code = f"before = cpu()\n{body}\nafter, ended = cpu(), time.time()"
    notebook.execute(code, wait=False)
    seen = wait_until_seen(page, size)
    spent = page.evaluate("() => (Date.now() - probe.start) / 1000")
    found = page.evaluate("() => { probe.on = false; return probe; }")
    main_thread = task_time(session) - busy
    told = notebook.execute("print(after - before, ended)")
    kernel, ended = map(float, told.inner_text().split())
    text = size * 4 + (size // 40) * 2 - 4 + len(END)
    return {
        "messages": found["messages"],
        "bytes": found["bytes"] / text,
        "kernel": kernel,
        "main": main_thread,
        "last": (found["seen"] - ended) * 1000 if seen else None,
        "frames": found["frames"] / spent,
        "right": is_right(notebook, size),
    }


def wait_until_seen(page: Page, size: int) -> bool:
    """Wait for the last token, and a moment for what comes after it."""
    seen = False
    for _ in range(int(size / RATE + 60)):
        page.wait_for_timeout(1000)
        seen = bool(page.evaluate("() => probe.seen"))
        if seen:
            break
    page.wait_for_timeout(500)
    return seen


def is_right(notebook: OpenNotebook, size: int) -> bool:
    """Whether every token stands in the output."""
    shown = notebook.output(2).evaluate(ALL_TEXT).split()
    wanted = [f"{i % 4096:03x}" for i in range(size - 1)] + [END]
    return [token for token in shown if token in set(wanted)] == wanted


ALL_TEXT = """
(node) => {
  const read = (n) => n.nodeType === 3 ? n.data :
    /^(STYLE|SCRIPT|BUTTON)$/.test(n.nodeName) ? "" :
    [...(n.shadowRoot ? [n.shadowRoot] : []), ...n.childNodes].map(read).join("")
    + (/^(P|DIV|PRE)$/.test(n.nodeName) ? " " : "");
  const inner = (n) => n.parentElement.closest(".jp-OutputArea-output");
  const outputs = [...node.querySelectorAll(".jp-OutputArea-output")];
  return outputs.filter((n) => !inner(n)).map(read).join(" ");
}
"""


def task_time(session: CDPSession) -> float:
    """Seconds that the page's main thread has worked."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))


def heading(runs: int) -> str:
    """What was measured, with what, how often."""
    names = ("jupyterlab", "ipykernel", "ipywidgets", "anywidget", "rich", "panel")
    found = [f"{name} {version(name)}" for name in names if find_spec(name)]
    load = os.getloadavg()[0]
    missing = [name for name in PEERS.values() if find_spec(name) is None]
    without = f" Not here, so not measured: {', '.join(missing)}." if missing else ""
    return (
        "# What a live display costs\n\n"
        f"Made by `python -m benchmarks.live --runs {runs} --write`, each the median "
        f"of its runs: {RATE} tokens a second, four bytes each, in a paragraph per 40 "
        "tokens. *Bytes* are what the browser got per byte of text; *kernel* and "
        "*browser* are seconds of work (the browser's with the probe); *last token* is "
        "from the end of the cell's work until it is seen (below zero: before); "
        "*right* says whether every token stands there.\n\n"
        f"Python {platform.python_version()}, {', '.join(found)}; {os.cpu_count()} "
        f"cores, load {load:.0f}, Chromium without a graphics card.{without}\n"
    )


def table_head(size: int) -> str:
    """The head of the table for one length."""
    return (
        f"\n## {size:,} tokens\n\n"
        "| way | messages | bytes | kernel s | browser s | last token ms | frames/s "
        "| right |\n|---|--:|--:|--:|--:|--:|--:|---|"
    )


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure; right only if every run was."""
    seen = [run["last"] for run in runs if run["last"] is not None]
    figures = {name: median(run[name] for run in runs) for name in FIGURES}
    right = all(run["right"] for run in runs)
    return figures | {"last": median(seen) if seen else None, "right": right}


def table_row(way: str, found: dict[str, Any]) -> str:
    """One row of a table."""
    last = "never" if found["last"] is None else f"{found['last']:.0f}"
    return (
        f"| {way} | {found['messages']:.0f} | {found['bytes']:.1f} "
        f"| {found['kernel']:.2f} | {found['main']:.2f} | {last} "
        f"| {found['frames']:.0f} | {'yes' if found['right'] else '**no**'} |"
    )


def verdict(found: dict[tuple[str, int], dict[str, Any]]) -> str:
    """What `show` is held against, where it was measured."""
    shown = {size: row for (way, size), row in found.items() if way == "show"}
    printed = {size: row for (way, size), row in found.items() if "print" in way}
    sizes = sorted(shown.keys() & printed.keys())
    if not sizes or not {2000, 4000} <= shown.keys():
        return ""
    weight = [shown[size]["bytes"] for size in sorted(shown)]
    share = max(shown[size]["kernel"] / printed[size]["kernel"] for size in sizes)
    frames = min(row["frames"] for row in shown.values())
    last = math.inf if shown[4000]["last"] is None else shown[4000]["last"]
    grows = any(more > less + 0.05 for less, more in pairwise(weight))
    lines = [
        ("at most 8 bytes per byte of text at 2,000 tokens", shown[2000]["bytes"], 8),
        ("kernel: at most 25 % of `print`'s work, the highest share", share * 100, 25),
        ("last token seen within 50 ms at 4,000 tokens", last, 50),
        *beside_a_widget(shown, found),
    ]
    told = [
        f"- {what}: {value:.1f}{held(value <= most)}" for what, value, most in lines
    ]
    told.append(f"- bytes no more as the text grows{held(not grows)}")
    told.append(f"- 55 frames a second or more: {frames:.0f}{held(frames >= 55)}")
    return "\n".join(["\n## What `show` is held against\n", *told])


def beside_a_widget(
    shown: dict[int, dict[str, Any]], found: dict[tuple[str, int], dict[str, Any]]
) -> Iterator[tuple[str, float, int]]:
    """The work of `show` in percent of that of a throttled widget, and the target."""
    widget = {size: row for (way, size), row in found.items() if way == THROTTLED}
    sizes = sorted(shown.keys() & widget.keys())
    for name, figure in (("kernel", "kernel"), ("browser", "main")) if sizes else ():
        share = max(shown[size][figure] / widget[size][figure] for size in sizes)
        yield (f"{name}: at most a throttled widget's work, in %", share * 100, 100)


def held(is_held: bool) -> str:
    """Whether a target is met, in words."""
    return " (held)" if is_held else " (**missed**)"


if __name__ == "__main__":
    main()
