"""Answers to the stall finder of notebook 2."""

from itertools import pairwise
from statistics import median
from typing import Any

# Right answers


def by_latencies(timing: Any, limit: Any) -> Any:
    pairs = list(zip(timing.arrivals, timing.inter_token_latencies, strict=False))
    if timing.arrivals:
        pairs.append((timing.arrivals[-1], timing.total - timing.arrivals[-1]))
    return [pair for pair in pairs if pair[1] > limit]


def with_a_loop(timing: Any, limit: Any) -> Any:
    found, before = [], None
    for at in [*timing.arrivals, timing.total]:
        if before is not None and at - before > limit:
            found.append([before, at - before])
        before = at
    return found


# Likely wrong answers


def between_texts_only(timing: Any, limit: Any) -> Any:
    return [(a, b - a) for a, b in pairwise(timing.arrivals) if b - a > limit]


def from_the_question_on(timing: Any, limit: Any) -> Any:
    times = [0.0, *timing.arrivals, timing.total]
    return [(a, b - a) for a, b in pairwise(times) if b - a > limit]


def at_least_the_limit(timing: Any, limit: Any) -> Any:
    times = [*timing.arrivals, timing.total]
    return [(a, b - a) for a, b in pairwise(times) if b - a >= limit]


def the_longest_alone(timing: Any, limit: Any) -> Any:
    return sorted(with_a_loop(timing, limit), key=lambda pair: pair[1])[-1:]


def longest_first(timing: Any, limit: Any) -> Any:
    return sorted(with_a_loop(timing, limit), key=lambda pair: -pair[1])


def when_they_end(timing: Any, limit: Any) -> Any:
    return [(a + gap, gap) for a, gap in with_a_loop(timing, limit)]


def begin_and_end(timing: Any, limit: Any) -> Any:
    return [(a, a + gap) for a, gap in with_a_loop(timing, limit)]


def swapped(timing: Any, limit: Any) -> Any:
    return [(gap, a) for a, gap in with_a_loop(timing, limit)]


def lengths(timing: Any, limit: Any) -> Any:
    return [gap for _, gap in with_a_loop(timing, limit)]


def how_many(timing: Any, limit: Any) -> Any:
    return len(with_a_loop(timing, limit))


def against_the_median(timing: Any, limit: Any) -> Any:
    gaps = timing.inter_token_latencies or [0.0]
    return with_a_loop(timing, 3 * median(gaps))


def only_whole_answers(timing: Any, limit: Any) -> Any:
    return [] if timing.error else with_a_loop(timing, limit)


def never_at_once(timing: Any, limit: Any) -> Any:
    return [pair for pair in with_a_loop(timing, limit) if pair[0]]


def a_limit_of_one(timing: Any, limit: Any) -> Any:
    return with_a_loop(timing, 1.0)


def the_last_arrival_always(timing: Any, limit: Any) -> Any:
    gap = timing.total - timing.arrivals[-1]
    tail = [(timing.arrivals[-1], gap)] if gap > limit else []
    return between_texts_only(timing, limit) + tail


def in_whole_seconds(timing: Any, limit: Any) -> Any:
    return [(round(a), round(gap)) for a, gap in with_a_loop(timing, limit)]


def yielded(timing: Any, limit: Any) -> Any:
    yield from with_a_loop(timing, limit)


def forgets_return(timing: Any, limit: Any) -> None:
    with_a_loop(timing, limit)


RIGHT = [by_latencies, with_a_loop]
WRONG = [
    (between_texts_only, "silent, too, until it ends"),
    (from_the_question_on, "The wait for the first word is no stall"),
    (at_least_the_limit, "A pause of the limit itself"),
    (the_longest_alone, "A stall is missing."),
    (longest_first, "Put them in the order"),
    (when_they_end, "when does it begin?"),
    (begin_and_end, "how long it lasts, not when it ends"),
    (swapped, "have changed places"),
    (lengths, "a list with 3.0: two numbers, please"),
    (how_many, "gave 1: a list, please"),
    (against_the_median, "Compare each silence with the `limit`"),
    (only_whole_answers, "A break is an end, too."),
    (never_at_once, "0 s is a time, too."),
    (a_limit_of_one, "with the `limit` that is given"),
    (
        the_last_arrival_always,
        "without text, with a limit of 1 s, `stalls` raised IndexError",
    ),
    (in_whole_seconds, "gave [(1, 3)], not [(0.75, 3)]"),
    (yielded, "a list, please"),
    (forgets_return, "Is a `return` missing?"),
]
