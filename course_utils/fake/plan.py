"""A reply as steps: wait so long, send this, break here.

No clock and no network: whoever plays the steps, in this process or on a wire, adds
those. Every fault is the last step of its plan.

    [step.kind for step in plan(Reply("Hi"))]
"""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat, zip_longest
from typing import Any, Literal, NamedTuple, TypeVar

from course_utils.fake.latency import Latency
from course_utils.fake.reply_fields import ReplyFields, ToolCall
from course_utils.tokens import pieces

Scripted = TypeVar("Scripted", bound=ReplyFields)

StepKind = Literal[
    "headers",  # the answer begins: status line and headers
    "role",  # the empty first chunk
    "reason",  # a piece of what the model thinks
    "text",
    "refusal",  # a piece of why it will not answer
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
# The steps that are tokens: counted by every `*_after`, and in the usage.
TOKENS: tuple[StepKind, ...] = ("reason", "text", "refusal", "args")
KEEP_ALIVE_EVERY = 0.25
SURE = -0.0001  # the log probability of a piece that nobody scripted


class Usage(NamedTuple):
    """Tokens of a request and of its answer; the answer's include the thoughts."""

    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


NOTHING_YET = Usage()


@dataclass(slots=True)
class Step:
    """One thing a scripted model does: wait so many seconds, then send or break."""

    kind: StepKind
    wait: float = 0.0
    text: str = ""
    index: int = 0
    tool_id: str = ""
    padding: int = 0
    usage: Usage = NOTHING_YET
    logprob: float = SURE


def plan(
    reply: ReplyFields,
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
    count, ended_by = _end(reply, len(content))
    waits = reply.latency(latency or Latency()).waits(seed, input_tokens)
    yield from _sending(reply, content, count, waits)
    thoughts = sum(step.kind == "reason" for step in content[:count])
    usage = Usage(input_tokens, count, thoughts)
    yield from _ending(reply, ended_by, Step("usage", usage=usage))


def _content(reply: ReplyFields) -> list[Step]:
    """Every token of the answer: first the thoughts, then what they lead to."""
    steps = [Step("reason", text=piece) for piece in pieces(reply.reasoning)]
    likely = chain(reply.logprobs or (), repeat(SURE))
    steps += [
        Step("text", text=piece, logprob=logprob)
        for piece, logprob in zip(pieces(reply.text), likely, strict=False)
    ]
    steps += [Step("refusal", text=piece) for piece in pieces(reply.refusal)]
    return steps + _arguments(reply)


def _arguments(reply: ReplyFields) -> list[Step]:
    calls = [_fragments(call, index) for index, call in enumerate(reply.calls)]
    if not reply.interleave:
        return list(chain.from_iterable(calls))
    turns = chain.from_iterable(zip_longest(*calls))
    return [step for step in turns if step is not None]


def _fragments(call: ToolCall, index: int) -> list[Step]:
    arguments = json.dumps(call.args, ensure_ascii=False)
    return [
        Step("args", text=piece, index=index, tool_id=call.id)
        for piece in pieces(arguments)
    ]


def _end(reply: ReplyFields, total: int) -> tuple[int, str]:
    """How many tokens get out, and the name of the field that ends the answer."""
    names = [*BREAKS, "length_after", "filter_after"]
    given = [(getattr(reply, name), name) for name in names]
    ends = [(_at(after, total), name) for after, name in given if after is not None]
    return min(ends, default=(total, "finish_reason"))


def _at(after: int, total: int) -> int:
    return max(0, min(total, after if after >= 0 else total + after))


def _sending(
    reply: ReplyFields, content: Sequence[Step], count: int, waits: Iterator[float]
) -> Iterator[Step]:
    marks = {name: _mark(reply, name, len(content)) for name in _MARKS}
    announced: set[int] = set()
    for number, (step, wait) in enumerate(zip(content[:count], waits, strict=False)):
        if number == marks["stall_after"]:
            wait += yield from _stalling(reply)
        if step.kind == "args" and step.index not in announced:
            announced.add(step.index)
            yield _announce(reply, step.index, wait)
            wait = 0.0
        huge = 1_000_000 if number == marks["huge_after"] else 0
        yield replace(step, wait=wait, padding=huge) if wait or huge else step
        if number == marks["duplicate_after"]:
            yield step
    if marks["stall_after"] == count:
        yield Step("keep_alive", (yield from _stalling(reply)))


_MARKS = ("stall_after", "huge_after", "duplicate_after")


def _mark(reply: ReplyFields, name: str, total: int) -> int | None:
    after = getattr(reply, name)
    return None if after is None else _at(after, total)


def _announce(reply: ReplyFields, index: int, wait: float) -> Step:
    call = reply.calls[index]
    return Step("tool", wait, call.name, index, call.id)


def _stalling(reply: ReplyFields) -> Generator[Step, None, float]:
    """The silence of a stall, kept alive by comments; returns what is left of it."""
    if not reply.keep_alive:
        return reply.stall
    left = reply.stall
    while left > KEEP_ALIVE_EVERY:
        yield Step("keep_alive", KEEP_ALIVE_EVERY)
        left -= KEEP_ALIVE_EVERY
    return left


def logprob_of(step: Step) -> dict[str, Any]:
    """The log probability of a piece of text, as OpenAI writes it."""
    letters = list(step.text.encode(errors="surrogatepass"))
    return {"token": step.text, "logprob": step.logprob, "bytes": letters}


def _ending(reply: ReplyFields, ended_by: str, usage: Step) -> Iterator[Step]:
    if ended_by in BREAKS:
        yield Step(BREAKS[ended_by])
        return
    yield Step("finish", text=_finish_reason(reply, ended_by))
    yield usage
    if not reply.no_done:
        yield Step("done")


def _finish_reason(reply: ReplyFields, ended_by: str) -> str:
    if ended_by == "length_after":
        return "length"
    if ended_by == "filter_after":
        return "content_filter"
    return reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")


def limited(reply: Scripted, stop: Iterable[str], max_tokens: int | None) -> Scripted:
    """The reply as a caller's stop sequences and token limit leave it.

    >>> from course_utils.fake.reply import Reply
    >>> limited(Reply("one two three"), stop=["two"], max_tokens=None).text
    'one '
    """
    found = [reply.text.find(word) for word in stop if word and word in reply.text]
    if found:
        reply = replace(reply, text=reply.text[: min(found)])
    if max_tokens is not None and 0 <= max_tokens < len(_content(reply)):
        reply = replace(reply, length_after=max_tokens)
    return reply
