"""Streams that fall silent, and what is wrong with a list of their stalls.

Each is measured on a clock that jumps, so a silence of a minute takes no time.

    SILENCES[0].judge("stalls", stalls)     # raises NotYet
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from course_utils.clock import VirtualClock
from course_utils.lessons.scenes import Broke
from course_utils.lessons.scripted import say
from course_utils.teaching.checks import NotYet, shorten
from course_utils.timing.stream_timing import StreamTiming, measure

Stall = tuple[float, float]


@dataclass(frozen=True)
class Silence:
    """A stream with its silences: what it is, its waits and items, and what is right.

    Attributes:
        kind: What to call it.
        script: Waits and items; an exception among the items breaks the stream.
        right: When each stall begins, and how long it lasts.
        missed: What is easily missed about it.
        limit: Seconds that are not yet a stall.
    """

    kind: str
    script: list[tuple[float, Any]]
    right: list[Stall]
    missed: str = ""
    limit: float = 1.0

    def timing(self) -> StreamTiming:
        """The timing of this stream, as `measure` gives it."""
        clock = VirtualClock()
        return measure(self._play(clock), clock=clock, keep_error=True)

    def _play(self, clock: VirtualClock) -> Iterator[Any]:
        for wait, item in self.script:
            clock.advance(wait)
            if isinstance(item, Exception):
                raise item
            yield item

    def judge(self, name: str, stalls: Callable[[StreamTiming, float], Any]) -> None:
        """Go on if `stalls` finds what is right; else say what is wrong with it."""
        fact = f"For a stream {self.kind}, with a limit of {self.limit:g} s, `{name}`"
        timing = self.timing()
        arrivals = [*timing.arrivals]
        try:
            got = stalls(timing, self.limit)
        except (LookupError, TypeError, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            raise NotYet(f"{fact} raised {what}.") from error
        if timing.arrivals != arrivals:
            raise NotYet(f"{fact} changed `timing.arrivals`: make a list of your own.")
        pairs = _pairs(got, f"{fact} gave")
        if pairs == self.right:
            return
        why = _slip(pairs, self.right) or self.missed
        raise NotYet(f"{fact} gave {pairs}, not {self.right}. {why}".rstrip())


def _pairs(got: Any, fact: str) -> list[Stall]:
    if got is None:
        raise NotYet(f"{fact} None. Is a `return` missing?")
    if not isinstance(got, list):
        raise NotYet(f"{fact} {shorten(got)}: a list, please.")
    for one in got:
        pair = isinstance(one, tuple | list) and len(one) == 2
        if not pair or not all(isinstance(part, int | float) for part in one):
            raise NotYet(f"{fact} a list with {shorten(one)}: two numbers, please.")
    return [(round(begin, 3), round(length, 3)) for begin, length in got]


def _slip(got: list[Stall], right: list[Stall]) -> str:
    """A guess at what is wrong, from the numbers alone."""
    if not right:
        return ""
    if got == [(begin + length, length) for begin, length in right]:
        return "That is when the silence ends: when does it begin?"
    if got == [(begin, begin + length) for begin, length in right]:
        return "The second number is how long it lasts, not when it ends."
    if got == [(length, begin) for begin, length in right]:
        return "The two numbers have changed places."
    if sorted(got) == sorted(right):
        return "Put them in the order in which they came."
    return "A stall is missing." if got and len(got) < len(right) else ""


def _words(*waits: float) -> list[tuple[float, Any]]:
    return [(wait, say(f"word{number} ")) for number, wait in enumerate(waits)]


_TAIL = "After its last word the stream is silent, too, until it ends."
_EMPTY = "A chunk without text is still silence: the reader sees nothing."
_FIRST = "The wait for the first word is no stall."
_EXACT = "A pause of the limit itself is not longer than the limit."
_LIMIT = "Compare each silence with the `limit` that is given, and with nothing else."
_SLOW: list[Stall] = [(2, 2), (4, 2), (6, 2)]

SILENCES = [
    Silence("with one stall", _words(0.5, 0.25, 3, 0.25), [(0.75, 3)]),
    Silence("without a stall", _words(*[0.25] * 40), []),
    Silence("that begins late", _words(9, 0.25, 0.25), [], _FIRST),
    Silence("that is slow all over", _words(*[2] * 4), _SLOW, _LIMIT),
    Silence("that begins at once", _words(0, 2), [(0, 2)], "0 s is a time, too."),
    Silence("with two stalls", _words(1, 2, 0.25, 4), [(1, 2), (3.25, 4)]),
    Silence("with a long and a short stall", _words(1, 4, 2), [(1, 4), (5, 2)]),
    Silence("with pauses of exactly a second", _words(1, 1, 1), [], _EXACT),
    Silence("whose end is late", [*_words(1), (5, say(""))], [(1, 5)], _TAIL),
    Silence(
        "with an empty chunk in its stall",
        [*_words(1), (1, say("")), *_words(1)],
        [(1, 2)],
        _EMPTY,
    ),
    Silence(
        "that breaks after a silence",
        [*_words(1, 0.5), (30, Broke("on purpose"))],
        [(1.5, 30)],
        "A break is an end, too.",
    ),
    Silence("without text", [(9, say(""))], []),
    Silence("without chunks", [], []),
    Silence("of strings", [(1, "a"), (2.5, "b")], [(1, 2.5)]),
    Silence("with short pauses", _words(1, 0.5, 0.25), [(1, 0.5)], _LIMIT, 0.25),
    Silence("of 3,000 words", _words(*[0.25] * 2999, 8), [(749.75, 8)]),
]
