"""The widget behind a live view, and the one thread that feeds all of them.

All deltas travel on the comm of one hidden widget, the library, which also holds the
page's code; so a view costs a few hundred bytes and ten views share one message.

    page = Page(display); page.put(0, changes); page.close()
"""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

import anywidget
import traitlets

from course_utils.clock import course_clock
from course_utils.live_lane import Lane
from course_utils.live_outbox import Outbox
from course_utils.live_stop import StopSwitch
from course_utils.live_transcript import Change

KEPT = 30  # widgets of ended views
HERE = Path(__file__).parent
# Read in this order and joined, for a page can import only what it was sent.
SOURCES = (
    "live_library.js",
    "live_rules.js",
    "live_heal.js",
    "live_markdown.js",
    "live_code.js",
    "live_dom.js",
    "live_kinds.js",
    "live_saved.js",
    "live.js",
)

# What a widget carries itself: how to find the library and get its code, once.
LOAD = """
const load = async (model) => {
  const library = await model.widget_manager.get_model(model.get("library"));
  library.live ??= (async () => {
    const source = new Blob([library.get("code")], { type: "text/javascript" });
    const url = URL.createObjectURL(source);
    const module = await import(url).finally(() => URL.revokeObjectURL(url));
    return new module.Library(library);
  })();
  return library.live;
};
"""
VIEW = """
const render = async ({ model, el }) => (await load(model)).render(model, el);
export default { render };
"""
# The library learns its own id once it is known; then it loads before any view asks.
LIBRARY = """
const initialize = ({ model }) => {
  if (model.get("library")) load(model);
  else model.on("change:library", () => load(model));
};
export default { initialize: (context) => void initialize(context) };
"""


def page_code() -> str:
    """The page's code: the source files as one module."""
    parts = [(HERE / name).read_text("utf-8") for name in SOURCES]
    lines = "\n".join(parts).splitlines()
    return "\n".join(line for line in lines if not line.startswith("import "))


class Library(anywidget.AnyWidget):
    """The hidden widget: the page's code, and the channel of all deltas."""

    _esm = LOAD + LIBRARY
    _css = HERE / "live.css"
    code = traitlets.Unicode().tag(sync=True)
    library = traitlets.Unicode().tag(sync=True)


class ViewWidget(anywidget.AnyWidget):
    """What a cell displays. Its state is a snapshot, made when a page asks."""

    _esm = LOAD + VIEW
    library = traitlets.Unicode().tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)
    speed = traitlets.Float(1.0).tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)

    page: "Page | None" = None

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What a new page gets: the snapshot as it is now."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if self.page is not None and "snapshot" in state:
            state["snapshot"] = self.page.snapshot()
        return state

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Only the kernel writes."""


class Feeder:
    """Sends what the outbox holds, from one background thread for all views."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.lock = threading.RLock()
        self._some = threading.Event()
        self.library = Library(code=page_code())
        self.library.library = self.library.model_id
        self.heard = False  # whether a page has ever answered
        self.library.on_msg(self._hear)
        keep_replies_away_from_busy_cell(self.library)
        threading.Thread(target=self._run, daemon=True).start()

    def _hear(self, *message: Any) -> None:
        self.heard = True

    def put(
        self, view: str, lane: int, changes: Sequence[Change], **facts: Any
    ) -> None:
        """Take news of a view; sent now or with the next message."""
        with self.lock:
            self.outbox.put(view, lane, changes, **facts)
            if self.outbox.wait() == 0:
                self.send()
            if not self._some.is_set():
                self._some.set()

    def send(self) -> None:
        """Send everything now."""
        with self.lock:
            if self.outbox.wait() is not None:
                self.library.send(self.outbox.take())

    def _run(self) -> None:
        rest = threading.Event()
        while self._some.wait():
            with self.lock:
                wait = self.outbox.wait()
                if wait is None:
                    self._some.clear()
                elif wait == 0:
                    self.send()
            if wait:
                rest.wait(wait)


@cache
def feeder() -> Feeder:
    """The feeder of this kernel."""
    return Feeder()


class Display(Protocol):
    """What a page needs of the display it shows."""

    key: str
    lanes: Sequence[Lane]
    switch: StopSwitch


class Page:
    """One view in the page: what it gets and what it asks."""

    # A page that was reloaded, or a notebook opened again, still points to the widget.
    kept: ClassVar["deque[Page]"] = deque()

    def __init__(self, display: Display) -> None:
        self.display = display
        self.widget = ViewWidget(
            # The page finds the view of an output by the id that stands in it.
            model_id=display.key + uuid.uuid4().hex[len(display.key) :],
            library=feeder().library.model_id,
            key=display.key,
            speed=course_clock.speed,
            snapshot=self.snapshot(),
        )
        self.widget.page = self
        self.widget.on_msg(self._asked)
        keep_replies_away_from_busy_cell(self.widget)
        self._start = self._again = time.monotonic()
        self._handle: Any = None

    def show(self, text: str) -> None:
        """Display the view; `text` is for a page that knows no widgets."""
        from IPython.display import display

        name = self.display.key
        self._handle = display(self._bundle(text), raw=True, display_id=name)  # type: ignore[no-untyped-call]

    def _bundle(self, text: str) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0}
        view |= {"model_id": self.widget.model_id}
        return {"application/vnd.jupyter.widget-view+json": view, "text/plain": text}

    def show_text(self, text: Callable[[], str]) -> None:
        """Show the text so far if no page has answered: after 1 s, then more seldom."""
        now = time.monotonic()
        if feeder().heard or now < max(self._again, self._start + 1):
            return
        self._again = self._start + (now - self._start) * 1.5
        self._handle.update(self._bundle(text()), raw=True)

    def put(self, lane: int, changes: Sequence[Change], **facts: Any) -> None:
        """Tell the page what is new in a lane."""
        feeder().put(self.display.key, lane, changes, **facts)

    def snapshot(self) -> dict[str, Any]:
        """The whole view, and the number of the last message that is in it."""
        lanes = self.display.lanes
        with ExitStack() as locked:
            for lock in [*(lane.lock for lane in lanes), feeder().lock]:
                locked.enter_context(lock)
            if feeder().outbox.waits(self.display.key):
                feeder().send()
            return {
                "number": feeder().outbox.number(self.display.key),
                "lanes": [lane.snapshot() for lane in lanes],
            }

    def close(self, bundle: dict[str, str]) -> None:
        """Send the rest and leave the bundle in place of the view."""
        feeder().send()
        self._handle.update(bundle, raw=True)
        self._keep()

    def _keep(self) -> None:
        """Keep a few widgets for pages that still show them."""
        self.kept.append(self)
        while len(self.kept) > KEPT:
            old = self.kept.popleft()
            feeder().outbox.forget(old.display.key)
            old.widget.close()

    def _asked(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        """A page asks; this may run on another thread while a cell is busy."""
        if content.get("ask") == "stop":
            self.display.switch.press()
        elif content.get("ask") == "whole":
            widget.send_state("snapshot")


def keep_replies_away_from_busy_cell(widget: Any) -> None:
    """Let a page's message reach the kernel while a cell runs.

    JupyterLab sends a widget's messages to a subshell. ipykernel 7.4 hands them back to
    the shell that last used the widget, which is the busy one: a Stop would wait.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = lambda data, default: default
