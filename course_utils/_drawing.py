"""How the pictures are drawn: matplotlib without pyplot, so that nothing is shared.

Each function returns a figure of its own. Text is in one grey that reads on white and
on black; the ground is transparent; labels stand beside what they name.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from course_utils.style import COLOURS, GREEN, INK, ORANGE, PINK
from course_utils.timing import Mark, StreamTiming

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.6  # inches: as wide as JupyterLab's text
SIGNS = {  # marker, colour
    "tool_call": ("^", PINK),
    "tool_result": ("v", PINK),
    "restart": ("D", PINK),
    "fault": ("X", ORANGE),
    "stopped": ("s", ORANGE),
}


def _figure(title: str, height: float) -> tuple["Figure", "Axes"]:
    """An empty figure with a title and a thin axis of x."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.5 / height, 0.80, 1 - 0.95 / height))
    axes.set_facecolor("none")
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(INK)
    axes.spines["bottom"].set_linewidth(0.6)
    axes.tick_params(colors=INK, labelsize=9, width=0.6, length=3)
    figure.text(
        0.02, 1 - 0.14 / height, title, color=INK, fontsize=12.5, weight="bold",
        va="top", parse_math=False,
    )  # fmt: skip
    return figure, axes


def _say(axes: "Axes", text: str, at: tuple[float, float], **more: Any) -> None:
    """Write a label beside a point, in ink, so many points away."""
    options: dict[str, Any] = {
        "textcoords": "offset points",
        "xytext": (0, 0),
        "fontsize": 9,
        "color": INK,
        "annotation_clip": False,
        "parse_math": False,
    }
    axes.annotate(text, at, **(options | more))


# --- the timeline


def draw_timeline(timings: Sequence[StreamTiming], title: str) -> "Figure":
    """Draw one lane per run, the first on top."""
    figure, axes = _figure(title, height=1.05 + 0.78 * len(timings))
    longest = max(max(timing.total for timing in timings), 1e-9)
    axes.set_xlim(0, longest)
    axes.set_ylim(len(timings) - 0.45, -0.55)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=7)
    axes.set_xlabel("seconds", color=INK, fontsize=9, loc="left", labelpad=1)
    for lane, timing in enumerate(timings):
        colour = COLOURS[lane % 3]  # pink is for tools
        _draw_lane(axes, lane, timing, colour)
        _draw_marks(axes, lane, timing.marks, longest)
    return figure


def _draw_lane(axes: "Axes", lane: int, timing: StreamTiming, colour: str) -> None:
    first = timing.time_to_first_token
    wait = timing.total if first is None else first
    axes.hlines(lane, 0, timing.total, color=INK, lw=0.8, alpha=0.6, zorder=1)
    axes.hlines(lane, 0, wait, color=colour, lw=7, alpha=0.28, zorder=1)
    axes.vlines(0, lane - 0.16, lane + 0.16, color=INK, lw=1, clip_on=False)
    _say(axes, timing.title, (0, lane), xytext=(1, 11), weight="bold", color=colour)
    if first is not None:
        _say(axes, f"{first:.2f} s", (first, lane), xytext=(0, -17), ha="center")
    _draw_stalls(axes, lane, timing)
    size = 30 if timing.chunks <= 60 else 12
    axes.scatter(
        timing.arrivals, [lane] * timing.chunks, s=size, color=colour, alpha=0.85,
        linewidths=0, zorder=3, clip_on=False,
    )  # fmt: skip
    _draw_end(axes, lane, timing)


def _draw_stalls(axes: "Axes", lane: int, timing: StreamTiming) -> None:
    """Break the line where the stream is silent much longer than it usually is."""
    gaps = timing.inter_token_latencies
    if len(gaps) < 3:
        return
    long = max(5 * median(gaps), 0.12 * timing.total)
    for start, gap in zip(timing.arrivals, gaps, strict=False):
        if gap >= long:
            axes.hlines(lane, start, start + gap, color=ORANGE, lw=2, ls=(0, (1, 2)))
            middle = (start + gap / 2, lane)
            _say(axes, f"silent {gap:.2f} s", middle, xytext=(0, 7), ha="center")


def _draw_end(axes: "Axes", lane: int, timing: StreamTiming) -> None:
    """A stroke where the stream ended, and the end in words."""
    broken = timing.error is not None or timing.stopped
    colour = ORANGE if broken else GREEN if timing.finish_reason else INK
    axes.vlines(
        timing.total, lane - 0.16, lane + 0.16, color=colour, lw=1.6, clip_on=False
    )
    ending = timing.ending.removeprefix("finished: ").removeprefix("fault: ")
    words = ending.replace(" without a ", "\nwithout a ").replace(" by ", "\nby ")
    _say(
        axes, f"{timing.total:.2f} s · {words}", (timing.total, lane),
        xytext=(9, 0), va="center",
    )  # fmt: skip


def _draw_marks(axes: "Axes", lane: int, marks: Sequence[Mark], longest: float) -> None:
    """Signs on the lane, their words below it; words that would touch are left out."""
    free = float("-inf")
    for mark in marks:
        if mark.kind not in SIGNS:
            continue
        sign, colour = SIGNS[mark.kind]
        axes.scatter(
            [mark.at], [lane], marker=sign, s=52, color=colour, zorder=4, clip_on=False
        )
        if mark.kind in ("fault", "stopped") or mark.at < free:
            continue
        words = mark.label or mark.kind.replace("_", " ")
        _say(axes, words, (mark.at, lane), xytext=(0, 8), ha="center", color=colour)
        free = mark.at + 0.013 * longest * len(words)


# --- curves


def draw_curve(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    title: str,
    labels: tuple[str, str],
    log: bool,
) -> "Figure":
    """Draw lines with their names at their ends."""
    figure, axes = _figure(title, height=3.1)
    axes.set_position((0.09, 0.16, 0.73, 0.66))
    axes.set_xlabel(labels[0], color=INK, fontsize=9, loc="left")
    figure.text(0.02, 0.845, labels[1], color=INK, fontsize=9, parse_math=False)
    if log:
        axes.set_yscale("log")
    for number, (name, values) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(x, values, color=colour, lw=2, marker="o", ms=5, clip_on=False)
        _say(
            axes, name, (x[-1], values[-1]), xytext=(9, 0), va="center", color=colour,
            weight="bold",
        )  # fmt: skip
    if not log:
        axes.set_ylim(bottom=0)
    return figure
