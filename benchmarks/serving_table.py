"""The ways to serve a stream, what is measured of each, and what the targets are.

No figure is made here: `serving.py` measures, these are the rows of its tables.

    Row("plain", TUNED).cells(); TARGETS[0].line(rows)
"""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

TOKENS = 60  # of each answer
TUNED, PLAIN = "tuned", "as it comes"
WAYS = {
    "raw": "a raw ASGI loop, no model",
    "plain": "`StreamingResponse`, the bare model",
    "text-events": "`astream_events` v2 of a chain, its text",
    "whole-events": "`astream_events` v2 of a chain, whole",
    "model": "`sse_response`, the bare model",
    "reliable": "`sse_response`, `reliable`",
    "messages": "`sse_response`, `cached(reliable)`",
    "stack": "`sse_response`, `cached(reliable)` and `TextParser`: the full stack",
    "memory": "`cached(reliable)`, with a replay in memory",
    "redis": "`cached(reliable)`, with a replay in Redis",
    "app": "`notebooks/chat` as it is: no parser; limits, metrics, replay",
    "app-redis": "`notebooks/chat` with all of it in Redis, the cache, too",
}
IN_REDIS = ("redis", "app-redis")
AS_IT_COMES = ("plain", "text-events", "stack", "app")  # also without `tune_gc`


@dataclass
class Row:
    """One way with one collector, and what each round measured."""

    way: str
    collector: str
    per_token: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    streams: list[float] = field(default_factory=list)
    half: list[float] = field(default_factory=list)  # p99 at half the app's capacity

    def cells(self) -> list[str]:
        """The row of the table: medians."""
        streams = f"{statistics.median(self.streams):,.0f}" if self.streams else ""
        return [
            WAYS[self.way],
            self.collector,
            f"{statistics.median(self.per_token):.0f}",
            streams,
            f"{statistics.median(self.start):.1f}",
            f"{statistics.median(self.p99):.0f}",
        ]


Key = tuple[str, str]
Rows = dict[Key, Row]


def middle(rows: Rows, key: Key, figure: str) -> float | None:
    """The median of a figure; None if it was not measured."""
    found = getattr(rows[key], figure) if key in rows else []
    return statistics.median(found) if found else None


def quotient(figure: str, row: Key, over: Key) -> Callable[[Rows], float | None]:
    """One row's figure by another's."""

    def found(rows: Rows) -> float | None:
        ours, theirs = middle(rows, row, figure), middle(rows, over, figure)
        return None if ours is None or not theirs else ours / theirs

    return found


def added(row: Key, base: Key, over: Key) -> Callable[[Rows], float | None]:
    """What a row's token costs more than the base's, by what another's costs."""

    def found(rows: Rows) -> float | None:
        parts = [middle(rows, key, "per_token") for key in (row, base, over)]
        if None in parts:
            return None
        ours, without, plain = (part or 0.0 for part in parts)
        return (ours - without) / plain

    return found


@dataclass
class Target:
    """A ratio in one run, and what it may be."""

    says: str
    ratio: Callable[[Rows], float | None]
    most: float | None = None
    least: float | None = None

    def line(self, rows: Rows) -> str:
        """The row of the table of targets."""
        ratio = self.ratio(rows)
        if ratio is None:
            return f"| {self.says} | {self.aim} | not measured | |"
        met = ratio <= self.most if self.most else ratio >= (self.least or 0)
        return f"| {self.says} | {self.aim} | {ratio:.2f} | {'yes' if met else 'no'} |"

    @property
    def aim(self) -> str:
        return f"at most {self.most}" if self.most else f"at least {self.least}"


STACK, EVENTS, BARE = ("stack", TUNED), ("text-events", TUNED), ("plain", TUNED)
MESSAGES = ("messages", TUNED)
PEOPLE, REDIS, SHARED = ("text-events", PLAIN), ("redis", TUNED), ("app-redis", TUNED)
HELD = (PEOPLE, BARE, STACK, SHARED)  # whose capacity is sought
TARGETS = [
    Target(
        "full stack ÷ text of `astream_events`, a token",
        quotient("per_token", STACK, EVENTS),
        most=0.65,
    ),
    Target(
        "full stack ÷ a plain response, a token",
        quotient("per_token", STACK, BARE),
        most=1.5,
    ),
    Target(
        "the same without the parser, as the app has it",
        quotient("per_token", MESSAGES, BARE),
        most=1.5,
    ),
    Target(
        "full stack, tuned ÷ `astream_events` as people run it, streams",
        quotient("streams", STACK, PEOPLE),
        least=3,
    ),
    Target(
        "a replay in Redis, over none ÷ a plain response, a token",
        added(REDIS, MESSAGES, BARE),
        most=0.25,
    ),
    Target(
        "the app with Redis ÷ a plain response, p99 at half the app's capacity",
        quotient("half", SHARED, BARE),
        most=2,
    ),
]


HEAD = """\
| way | collector | µs a token | streams in time | ms a start | p99 late, ms |
|---|---|---:|---:|---:|---:|"""

# Where the work of a token goes: what a way adds to another.
STEPS = [
    ("plain", "raw", "LangChain's own stream of a model: two objects a token"),
    ("model", "plain", "a task of its own, which stops whatever is underneath; events"),
    ("reliable", "model", "each chunk is looked at: a finish, a call, half an answer"),
    ("messages", "reliable", "a task brings the chunks, for all who ask the same"),
    (
        "stack",
        "messages",
        "LangChain gives each token of a chain a task, and asks the handler that stops "
        "it and hears how it ended; `sse_response` reads messages without a parser",
    ),
    ("memory", "messages", "a record for those who come back, and its two tasks"),
    ("redis", "memory", "one entry a second and answer, as JSON; signs of life"),
    ("app", "memory", "limits, metrics, a span, a log line; most of it once an answer"),
    ("app-redis", "app", "the replay, the limits and the cache in Redis"),
]


def profile(rows: Rows) -> Iterator[str]:
    """The lines of the table of steps."""
    yield "| way | over | adds, µs a token | of it its start | which is |"
    yield "|---|---|---:|---:|---|"
    for way, base, why in STEPS:
        ours, theirs = rows.get((way, TUNED)), rows.get((base, TUNED))
        if ours and theirs:
            token = difference(ours.per_token, theirs.per_token)
            start = 1e3 / TOKENS * difference(ours.start, theirs.start)
            cells = (WAYS[way], WAYS[base], f"{token:+.0f}", f"{start:+.0f}", why)
            yield f"| {' | '.join(cells)} |"


def difference(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(ours) - statistics.median(theirs)
