"""The one thread that feeds all views of a kernel, over one hidden widget.

The library holds the page's code, and all deltas travel on its comm; so a view
costs a few hundred bytes and ten views share one message.

    feeder().put(view, 0, changes)
"""

import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from course_utils.live.page.outbox import Outbox
from course_utils.live.transcript import Change

HERE = Path(__file__).parent


# Read in this order and joined, for a page can import only what it was sent.
SOURCES = (
    "library.js",
    "rules.js",
    "heal.js",
    "markdown.js",
    "highlight.js",
    "dom.js",
    "kinds.js",
    "saved.js",
    "speech.js",
    "view.js",
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
    _css = HERE / "view.css"
    code = traitlets.Unicode().tag(sync=True)
    library = traitlets.Unicode().tag(sync=True)


class Feeder:
    """Sends what the outbox holds, from one background thread for all views."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.lock = threading.RLock()
        self._some = threading.Event()
        self.library = Library(code=page_code())
        self.library.library = self.library.model_id
        self.answered = False  # whether a page has ever answered
        self.library.on_msg(self._hear)
        keep_replies_away_from_busy_cell(self.library)
        threading.Thread(target=self._run, daemon=True).start()

    def _hear(self, *message: Any) -> None:
        self.answered = True

    def put(
        self, view: str, lane: int, changes: Sequence[Change], **facts: Any
    ) -> None:
        """Take news of a view; sent now or with the next message."""
        with self.lock:
            is_first = self.outbox.put(view, lane, changes, **facts)
            if self._some.is_set() and not is_first:
                return  # the thread is awake, and sends it when it is due
            if self.outbox.wait() == 0:
                self.send()
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


def keep_replies_away_from_busy_cell(widget: Any) -> None:
    """Let a page's message reach the kernel while a cell runs.

    JupyterLab sends a widget's messages to a subshell. ipykernel 7.4 hands them back to
    the shell that last used the widget, which is the busy one: a Stop would wait.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = lambda data, default: default
