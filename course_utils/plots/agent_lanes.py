"""An agent's run on a timeline: below its lane, one for thinking and one for each tool.

A tool's thin line is its arguments as they come, its bar the time until its result.
Tools that ran at a time stand below each other.

    rows_of(timing)      # [[Bar("thinks", 0.1, 0.4)], [Bar("weather", ...)]]
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from course_utils.style import BLUE, ORANGE, PINK
from course_utils.timing.spans import ModelSpan, ToolSpan, thinking
from course_utils.timing.stream_timing import StreamTiming

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.36  # of a lane
FIRST_ROW = 0.62  # below the lane: the words of the lane itself stand between


class Bar(NamedTuple):
    """Something that went on for a while.

    Attributes:
        words: What to write beside it.
        start: Seconds since the stream was first asked; `end` the same.
        colour: A colour of the course.
        since: Where its thin line begins: a tool's arguments began to come.
    """

    words: str
    start: float
    end: float
    colour: str
    since: float


def is_agent(timing: StreamTiming) -> bool:
    """Whether the run has lanes of its own: it thought, or a tool ran."""
    ran = any(tool.returned is not None for tool in timing.tool_calls)
    return ran or bool(thinking(timing.model_calls))


def rows_of(timing: StreamTiming) -> list[list[Bar]]:
    """The lanes below an agent's own; none for a plain answer."""
    if not is_agent(timing):
        return []
    thoughts = [_thought(model) for model in thinking(timing.model_calls)]
    rows = [thoughts] if thoughts else []
    tools: list[list[Bar]] = []
    for bar in [_tool(tool, timing.total) for tool in timing.tool_calls]:
        free = next((row for row in tools if row[-1].end <= bar.since), None)
        if free is None:
            tools.append(free := [])
        free.append(bar)
    return rows + tools


def _thought(model: ModelSpan) -> Bar:
    start, end = model.first_thought or 0.0, model.last_thought or 0.0
    return Bar(f"thinks {end - start:.2f} s", start, end, BLUE, start)


def _tool(tool: ToolSpan, total: float) -> Bar:
    end = total if tool.returned is None else tool.returned
    begin = 0.0 if tool.asked is None else tool.asked
    start = 0.0 if tool.called is None else tool.called
    words, colour = f"{tool.name or 'tool'} {end - start:.2f} s", PINK
    if tool.returned is None:
        words, colour = f"{tool.name or 'tool'}: no result", ORANGE
    elif tool.failed:
        words, colour = f"{words}, failed", ORANGE
    return Bar(words, start, end, colour, begin)


Say = Callable[..., Any]


def draw_rows(
    axes: "Axes", lane: float, rows: Sequence[Sequence[Bar]], say: Say
) -> None:
    """Draw an agent's lanes below its own; `say` writes a label."""
    for number, row in enumerate(rows):
        y = lane + FIRST_ROW + ROW * number
        for place, bar in enumerate(row):
            axes.hlines(y, bar.since, bar.end, color=bar.colour, lw=1.2, zorder=2)
            axes.hlines(y, bar.start, bar.end, color=bar.colour, lw=6, zorder=3)
            room = row[place + 1].since if place + 1 < len(row) else None
            _name(axes, y, bar, room, say)


def _name(axes: "Axes", y: float, bar: Bar, room: float | None, say: Say) -> None:
    """Its words at its right; where there is no room, at its left or above it."""
    longest = axes.get_xlim()[1]
    width = 0.013 * longest * len(bar.words)
    if bar.end + width <= (longest if room is None else room):
        say(axes, bar.words, (bar.end, y), xytext=(5, 0), va="center")
    elif room is None and bar.since >= width:
        say(axes, bar.words, (bar.since, y), xytext=(-5, 0), va="center", ha="right")
    else:
        say(axes, bar.words, (bar.start, y), xytext=(0, 4))


def lines_of(timing: StreamTiming) -> list[str]:
    """The same in words: a line for each model call of an agent, one for each tool."""
    if not is_agent(timing):
        return []
    models = enumerate(timing.model_calls, 1)
    return [
        *(f"model call {number}{_model(model)}" for number, model in models),
        *(f"tool {_words(tool)}" for tool in timing.tool_calls),
    ]


def _model(model: ModelSpan) -> str:
    name = f" ({model.source})" if model.source else ""
    said = [
        f"first sign {_seconds(model.first_sign)}",
        _if(model.first_thought, "thinks from {}"),
        _if(model.first_text, "text from {}"),
        f"until {_seconds(model.last_sign)}",
        f"{model.usage['output_tokens']:,} tokens" if model.usage else "",
        model.finish.reason if model.finish else "no finish reason",
    ]
    return f"{name}: {' · '.join(filter(None, said))}"


def _words(tool: ToolSpan) -> str:
    end = _if(tool.returned, "failed at {}" if tool.failed else "result {}")
    said = [_if(tool.asked, "asked {}"), _if(tool.called, "called {}")]
    return f"{tool.name}: {' · '.join(filter(None, [*said, end or 'no result']))}"


def _if(at: float | None, words: str) -> str:
    return "" if at is None else words.format(_seconds(at))


def _seconds(at: float | None) -> str:
    return "never" if at is None else f"{at:.2f} s"
