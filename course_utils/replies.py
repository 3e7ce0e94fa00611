"""What a scripted model says, how fast, and where it breaks, as plain data.

A `Reply` is one answer with its waits and at most a few faults. `plan` turns it into
steps: wait, send, break. The in-process model and the server only play the steps, so
both say the same.

    Reply("Nice to meet you.", first_token=2.0, cut_after=2)
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal

from course_utils.latency import Latency, preset
from course_utils.tokens import pieces

StepKind = Literal[
    "headers",  # the answer begins: status line and headers
    "role",  # the empty first chunk
    "text",
    "tool",  # a tool call is announced: name and id
    "args",  # a fragment of its arguments
    "finish",  # the last chunk: why the answer ended
    "usage",
    "done",  # the end mark after everything
    "keep_alive",  # a comment that carries nothing
    "refuse",  # an error status instead of an answer
    "reset",  # the connection breaks before the headers
    "drop",  # the connection breaks in mid-answer
    "truncate",  # the body ends before its announced end
    "cut",  # the body ends tidily, too early
    "error",  # an error event in mid-answer
    "garble",  # an event that is not JSON
]

# The faults that end an answer, by the name of the step that plays them.
BREAKS: dict[str, StepKind] = {
    "drop_after": "drop",
    "truncate_after": "truncate",
    "cut_after": "cut",
    "error_after": "error",
    "garble_after": "garble",
}
KEEP_ALIVE_EVERY = 0.25


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants to be called, with its arguments."""

    name: str
    args: Mapping[str, Any]
    id: str = ""


@dataclass(slots=True)
class Step:
    """One thing a scripted model does: wait so many seconds, then send or break."""

    kind: StepKind
    wait: float = 0.0
    text: str = ""
    index: int = 0
    tool_id: str = ""
    padding: int = 0
    usage: tuple[int, int] = (0, 0)  # tokens in, tokens out


@dataclass(frozen=True, kw_only=True)
class _Timing:
    first_token: float | None = None
    per_token: float | None = None
    jitter: float = 0.0
    preset: str | None = None
    headers_after: float = 0.0
    stall_after: int | None = None
    stall: float = inf
    keep_alive: bool = False


@dataclass(frozen=True, kw_only=True)
class _Faults:
    finish_reason: str | None = None
    status: int | None = None
    retry_after: float | None = None
    reset: bool = False
    drop_after: int | None = None
    truncate_after: int | None = None
    cut_after: int | None = None
    no_done: bool = False
    error_after: int | None = None
    garble_after: int | None = None
    split_utf8: bool = False
    huge_after: int | None = None
    duplicate_after: int | None = None
    length_after: int | None = None
    filter_after: int | None = None
    exception: Exception | None = None


@dataclass(frozen=True)
class Reply(_Faults, _Timing):
    """One scripted answer: its text or tool calls, its timing, its faults.

    Every `*_after` counts the tokens sent before the fault, pieces of text and pieces
    of tool arguments alike; a negative number counts from the end. Times are seconds.

    >>> Reply("a b c", cut_after=2).sent()
    'a b'

    Attributes:
        text: What the model says.
        tool_calls: Tools it wants called: `ToolCall`s or dicts with name and args.
        first_token: Wait before the first token.
        per_token: Wait before each later token.
        jitter: Spread of these waits (sigma of a log-normal); 0 is exact.
        preset: Name of a `course_utils.latency` preset instead.
        headers_after: Wait before the headers of the answer.
        stall_after: Where the stream goes silent, for `stall` seconds.
        keep_alive: Whether comments keep coming during the stall.
        finish_reason: Instead of `stop` (or `tool_calls`).
        status: Refuse with this HTTP status; `retry_after` seconds go with it.
        reset: Break the connection before any answer.
        drop_after: Break the connection.
        truncate_after: End the body before its announced end.
        cut_after: End the body tidily, with no finish reason: the silent cut.
        no_done: Leave out the end mark.
        error_after: Send an error event.
        garble_after: Send an event that is not JSON.
        split_utf8: Send every byte on its own, so that letters arrive in halves.
        huge_after: Send an event of a megabyte (its text is as short as ever).
        duplicate_after: Send the next token twice.
        length_after: End with the finish reason `length`.
        filter_after: End with the finish reason `content_filter`.
        exception: Raise this instead of answering.
    """

    text: str = ""
    tool_calls: Sequence[ToolCall | Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(
                f"Reply() needs text, got {type(self.text).__name__}: "
                'write Reply("Hello"), or Reply(tool_calls=[...]).'
            )
        calls = tuple(_tool_call(call, n) for n, call in enumerate(self.tool_calls))
        object.__setattr__(self, "tool_calls", calls)
        if self.preset is not None:
            preset(self.preset)
        _check_times(self)

    def latency(self, default: Latency) -> Latency:
        """This reply's own timing, or `default` where it has none."""
        if self.preset is not None:
            return preset(self.preset)
        if self.first_token is None and self.per_token is None and not self.jitter:
            return default
        return Latency(
            _or(self.first_token, default.first_token),
            _or(self.per_token, default.per_token),
            self.jitter,
            self.jitter,
        )

    def sent(self) -> str:
        """The text that gets out before this reply ends or breaks."""
        return "".join(step.text for step in plan(self) if step.kind == "text")


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _tool_call(call: ToolCall | Mapping[str, Any], number: int) -> ToolCall:
    if isinstance(call, Mapping):
        call = ToolCall(call["name"], call.get("args", {}), call.get("id") or "")
    return call if call.id else ToolCall(call.name, call.args, f"call_{number}")


def _check_times(reply: Reply) -> None:
    for name in ("first_token", "per_token", "jitter", "headers_after", "stall"):
        value = getattr(reply, name)
        if value is not None and not value >= 0:
            raise ValueError(
                f"Reply({name}=...) is a time in seconds, got {value!r}: use 0 or more."
            )


def plan(
    reply: Reply,
    *,
    latency: Latency | None = None,
    seed: str = "",
    input_tokens: int = 0,
) -> Iterator[Step]:
    """The steps of a reply, in order. No clock, no network: only what and how long."""
    if reply.status is not None:
        yield Step("refuse", reply.headers_after)
        return
    if reply.reset:
        yield Step("reset", reply.headers_after)
        return
    yield Step("headers", reply.headers_after)
    yield Step("role")
    content = _content(reply)
    ends = _end(reply, len(content))
    waits = reply.latency(latency or Latency()).waits(seed, input_tokens)
    yield from _sending(reply, content, ends[0], waits)
    yield from _ending(reply, ends, Step("usage", usage=(input_tokens, ends[0])))


def _content(reply: Reply) -> list[Step]:
    steps = [Step("text", text=piece) for piece in pieces(reply.text)]
    for index, call in enumerate(reply.tool_calls):
        assert isinstance(call, ToolCall)
        arguments = json.dumps(call.args, ensure_ascii=False)
        steps += [
            Step("args", text=piece, index=index, tool_id=call.id)
            for piece in pieces(arguments)
        ]
    return steps


def _end(reply: Reply, total: int) -> tuple[int, str]:
    """How many tokens get out, and the name of the field that ends the answer."""
    names = [*BREAKS, "length_after", "filter_after"]
    given = [(getattr(reply, name), name) for name in names]
    ends = [(_at(after, total), name) for after, name in given if after is not None]
    return min(ends, default=(total, "finish_reason"))


def _at(after: int, total: int) -> int:
    return max(0, min(total, after if after >= 0 else total + after))


def _sending(
    reply: Reply, content: list[Step], count: int, waits: Iterator[float]
) -> Iterator[Step]:
    total, announced = len(content), -1
    marks = {name: _mark(reply, name, total) for name in _MARKS}
    for number, (step, wait) in enumerate(zip(content[:count], waits, strict=False)):
        if number == marks["stall_after"]:
            wait += yield from _stalling(reply)
        if step.kind == "args" and step.index != announced:
            announced = step.index
            yield _announce(reply, announced, wait)
            wait = 0.0
        huge = 1_000_000 if number == marks["huge_after"] else 0
        yield replace(step, wait=wait, padding=huge) if wait or huge else step
        if number == marks["duplicate_after"]:
            yield step
    if marks["stall_after"] == count:
        yield Step("keep_alive", (yield from _stalling(reply)))


_MARKS = ("stall_after", "huge_after", "duplicate_after")


def _mark(reply: Reply, name: str, total: int) -> int | None:
    after = getattr(reply, name)
    return None if after is None else _at(after, total)


def _announce(reply: Reply, index: int, wait: float) -> Step:
    call = reply.tool_calls[index]
    assert isinstance(call, ToolCall)
    return Step("tool", wait, call.name, index, call.id)


def _stalling(reply: Reply) -> Generator[Step, None, float]:
    """The silence of a stall, kept alive by comments; returns what is left of it."""
    if not reply.keep_alive:
        return reply.stall
    left = reply.stall
    while left > KEEP_ALIVE_EVERY:
        yield Step("keep_alive", KEEP_ALIVE_EVERY)
        left -= KEEP_ALIVE_EVERY
    return left


def _ending(reply: Reply, end: tuple[int, str], usage: Step) -> Iterator[Step]:
    name = end[1]
    if name in BREAKS:
        yield Step(BREAKS[name])
        return
    yield Step("finish", text=_finish_reason(reply, name))
    yield usage
    if not reply.no_done:
        yield Step("done")


def _finish_reason(reply: Reply, ended_by: str) -> str:
    if ended_by == "length_after":
        return "length"
    if ended_by == "filter_after":
        return "content_filter"
    return reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")


def limited(reply: Reply, stop: Iterable[str], max_tokens: int | None) -> Reply:
    """The reply as a caller's stop sequences and token limit leave it.

    >>> limited(Reply("one two three"), stop=["two"], max_tokens=None).text
    'one '
    """
    found = [reply.text.find(word) for word in stop if word and word in reply.text]
    if found:
        reply = replace(reply, text=reply.text[: min(found)])
    if max_tokens is not None and max_tokens < len(_content(reply)):
        reply = replace(reply, length_after=max_tokens)
    return reply
