"""How the pictures are drawn: matplotlib without pyplot, so that nothing is shared.

Each function returns a figure of its own. The ground is white, and text reads on it:
4.5:1 at least; `picture` turns it for a dark page. Labels stand beside what they name.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from course_utils.language import translated
from course_utils.plots.agent_lanes import ROW, draw_rows, rows_of
from course_utils.style import BLUE, COLOURS, GREEN, ORANGE, PINK
from course_utils.timing.recording import Mark
from course_utils.timing.stream_timing import StreamTiming

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUND = "#FFFFFF"
INK = "#333333"
LINE = "#767676"  # an axis, a wait
# A mark needs 3:1 against its ground, a word 4.5:1: words are darker than their marks.
WORDS = {BLUE: "#005F94", ORANGE: "#A64700", GREEN: "#00704F", PINK: "#96426F"}
WIDTH = 7.4  # inches: as wide as JupyterLab's text
LETTER = 5.6  # points: a letter of a label, a little more than the average
SIGNS = {  # marker, colour
    "tool_call": ("^", PINK),
    "tool_result": ("v", PINK),
    "restart": ("D", PINK),
    "fault": ("X", ORANGE),
    "stopped": ("s", ORANGE),
}


def _figure(
    title: str, height: float, labels: Sequence[str]
) -> tuple["Figure", "Axes"]:
    """An empty figure with a title, a thin axis of x, and room for end labels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), facecolor=GROUND)
    FigureCanvasAgg(figure)
    longest = max(len(line) for label in labels for line in label.split("\n"))
    right = min(0.35, (longest * LETTER + 16) / (72 * WIDTH))
    axes = figure.add_axes((0.02, 0.38 / height, 0.98 - right, 1 - 0.83 / height))
    axes.set_facecolor("none")
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.spines["bottom"].set_linewidth(0.6)
    axes.tick_params(color=LINE, labelcolor=INK, labelsize=9, width=0.6, length=3)
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
    axes.annotate(translated(text), at, **(options | more))


# --- the timeline


def draw_timeline(timings: Sequence[StreamTiming], title: str) -> "Figure":
    """Draw one lane per run, the first on top; an agent's has more below it."""
    rows = [rows_of(timing) for timing in timings]
    deep = [1 + (0.1 + ROW * len(more) if more else 0) for more in rows]
    ends = [_end_label(timing) for timing in timings]
    figure, axes = _figure(title, 0.93 + 0.78 * sum(deep), ends)
    longest = max(max(timing.total for timing in timings), 0.01)
    axes.set_xlim(0, longest)
    axes.set_ylim(sum(deep) - 0.45, -0.55)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=7)
    _say(
        axes, "seconds", (1, 0), xycoords="axes fraction", xytext=(16, -6), va="top",
        ha="left",
    )  # fmt: skip
    for number, timing in enumerate(timings):
        lane = sum(deep[:number])
        colour = COLOURS[number % 3]  # pink is for tools
        _draw_lane(axes, lane, timing, colour)
        beside = _beside(timing.marks, rows[number])
        _draw_marks(axes, lane, beside, longest, timing.title)
        draw_rows(axes, lane, rows[number], _say)
    return figure


def _beside(marks: Sequence[Mark], rows: Sequence[Any]) -> list[Mark]:
    """The marks of a lane: tools are none where they have lanes of their own."""
    return [mark for mark in marks if not (rows and mark.kind.startswith("tool_"))]


def _draw_lane(axes: "Axes", lane: float, timing: StreamTiming, colour: str) -> None:
    first = timing.time_to_first_token
    wait = timing.total if first is None else first
    axes.hlines(lane, 0, timing.total, color=LINE, lw=0.8, zorder=1)
    axes.hlines(lane, 0, wait, color=colour, lw=7, alpha=0.36, zorder=1)
    axes.vlines(0, lane - 0.16, lane + 0.16, color=INK, lw=1, clip_on=False)
    _say(
        axes, timing.title, (0, lane), xytext=(1, 11), weight="bold",
        color=WORDS[colour],
    )  # fmt: skip
    if first is not None and first < 0.95 * timing.total:
        words = f"first token {first:.2f} s"
        _say(axes, words, (first, lane), xytext=(-4, -18))
    _draw_stalls(axes, lane, timing)
    size = 30 if timing.chunks <= 60 else 12
    axes.scatter(
        timing.arrivals, [lane] * timing.chunks, s=size, color=colour, alpha=0.85,
        linewidths=0, zorder=3, clip_on=False,
    )  # fmt: skip
    _draw_end(axes, lane, timing)


def _draw_stalls(axes: "Axes", lane: float, timing: StreamTiming) -> None:
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


def _draw_end(axes: "Axes", lane: float, timing: StreamTiming) -> None:
    """A stroke where the stream ended, and the end in words."""
    end = timing.endings
    broken = timing.error is not None or timing.stopped
    broken = broken or end.bad is not None
    colour = ORANGE if broken else GREEN if end.whole else INK
    axes.vlines(
        timing.total, lane - 0.16, lane + 0.16, color=colour, lw=1.6, clip_on=False
    )
    _say(axes, _end_label(timing), (timing.total, lane), xytext=(9, 0), va="center")


def _end_label(timing: StreamTiming) -> str:
    """How long it took, how it ended, and what it used, in one to three short lines."""
    how = timing.ending.removeprefix("done: ").removeprefix("error: ")
    break_here = "\n" if len(how) > 12 and "\n" not in how else " · "
    lines = f"{timing.total:.2f} s{break_here}{how}"
    return f"{lines}\n{tokens}" if (tokens := tokens_used(timing)) else lines


def tokens_used(timing: StreamTiming) -> str:
    """How many tokens the answer took, in words; empty if the stream did not say."""
    if timing.usage is None:
        return ""
    count = timing.usage["output_tokens"]
    return translated(f"{count:,} token{'' if count == 1 else 's'}")


def _draw_marks(
    axes: "Axes", lane: float, marks: Sequence[Mark], longest: float, title: str
) -> None:
    """Signs on the lane, their words below it; words that would touch are left out."""
    letter = 0.013 * longest
    free = letter * len(title)
    for mark in marks:
        if mark.kind not in SIGNS:
            continue
        sign, colour = SIGNS[mark.kind]
        axes.scatter(
            [mark.at], [lane], marker=sign, s=52, color=colour, zorder=4, clip_on=False
        )
        words = mark.label or mark.kind.replace("_", " ")
        half = letter * len(words) / 2
        if mark.kind in ("fault", "stopped") or mark.at - half < free:
            continue
        _say(axes, words, (mark.at, lane), xytext=(0, 8), ha="center")
        free = mark.at + half + letter


# --- curves


def draw_curve(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    title: str,
    labels: tuple[str, str],
    log: bool,
) -> "Figure":
    """Draw lines with their names at their ends."""
    figure, axes = _figure(title, 3.1, list(series))
    left, bottom, width, height = axes.get_position().bounds
    axes.set_position((left + 0.06, bottom + 0.03, width - 0.06, height - 0.07))
    axes.set_xlabel(labels[0], color=INK, fontsize=9, loc="left")
    figure.text(0.02, 0.845, labels[1], color=INK, fontsize=9, parse_math=False)
    if log:
        _log_log(axes, x)
    for number, values in enumerate(series.values()):
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(x, values, color=colour, lw=2, marker="o", ms=5, clip_on=False)
    if not log:
        axes.set_ylim(bottom=0)
    _name_lines(axes, x[-1], series)
    return figure


def _log_log(axes: "Axes", x: Sequence[float]) -> None:
    """A power is a straight line, and its exponent the line's slope."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(x, [f"{value:,g}" for value in x])
    axes.minorticks_off()


def _name_lines(axes: "Axes", x: float, series: Mapping[str, Sequence[float]]) -> None:
    """Write each name at the end of its line; names that would touch move up."""
    ends = [axes.transData.transform((x, values[-1]))[1] for values in series.values()]
    apart = 13 * axes.figure.dpi / 72
    free = float("-inf")
    names = list(series)
    for number in sorted(range(len(names)), key=ends.__getitem__):
        place = max(ends[number], free)
        free = place + apart
        up = (place - ends[number]) * 72 / axes.figure.dpi
        _say(
            axes, names[number], (x, series[names[number]][-1]), xytext=(9, up),
            va="center", color=WORDS[COLOURS[number % len(COLOURS)]], weight="bold",
        )  # fmt: skip
