"""Exercises and questions of notebook 2, *What is streaming?*

Each exercise is a check of behaviour, some hints, and a solution that the tests run.

    from course_utils.lessons import what_is_streaming as lesson
"""

import asyncio
import inspect
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from langchain_core.output_parsers import StrOutputParser

from course_utils.clock import VirtualClock
from course_utils.fake.model import FakeStreamingChatModel
from course_utils.lessons.scenes import (
    PIECES,
    alets_through,
    can_be_cancelled,
    errors,
    interrupt,
    lets_through,
    nobody_sleeps,
    stage_is_honest,
    stage_keeps_step,
    stalling,
    take,
)
from course_utils.lessons.what_is_streaming import solutions
from course_utils.lessons.what_is_streaming.events import (
    DONE,
    EVENTS,
    FINISH,
    GARBLED,
    ODD,
    ROLE,
    TEXT,
    shown,
)
from course_utils.lessons.what_is_streaming.silences import SILENCES
from course_utils.lessons.what_is_streaming.streams import (
    START,
    STREAMS,
    Timed,
    broken_by,
)
from course_utils.teaching.checks import NotYet, expect
from course_utils.teaching.exercise import Exercise

# 1 · The text of any stream, and when its first text came


def _check_collect(collect: Any) -> None:
    for stream in STREAMS:
        clock = VirtualClock(START)
        stream.judge("collect", collect(stream.play(clock), clock.now))
    for error in [*errors(), interrupt()]:
        clock = VirtualClock(START)
        stream = broken_by(error)
        lets_through(partial(collect, stream.play(clock), clock.now), error, "collect")


collect = Exercise(
    "collect",
    _check_collect,
    hints=[
        "Note the time before the loop. In the loop, take the text of each chunk: "
        "from a chain the chunk is the text, from a model it is `chunk.text`.",
        "The first chunk of a model is empty. The first time belongs to the first "
        "piece that is not: `if piece and first is None:`",
    ],
    solution=solutions.collect,
    praise="`measure` does the same and notes a little more.",
    minutes=8,
)


# 2 · The stall finder


def _check_stalls(stalls: Any) -> None:
    for silence in SILENCES:
        silence.judge("stalls", stalls)


stalls = Exercise(
    "stalls",
    _check_stalls,
    hints=[
        "`timing.arrivals` says when each text came, `timing.total` when the stream "
        "ended. Append the end to the arrivals: then each silence lies between two "
        "neighbours of one list.",
        "`zip(times, times[1:])` gives each time with the next one.",
    ],
    solution=solutions.stalls,
    praise="Run it over a day of your own timings: that is a stall report.",
    minutes=8,
)


# 3 · The same, async


async def _check_acollect(acollect: Any) -> None:
    with nobody_sleeps("acollect"):
        await asyncio.gather(*(_judge_async(acollect, one) for one in STREAMS))
    for error in errors():
        clock = VirtualClock(START)
        stream = broken_by(error).aplay(clock)
        await alets_through(partial(acollect, stream, clock.now), error, "acollect")
    await can_be_cancelled(acollect(stalling(["Hel"]), VirtualClock().now), "acollect")


async def _judge_async(acollect: Any, stream: Timed) -> None:
    clock = VirtualClock(START)
    result = acollect(stream.aplay(clock), clock.now)
    if inspect.isawaitable(result):
        result = await result
        if inspect.iscoroutine(result):
            result.close()
            inner = "`acollect` gave a coroutine: an `await` is missing inside it."
            raise NotYet(inner)
    else:
        late = "`acollect` gave its values without `await`: begin with `async def`."
        expect(not isinstance(result, tuple), late)
    stream.judge("acollect", result)


acollect = Exercise(
    "acollect",
    _check_acollect,
    hints=[
        "Only two words differ from `collect`.",
        "`async def` makes a function to await, and `async for` reads the stream.",
    ],
    solution=solutions.acollect,
    praise="Thousands of such readers share one thread.",
    minutes=5,
)


# 4 · A stage that keeps streaming

MARKDOWN = ["**", "Hot", "**", " and", " *", "co", "ld", "*", "", " 2*3"]
OTHERS = ["# Don't!", "\n\n", " - `my_file` ", "\n", "a ＊ b"]
STARRED = [f"{piece}*" for piece in PIECES]


def _without_stars(pieces: Sequence[str]) -> str:
    return "".join(pieces).replace("*", "")


def _check_plain(plain: Any) -> None:
    _takes_pieces(plain)
    for pieces in ([], [""], ["*"], ["a"], ["**a**b"], MARKDOWN, OTHERS, STARRED):
        got = take(_as_it_comes("plain", plain(iter(pieces))))
        right = "".join(map(str, got)) == _without_stars(pieces)
        expect(right, f"Of {pieces} `plain` made {got}.")
    words = [f"word{n} " for n in range(20)]
    stage_keeps_step("plain", plain, [words, STARRED], _without_stars)
    stage_is_honest("plain", plain, MARKDOWN)
    _check_in_chain(plain)


def _takes_pieces(plain: Any) -> None:
    """Go on if a stage takes pieces; a function of a whole text is told its fault."""
    try:
        take(_as_it_comes("plain", plain(iter(["a"]))))
    except AttributeError as error:
        if "iterator" not in str(error):
            raise
        raise NotYet(
            "`plain` takes a whole text, so a chain waits for all of it and then "
            "hands on one piece. Take an iterator of pieces, and hand on each."
        ) from error


def _check_in_chain(plain: Any) -> None:
    expect(
        inspect.isgeneratorfunction(plain),
        "`plain` hands on each piece, but LangChain takes it for a function of a "
        "whole text: write `yield` in `plain` itself.",
    )
    model = FakeStreamingChatModel(replies="A **bold** word.")
    got = take((model | StrOutputParser() | plain).stream("Hi"))
    made = f"In the chain `model | StrOutputParser() | plain` it made {got}."
    expect("".join(got) == "A bold word.", made)


def _as_it_comes(name: str, made: Any) -> Iterator[Any]:
    """What an answer made, if it is read piece by piece."""
    if isinstance(made, Iterator):
        return made
    if inspect.iscoroutine(made):
        made.close()  # else Python warns of it, in words that do not help here
    if made is None:
        raise NotYet(f"`{name}` returned None: hand each piece on with `yield`.")
    if isinstance(made, str | list | tuple):
        what = f"returned {made!r}, all at once: hand each piece on with `yield`."
        raise NotYet(f"`{name}` {what}")
    kind = type(made).__name__
    raise NotYet(f"`{name}` gave a `{kind}`: use a plain `def`, and `yield`.")


plain = Exercise(
    "plain",
    _check_plain,
    hints=[
        "Look at `shout_each` above: it gets an iterator of pieces and loops over it.",
        "`yield` each piece inside the loop. `piece.replace(old, new)` changes it.",
    ],
    solution=solutions.plain,
    praise="Put it into any chain: the words keep coming.",
    minutes=6,
)


# 5 · Server-sent events into text

_SLIPS = (LookupError, TypeError, ValueError, AttributeError)


def _check_sse_text(sse_text: Any) -> None:
    for kind, lines, text in EVENTS:
        said = _text_of_lines(sse_text, kind, lines)
        fact = f"With {kind} the text is {text!r}, and `sse_text` gave {said!r}."
        expect(said == text, fact + shown(lines))
    got = take(sse_text(iter([*ROLE, *TEXT, *FINISH, *DONE])))
    left = f"`sse_text` yielded {got}: leave out the events that have no text."
    expect("" not in got, left)
    stage_keeps_step("sse_text", sse_text, [ODD], _of_whole_events)
    stage_is_honest("sse_text", sse_text, TEXT)
    _lets_half_an_event_through(sse_text)


def _of_whole_events(lines: Sequence[str]) -> str:
    """What the odd lines say, as far as an empty line has ended each event."""
    return "".join(["", *PIECES][: lines.count("")])


def _text_of_lines(sse_text: Any, kind: str, lines: list[str]) -> str:
    try:
        return "".join(take(_as_it_comes("sse_text", sse_text(iter(lines)))))
    except _SLIPS as error:
        why = f"With {kind} it raised `{type(error).__name__}`: {error}."
        raise NotYet(why + shown(lines)) from error


def _lets_half_an_event_through(sse_text: Any) -> None:
    """Go on if a line of broken JSON is not passed over, wherever it comes."""
    for place, rest in {"In mid-answer": [*TEXT, *DONE], "At the end": []}.items():
        try:
            got = take(sse_text(iter([*TEXT, *GARBLED, *rest])))
        except NotYet:
            raise
        except Exception:
            continue
        raise NotYet(
            f"{place} came half an event, `{GARBLED[0]}`, and `sse_text` gave {got} "
            "as if nothing were missing: let the error through."
        )


sse_text = Exercise(
    "sse_text",
    _check_sse_text,
    hints=[
        "Skip every line that does not begin with `data:`. What follows is JSON; only "
        "the last one is not, it is `[DONE]`.",
        'The text is `event["choices"][0]["delta"]["content"]`. But the last events '
        "have no content, and the one with the usage has no choice: loop over the "
        "choices, and ask with `.get`.",
    ],
    solution=solutions.sse_text,
    praise="The client of every provider has such a function in it.",
    minutes=12,
)
