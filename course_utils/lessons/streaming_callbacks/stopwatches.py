"""The checks of two stopwatches: for the first token, and for calls that overlap."""

from contextlib import suppress
from typing import Any

from langchain_core.output_parsers import StrOutputParser

from course_utils.clock import VirtualClock
from course_utils.lessons.scenes import Broke, interrupt, take
from course_utils.lessons.scripted import (
    Scripted,
    calling,
    in_blocks,
    say,
    thinking,
)
from course_utils.lessons.streaming_callbacks.handlers import (
    Asked,
    closed_in_time,
    listen,
    loud,
    quietly,
    unknown_event,
)
from course_utils.teaching.checks import NotYet, expect

# The clock starts here, so that an hour is never taken for a duration.
_START = 100.0

# What a model sends, with its waits, and when its first text comes.
_TIMED: dict[str, tuple[list[Any], float | None]] = {
    "with an answer": ([say(), 0.5, say("one"), 0.25, say(" two"), 0.25], 0.5),
    "of one token": ([say(), 2.0, say("one"), say("", "stop")], 2.0),
    "whose tokens are lists": ([in_blocks(""), 1.5, in_blocks("one")], 1.5),
    "that thinks first": ([0.5, thinking("Hm."), 0.5, in_blocks("one")], 1.0),
    "that begins with an empty line": ([say(), 0.5, say("\n\n"), 0.25, say("1")], 0.5),
    "that begins at once": ([say(), say("one"), 0.5, say(" two")], 0.0),
    "whose only text comes with its end": ([say(), 1.5, say("one", "stop")], 1.5),
    "that breaks after a token": ([0.25, say("one"), 1, Broke("on purpose")], 0.25),
    "that is interrupted after a token": ([0.25, say("one"), 1, interrupt()], 0.25),
    "that breaks before any text": ([say(), 1, ValueError("on purpose")], None),
    "that only calls a tool": ([0.5, calling("pay", "{}"), say("", "stop")], None),
    "without text": ([say(), 1, say("", "stop")], None),
}


def check_first_token(make_handler: Any) -> None:
    for name, (script, seconds) in _TIMED.items():
        clock = VirtualClock(_START)
        watch = Asked(clock)
        handler = make_handler(watch)
        listen(Scripted(answers=[script], clock=clock), *loud(handler))
        _compare(handler, seconds, f"After a stream {name}", watch.times)
    clock = VirtualClock(_START)
    handler = make_handler(clock)
    calls = {1: [1, say("one")], 3: [3, say("two")], None: [say("", "stop")]}
    model = Scripted(answers=list(calls.values()), clock=clock)
    for seconds in calls:
        listen(model, *loud(handler))
        _compare(handler, seconds, "With one handler for several calls, after one")
        clock.advance(60)
    _compare_unused(make_handler(clock))
    _time_two_at_once(make_handler)


def _time_two_at_once(make_handler: Any) -> None:
    """Two calls that overlap, each with a handler of its own."""
    clock = VirtualClock(_START)
    handlers = [*loud(make_handler(clock), make_handler(clock))]
    model = Scripted(answers=[[say(), 1, say("one")], [say(), 3, say("two")]])
    model.clock = clock
    calls = [model.stream("Hi", {"callbacks": [each]}) for each in handlers]
    with closed_in_time(*calls) as streams:
        for stream in streams:
            next(stream)
            clock.advance(5)
        for stream, handler, seconds in zip(streams, handlers, (11, 9), strict=True):
            take(stream)
            _compare(handler, seconds, "With two calls at once, after one")


def _compare(handler: Any, seconds: float | None, when: str, readings: int = 1) -> None:
    if not hasattr(handler, "seconds"):
        raise NotYet(f"{when}, the handler has no `.seconds`.{unknown_event(handler)}")
    got = handler.seconds
    text = f"{when}, `.seconds` is the text {got!r}: a number is wanted."
    expect(not isinstance(got, str), text)
    got = round(got, 3) if isinstance(got, float | int) else got
    if got == seconds:
        return
    want = "None" if seconds is None else f"{seconds:g}"
    why = _why_wrong(got, seconds, readings) or unknown_event(handler)
    raise NotYet(f"{when}, `.seconds` is {got}, and should be {want}.{why or _LOOK}")


_LOOK = " Look at which token sets it, and where the stopwatch starts."


def _why_wrong(got: Any, seconds: float | None, readings: int) -> str:
    """A guess at why a time is wrong; empty if there is none."""
    if not isinstance(got, float | int):
        return ""
    if not readings:
        return " Its clock was never asked: that is `self.clock.now()`."
    if got < 0:
        return " Take the start from the time of the token, not the other way round."
    if got >= _START:
        return " That is the time on the clock: subtract the time of the start."
    if seconds is None or got < seconds:
        return (
            " Did a token without text count (`chunk.text` is empty), or does a time "
            "of an earlier call remain?"
        )
    if seconds == 0:
        return " A time of 0 s is a time, too: ask `self.seconds is None`."
    return ""


def _compare_unused(handler: Any) -> None:
    try:
        got = handler.seconds
    except AttributeError:
        raise NotYet(
            "Before the first call the handler has no `.seconds`: set it to None in "
            "`__init__`."
        ) from None
    expect(got is None, f"Before the first call `.seconds` is {got!r}, not None.")


# Calls that overlap

_ANSWER = [say("one"), say(" two"), say("", "stop")]
_BREAKS = [say("one"), ValueError("on purpose")]

# What happens to calls a, b and c, and what is on the clock when each has ended. A
# capital letter starts a call, a small one reads it to its end; a number is a wait.
_PLANS: dict[str, tuple[list[Any], list[float]]] = {
    "one call": (["A", 2, "a"], [2]),
    "two calls, one after the other": (["A", 2, "a", 5, "B", 1, "b"], [2, 1]),
    "a call that begins and ends within another": (
        ["A", 0.5, "B", 0.25, "b", 0.5, "a"],
        [0.25, 1.25],
    ),
    "two calls that overlap": (["A", 1, "B", 1, "a", 3, "b"], [2, 4]),
    "two calls that begin at the same time": (["A", "B", 1, "b", 1, "a"], [1, 2]),
    "three calls at once": (
        ["A", 1, "B", 1, "C", 1, "b", 1, "a", 1, "c"],
        [2, 4, 3],
    ),
}
_MANY_CALLS = 50


def check_by_run(make_handler: Any) -> None:
    """The check of a stopwatch that tells calls apart by their `run_id`."""
    for name, (plan, times) in _PLANS.items():
        for as_chain in (False, True):
            clock = VirtualClock(_START)
            handler = make_handler(clock)
            _follow(plan, clock, handler, as_chain=as_chain)
            _compare_times(handler, times, f"After {name}")
    _time_ends(make_handler)
    _time_twice(make_handler)
    _look_what_is_kept(make_handler)


def _follow(
    plan: list[Any], clock: VirtualClock, *handlers: Any, as_chain: bool = False
) -> None:
    """Start and end calls as a plan says."""
    model: Any = Scripted(answers=[_ANSWER], clock=clock)
    source = model | StrOutputParser() if as_chain else model
    hear = {"callbacks": [*loud(*handlers)]}
    streams: dict[str, Any] = {}
    with quietly():
        try:
            for step in plan:
                if isinstance(step, int | float):
                    clock.advance(step)
                elif step.isupper():
                    streams[step.lower()] = source.stream("Hi", hear)
                    next(streams[step.lower()])
                else:
                    take(streams[step])
        finally:
            for stream in streams.values():
                with suppress(Exception):  # a handler that breaks once breaks again
                    stream.close()


def _time_ends(make_handler: Any) -> None:
    """Calls that end in other ways take their time, too."""
    for error in (ValueError("on purpose"), Broke("on purpose"), interrupt()):
        clock = VirtualClock(_START)
        handler = make_handler(clock)
        script = [say("one"), 2, error]
        listen(Scripted(answers=[script], clock=clock), *loud(handler))
        kind = type(error).__name__
        _compare_times(handler, [2], f"After a call that breaks with a {kind}")
    clock = VirtualClock(_START)
    handler = make_handler(clock)
    model = Scripted(answers=[_ANSWER], clock=clock)
    stream: Any = model.stream("Hi", {"callbacks": [*loud(handler)]})
    next(stream)
    clock.advance(3)
    with quietly():
        stream.close()
    _compare_times(handler, [3], "After a call whose reader left")


def _time_twice(make_handler: Any) -> None:
    """Two stopwatches listen to the same calls: each has its own times."""
    clock = VirtualClock(_START)
    handlers = [make_handler(clock), make_handler(clock)]
    _follow(["A", 1, "B", 1, "b", 1, "a"], clock, *handlers)
    for handler in handlers:
        _compare_times(handler, [1, 3], "With two stopwatches on the same calls")


def _look_what_is_kept(make_handler: Any) -> None:
    clock = VirtualClock(_START)
    handler = make_handler(clock)
    for script in [_ANSWER, _BREAKS] * (_MANY_CALLS // 2):
        listen(Scripted(answers=[script], clock=clock), *loud(handler))
    places = {**vars(type(handler)), **vars(handler)}
    sizes = {n: len(v) for n, v in places.items() if isinstance(v, dict | list | set)}
    sizes.pop("times", None)
    left = next((n for n, size in sizes.items() if size >= _MANY_CALLS // 2), "")
    if left:
        raise NotYet(
            f"{_MANY_CALLS} calls have ended, and `{left}` still holds {sizes[left]} "
            "of them: take a call out with `pop` when it ends, or fails."
        )


def _compare_times(handler: Any, want: list[float], when: str) -> None:
    got = getattr(handler, "times", None)
    kind = type(got).__name__
    expect(isinstance(got, list), f"{when}, `.times` is a {kind}: a list is wanted.")
    numbers = all(isinstance(one, int | float) for one in got or [])
    expect(numbers, f"{when}, `.times` is {got}: it holds seconds, as numbers.")
    got = [round(one, 3) for one in got or []]
    if got == want:
        return
    raise NotYet(f"{when}, `.times` is {got}, and should be {want}.{_why(got, want)}")


def _why(got: list[float], want: list[float]) -> str:
    if len(got) < len(want):
        return " Which event ends a call that breaks or is left?"
    if len(got) > len(want):
        return " One call, one time: which methods add one?"
    if sorted(got) == sorted(want):
        return " Put them in the order in which the calls ended."
    return " Keep a start for each `run_id`: another call's start is not yours."
