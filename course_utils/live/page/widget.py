"""The widget behind a live view, and the one thread that feeds all of them.

All deltas travel on the comm of one hidden widget, the library, which also holds the
page's code; so a view costs a few hundred bytes and ten views share one message.

    page = Page(display); page.put(0, changes); page.close()
"""

import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Protocol

import anywidget
import traitlets

from course_utils.clock import course_clock
from course_utils.language import translated
from course_utils.live.lane import Lane
from course_utils.live.page.feeder import LOAD, feeder, keep_replies_away_from_busy_cell
from course_utils.live.stop import StopSwitch
from course_utils.live.transcript import Change

KEPT = 30  # widgets of ended views
MOST_KEPT = 500  # ... and of those that have only just ended
ON_ITS_WAY = 60.0  # seconds that a page may take to build what it was told to show

# What the page itself says; it gets those that are said otherwise in another language.
WORDS = (
    *("Stop", "Stop all", "Stopping", "The kernel is busy: press ■ in the toolbar."),
    *("waiting", "streaming", "streaming · waiting for more", "chunks/s"),
)

VIEW = """
const render = async ({ model, el }) => (await load(model)).render(model, el);
export default { render };
"""


class ViewWidget(anywidget.AnyWidget):
    """What a cell displays. Its state is a snapshot, made when a page asks."""

    _esm = LOAD + VIEW
    library = traitlets.Unicode().tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)
    speed = traitlets.Float(1.0).tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    page: "Page | None" = None

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What a new page gets: the snapshot as it is now."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if self.page is not None and "snapshot" in state:
            state["snapshot"] = self.page.snapshot()
        return state

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Only the kernel writes."""


class Display(Protocol):
    """What a page needs of the display it shows."""

    key: str
    title: str
    lanes: Sequence[Lane]
    switch: StopSwitch


class Page:
    """One view in the page: what it gets and what it asks."""

    # A page that was reloaded, or a notebook opened again, still points to the widget.
    recent: ClassVar["deque[Page]"] = deque()

    def __init__(
        self, display: Display, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.display = display
        self._feeder = feeder()
        self.widget = ViewWidget(
            # The page finds the view of an output by the id that stands in it.
            model_id=display.key + uuid.uuid4().hex[len(display.key) :],
            library=self._feeder.library.model_id,
            key=display.key,
            speed=course_clock.speed,
            snapshot=self.snapshot(),
            words={w: here for w in WORDS if (here := translated(w)) != w},
        )
        self.widget.page = self
        self.widget.on_msg(self._on_message)
        keep_replies_away_from_busy_cell(self.widget)
        self._now = now
        self._start = self._again = self._ended = now()
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
        if self._feeder.answered:
            return
        now = self._now()
        if now < max(self._again, self._start + 1):
            return
        self._again = self._start + (now - self._start) * 1.5
        self._handle.update(self._bundle(text()), raw=True)

    def put(self, lane: int, changes: Sequence[Change], **facts: Any) -> None:
        """Tell the page what is new in a lane."""
        self._feeder.put(self.display.key, lane, changes, **facts)

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
                "title": self.display.title,
                "lanes": [lane.snapshot() for lane in lanes],
            }

    def close(self, bundle: dict[str, str]) -> None:
        """Send the rest and leave the bundle in place of the view."""
        feeder().send()
        self._handle.update(bundle, raw=True)
        self._keep()

    def _keep(self) -> None:
        """Keep a few widgets for pages that still show them."""
        self._ended = self._now()
        self.recent.append(self)
        while len(self.recent) > MOST_KEPT or (
            len(self.recent) > KEPT and self._ended - self.recent[0]._ended > ON_ITS_WAY
        ):
            old = self.recent.popleft()
            feeder().outbox.forget(old.display.key)
            old.widget.close()

    def _on_message(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        """A page asks; this may run on another thread while a cell is busy."""
        if content.get("ask") == "stop":
            self.display.switch.press()
        elif content.get("ask") == "whole":
            widget.send_state("snapshot")
