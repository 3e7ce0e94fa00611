"""One output of a cell: a live view while the answer comes, plain HTML at its end.

Where it runs decides how it shows: `live` in a notebook, `static` where a program runs
the notebook and wants one final output, `text` in a terminal.

    with LiveDisplay([lane], switch), lane.reading(switch): ...
"""

import sys
import time
import uuid
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Self

from course_utils.language import translated
from course_utils.live.answer import title_html
from course_utils.live.lane import Lane
from course_utils.live.markdown import markdown_html
from course_utils.live.stop import StopSwitch
from course_utils.live.terminal import Terminal, harmless
from course_utils.live.transcript import Change
from course_utils.notebook import live_mode
from course_utils.style import wrapped

# As in view.css: three lanes stand side by side in a notebook's column.
ROW = "display: flex; flex-wrap: wrap; gap: 0 2em"
LANE = "flex: 1 1 13em; min-width: 0"


def load_page() -> None:
    """Let the page load its code now, so that the first token of a stream meets it.

    The reader of Markdown is loaded, too, which would delay the end of the first view.
    A lesson asks for it; without that the first view does.
    """
    if live_mode() == "live":
        from course_utils.live.page.feeder import feeder

        feeder()
        markdown_html("")


class LiveDisplay:
    """The lanes of one output, and the way they are shown here."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        switch: StopSwitch,
        title: str = "",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lanes = lanes
        self.title = title  # of all together; a lane has its own
        self.switch = switch
        self._now = now
        self.finding = ""
        self.mode = live_mode()
        self.key = uuid.uuid4().hex[:8]  # it travels with every message
        self._page: Any = None
        self._terminal: Terminal | None = None

    def __enter__(self) -> Self:
        """Show the empty view."""
        for lane in self.lanes:
            lane.report = self._report
        if self.mode == "live":
            from course_utils.live.page.widget import Page

            self._page = Page(self, self._now)
            self._page.show(self.plain())
        elif self.mode == "text" and len(self.lanes) == 1:
            self._terminal = Terminal(sys.stdout)
            titles = filter(None, [self.title, self.lanes[0].title])
            self._terminal.begin(" · ".join(titles))
        return self

    def _report(self, lane: Lane, changes: Sequence[Change]) -> None:
        if self._page is not None:
            self._page.put(self.lanes.index(lane), changes, **self._facts(lane))
            self._page.show_text(self.plain)
        elif self._terminal is not None:
            self._terminal.update(lane.transcript.entries, changes)

    def _facts(self, lane: Lane) -> dict[str, Any]:
        facts: dict[str, Any] = {"chunks": lane.timing.chunks}
        if not lane.state:
            return facts
        facts |= lane.news
        # A race tells its figures in the sentence at its end.
        return facts if len(self.lanes) == 1 else facts | {"figures": ""}

    def __exit__(self, *error: object) -> None:
        """Leave behind what is saved: HTML and text, no widget."""
        if self._page is not None:
            self._page.close(self.bundle(figures=True))
        elif self.mode == "static":
            from IPython.display import display

            display(self.bundle(), raw=True)  # type: ignore[no-untyped-call]
        elif self._terminal is not None:
            [lane] = self.lanes
            self._terminal.end(lane.news["state"], lane.transcript.entries)
        else:
            print(harmless(self.plain()), flush=True)

    def bundle(self, figures: bool = False) -> dict[str, str]:
        """The output of the cell; without figures it is the same at every run."""
        return {"text/html": self.html(figures), "text/plain": self.plain()}

    def html(self, figures: bool) -> str:
        """The title, all lanes as HTML, side by side, and the finding."""
        if len(self.lanes) == 1:
            return title_html(self.title) + self.lanes[0].html(figures)
        style = LANE
        lanes = [f'<div style="{style}">{lane.html()}</div>' for lane in self.lanes]
        row = f'<div style="{ROW}">{"".join(lanes)}</div>'
        finding = f'<p class="mathjax_ignore">{escape(translated(self.finding))}</p>'
        return title_html(self.title) + row + finding

    def plain(self) -> str:
        """All lanes as text, one after the other, and the finding."""
        return "\n\n".join(
            [
                wrapped(self.title),
                *(lane.text() for lane in self.lanes),
                wrapped(translated(self.finding)),
            ]
        ).strip()
