"""Streams to collect, and what is wrong with a pair of text and first time.

Notebook 2 asks for the text of a stream and the time of its first text, sync and
async. Both are judged by the same streams, played on a clock that jumps.

    STREAMS[0].judge("collect", ("Hello", 0.5))      # raises NotYet
"""

import inspect
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from course_utils.chunks import text_of
from course_utils.clock import VirtualClock
from course_utils.lessons.scenes import MANY, NASTY, PIECES
from course_utils.lessons.scripted import (
    from_chat_completions,
    from_responses,
    in_blocks,
    say,
    thinking,
)
from course_utils.teaching.checks import NotYet, guess, shorten


@dataclass(frozen=True)
class Timed:
    """A stream with its times: what it is, its waits and items, and what is right.

    >>> hello = Timed("of strings", [(0.5, "Hel"), (0.5, "lo")], ("Hello", 0.5))
    >>> clock = VirtualClock()
    >>> [(clock.now(), item) for item in hello.play(clock)]
    [(0.5, 'Hel'), (1.0, 'lo')]
    """

    kind: str
    script: list[tuple[float, Any]]
    right: tuple[str, float | None]

    def play(self, clock: VirtualClock) -> Iterator[Any]:
        """The stream itself; an exception among its items breaks it."""
        for wait, item in self.script:
            clock.advance(wait)
            if isinstance(item, BaseException):
                raise item
            yield item

    async def aplay(self, clock: VirtualClock) -> AsyncIterator[Any]:
        """The same, as an async stream."""
        for item in self.play(clock):
            yield item

    def judge(self, name: str, result: Any) -> None:
        """Go on if `result` is right; else say what is wrong with it."""
        if not isinstance(result, tuple) or len(result) != 2:
            raise NotYet(_no_pair(name, result))
        if result != self.right:
            fact = f"For a stream {self.kind}, {self._told()}, `{name}` returned "
            raise NotYet(f"{fact}{shorten(result)}. {self._slip(*result)}")

    def _told(self) -> str:
        at, items = 0.0, []
        for wait, item in self.script:
            at += wait
            items.append(f"{text_of(item)!r} at {at:g} s")
        few = items if len(items) < 6 else [*items[:4], f"{len(items)} items in all"]
        return ", ".join(few) or "nothing at all"

    def _slip(self, text: Any, first: Any) -> str:
        right_text, right_first = self.right
        if text != right_text:
            return _lost(text, right_text)
        if right_first is None:
            return "No text came, so there is no first time: that is None."
        if not isinstance(first, int | float):
            return "Text came: the second value is when, in seconds."
        if first >= START:
            return "That is the time on the clock: subtract the time before the loop."
        if first < 1e-3 < right_first:
            return "Ask now() for the time, and the first time before the loop."
        if first == self.script[0][0] < right_first:
            return "That is when the first chunk came, and it was empty."
        if right_first and first == right_first - self.script[0][0]:
            return "That counts from the first chunk: ask now() before the loop."
        return "That is not when the first text came." + self._odd_first()

    def _odd_first(self) -> str:
        """What is easily missed about the first text of this stream."""
        at = self.right[1]
        if at == 0:
            return " A time of 0 s is a time, too: ask `first is None`."
        piece = next(text for _, item in self.script if (text := text_of(item)))
        return " A line break is text, too." if piece.isspace() else ""


# The clock starts here, so that an hour is never taken for a duration.
START = 1000.0


def _lost(text: Any, right: str) -> str:
    """A guess at what is wrong with a text."""
    if isinstance(text, str) and "".join(text.split()) == "".join(right.split()):
        return "Spaces and line breaks are text, too: keep each of them."
    return (
        f"{guess(text, right)} Is all of its text in there, and nothing else?".strip()
    )


def _no_pair(name: str, result: Any) -> str:
    if result is None:
        return f"`{name}` returned None: is a `return` missing?"
    if inspect.iscoroutine(result):
        result.close()
        return f"`{name}` gave a coroutine: begin with a plain `def`."
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        return f"`{name}` is a generator: collect the text, and return it at the end."
    return f"`{name}` returned {result!r}: return two values, the text and the time."


_HELLO = [(0.5, ""), (0.75, "Hel"), (0.25, "lo"), (1.0, "")]
_SPACED = [(0.5, " a"), (0.5, ""), (0.5, "b\n")]
_EMPTY_LINE = [(0.5, ""), (0.5, "\n\n"), (0.5, "Hi")]
_TWO_ENDS = [(0.5, say("Hel")), (0.5, say("lo", "stop")), (0.5, say("!"))]


def _each(items: Iterable[Any]) -> list[tuple[float, Any]]:
    return [(0.5, item) for item in items]


STREAMS = [
    Timed("of a model", [(w, say(t)) for w, t in _HELLO], ("Hello", 1.25)),
    Timed("of a chain, which gives strings", [*_HELLO], ("Hello", 1.25)),
    Timed("of one chunk", [(2.0, say("Hello"))], ("Hello", 2.0)),
    Timed("whose content is a list of blocks", _each([in_blocks("Hi")]), ("Hi", 0.5)),
    Timed("that thinks first", _each([thinking("Hm."), in_blocks("A")]), ("A", 1.0)),
    Timed("with text in and after the last chunk", _TWO_ENDS, ("Hello!", 0.5)),
    Timed("of odd text", _each(map(say, PIECES)), (NASTY, 1.0)),
    Timed("of odd strings", _each(PIECES), (NASTY, 1.0)),
    Timed("of a server", _each(from_chat_completions(PIECES)), (NASTY, 1.5)),
    Timed("of the Responses API", _each(from_responses(PIECES)), (NASTY, 1.5)),
    Timed("of three thousand strings", _each(MANY), ("".join(MANY), 0.5)),
    Timed("with a long silence", [(1.0, "a"), (90.0, "b")], ("ab", 1.0)),
    Timed("with spaces and a line break", [*_SPACED], (" ab\n", 0.5)),
    Timed("that begins with an empty line", [*_EMPTY_LINE], ("\n\nHi", 1.0)),
    Timed("that begins at once", [(0.0, "a"), (1.0, "b")], ("ab", 0.0)),
    Timed("without text", [(0.5, say("")), (0.5, say(""))], ("", None)),
    Timed("without chunks", [], ("", None)),
]


def broken_by(error: BaseException) -> Timed:
    """A stream that breaks after a text."""
    return Timed("that breaks", [(0.5, say("Hel")), (0.5, error)], ("", None))
