"""The course's pictures: a timeline of runs, a curve, a table.

Each is an object to end a cell with: it shows a picture that reads on light and dark
pages, and below it the same numbers as text. The title says what the picture shows.

    timeline(measure(model.stream("Hi")), title="The first word comes early")
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from course_utils.plots.agent_lanes import lines_of
from course_utils.plots.drawing import draw_curve, draw_timeline, tokens_used
from course_utils.settings import settings
from course_utils.style import wrapped
from course_utils.timing.stream_timing import StreamTiming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 192  # two dots for each CSS pixel (96 an inch): sharp on any screen
# On a dark page the white ground becomes the page's own near-black, and each colour a
# light one of the same hue. Lab's dark themes set this variable to 32, its light ones
# and the pages saved with them to 0; where it is unknown the picture stays as drawn.
_DARK = "var(--jp-shadow-base-lightness, 0) / 32"
ON_DARK = f"filter: invert(calc({_DARK} * 0.933)) hue-rotate(calc({_DARK} * 180deg))"


@dataclass(frozen=True)
class Picture:
    """A picture and the line of text that says the same.

    Attributes:
        title: The finding.
        text: The numbers, one line for each run or series.
        draw: Makes the matplotlib figure; called when the picture is shown.
    """

    title: str
    text: str
    draw: Callable[[], "Figure"]

    def png(self) -> bytes:
        """The picture as a PNG, on a white ground of its own."""
        file = BytesIO()
        nothing = {"Software": None}  # the same picture is the same file
        self.draw().savefig(file, format="png", dpi=DPI, metadata=nothing)
        return file.getvalue()

    def __repr__(self) -> str:
        return wrapped(f"{self.title}\n{self.text}")

    def _repr_html_(self) -> str:
        """The picture and its numbers; as HTML, since Lab gives no PNG its text."""
        png = self.png()
        data = f"data:image/png;base64,{b64encode(png).decode()}"
        alt = escape(self.title) or "Picture"
        lines = "<br>".join(escape(line) for line in self.text.splitlines())
        return (
            f'<img alt="{alt}" width="{_width(png)}" src="{data}" style="{ON_DARK}">'
            f'<p class="mathjax_ignore">{lines}</p>'
        )


def _width(png: bytes) -> int:
    """The width of a PNG in CSS pixels, from its header."""
    return int.from_bytes(png[16:20], "big") * 96 // DPI


@settings()
def timeline(*timings: StreamTiming, title: str) -> Picture:
    """One lane per run: a dot for each chunk with text, and what else happened.

    The pale bar is the wait for the first token. A long silence is a broken line.
    Faults, stops, tool calls and restarts have a sign and a word. An agent that thinks
    or runs tools has lanes below its own, one for its thoughts, one for its tools.

    Args:
        timings: One or more runs, each with its `title`.
        title: What the picture shows, as a sentence.
    """
    if not timings:
        raise ValueError("timeline() needs a run, got none: timeline(measure(stream)).")
    for timing in timings:
        if not isinstance(timing, StreamTiming):
            raise TypeError(
                f"timeline() needs timings, got {type(timing).__name__}: measure the "
                "stream first, timeline(measure(stream))."
            )
    text = "\n".join(line for t in timings for line in (_line(t), *lines_of(t)))
    return Picture(title, text, lambda: draw_timeline(timings, title))


def _line(timing: StreamTiming) -> str:
    name = f"{timing.title}: " if timing.title else ""
    tools = [mark.label for mark in timing.marks if mark.kind == "tool_call"]
    more = [tokens_used(timing), f"calls {', '.join(tools)}" if tools else ""]
    return f"{name}{' · '.join([repr(timing), *filter(None, more)])}"


@settings()
def curve(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    unit: str = "",
    log: bool = False,
) -> Picture:
    """Lines over a common x, each with its name at its end.

    Args:
        x: Where the points stand.
        series: A name and the y values, one for each x.
        title: What the picture shows, as a sentence.
        x_label: What x counts; `y_label` the same for y.
        unit: Unit of the y values in the text below, such as `s`.
        log: Draw both on logarithmic scales, where a power is a straight line.
    """
    for name, values in series.items():
        if len(values) != len(x):
            raise ValueError(
                f"curve() needs a value for each x: {name!r} has {len(values)} for "
                f"{len(x)}."
            )
    labels = (x_label, f"{y_label} ({unit})" if unit else y_label)
    head = f"{x_label}: {', '.join(map(_number, x))}"
    lines = [f"{name}: {_values(values, unit)}" for name, values in series.items()]
    return Picture(
        title,
        "\n".join([head, *lines]),
        lambda: draw_curve(x, series, title, labels, log),
    )


def _values(values: Sequence[float], unit: str) -> str:
    return ", ".join(f"{_number(value)} {unit}".rstrip() for value in values)


def _number(value: float) -> str:
    """A number as one reads it: whole ones with commas, else three digits or so."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
