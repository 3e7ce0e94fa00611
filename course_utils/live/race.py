"""Two or more streams side by side on one clock, and in words which was sooner.

race(full=lambda: model.invoke("Hi"), stream=model.stream("Hi"))
await race(first=model.astream("Hi"), second=model.astream("Hi"))
"""

import asyncio
import contextvars
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from inspect import iscoroutinefunction
from typing import Any

from course_utils.clock import Clock, course_clock
from course_utils.live.display import LiveDisplay
from course_utils.live.lane import Lane, Shown, read, read_async
from course_utils.live.stop import StopSwitch
from course_utils.settings import misspelt, settings
from course_utils.streams import as_stream, check_stream, takes_nothing


class Raced(dict[str, Shown]):
    """The text of each stream by its name, each with its `.timing`."""

    def _ipython_display_(self) -> None:
        """Nothing: the texts stand above already."""


@settings()
def race(
    *,
    title: str = "",
    markdown: bool = True,
    clock: Clock = course_clock,
    **streams: Any,
) -> Any:
    """Show streams side by side as they come, all started at once.

    Args:
        streams: By the name to show: a stream, or a function without arguments that
            returns a stream or a message, whose wait then counts.
        title: A name to write above them.
        markdown: Whether to render the texts as Markdown or show them as they are.
        clock: The clock to measure with.

    Returns:
        A `Raced`, the texts by name; an awaitable of it if any of them is async.

    Raises:
        TypeError: There is nothing to race, or something that is not a stream.
        Exception: The first error of a stream, after the others have ended.
    """
    if not streams:
        raise TypeError(
            "race() needs streams, got none: name them, "
            'race(a=model.stream("Hi"), b=other.stream("Hi")).'
        )
    for name, stream in streams.items():
        if isinstance(stream, str | bool) and get_close_matches(name, SETTINGS):
            raise TypeError(misspelt("race", name, SETTINGS))
        if not takes_nothing(stream):
            check_stream("race", stream)
    lanes = [Lane(name, markdown, clock) for name in streams]
    if any(is_async(stream) for stream in streams.values()):
        return _race_async(lanes, streams, title)
    return _race(lanes, streams, title)


SETTINGS = ("title", "markdown", "clock")


def is_async(stream: Any) -> bool:
    """Whether reading this takes an event loop."""
    return hasattr(stream, "__aiter__") or iscoroutinefunction(stream)


def _race(lanes: list[Lane], streams: dict[str, Any], title: str) -> Raced:
    switch = StopSwitch()
    runs = [_Run(*pair, switch) for pair in zip(lanes, streams.values(), strict=True)]
    with LiveDisplay(lanes, switch, title) as display:
        for lane in lanes:
            lane.timing.start()
        try:
            with switch.loop():
                for run in runs:
                    run.start()
                for run in runs:
                    run.join()
        finally:
            switch.pressed = switch.pressed or any(run.is_alive() for run in runs)
            for run in runs:
                if run.is_alive():  # an interrupt may come before the last has begun
                    run.join(timeout=1)
            display.finding = finding(lanes)
    return _result(lanes, [run.error for run in runs if run.error])


class _Run(threading.Thread):
    """Reads one lane in a thread of its own, with the caller's context."""

    def __init__(self, lane: Lane, source: Any, switch: StopSwitch) -> None:
        super().__init__(daemon=True, name=lane.title)
        self.error: BaseException | None = None
        self._lane, self._source, self._switch = lane, source, switch
        self._context = contextvars.copy_context()

    def run(self) -> None:
        try:
            self._context.run(self._read)
        except BaseException as error:
            self.error = error  # raised in the caller's thread

    def _read(self) -> None:
        with self._lane.reading(self._switch):
            stream = _opened(self._source)
            if is_async(stream):
                raise TypeError(
                    "race() needs async streams themselves, got a function that "
                    'returns one: await race(a=model.astream("Hi")).'
                )
            self._lane.timing.expect(stream, "race")
            read(self._lane, stream, self._switch)


def _opened(source: Any | Callable[[], Any]) -> Any:
    return as_stream(source()) if takes_nothing(source) else source


async def _race_async(lanes: list[Lane], streams: dict[str, Any], title: str) -> Raced:
    switch = StopSwitch()
    errors: list[BaseException] = []
    with LiveDisplay(lanes, switch, title) as display:
        for lane in lanes:
            lane.timing.start()
        pairs = zip(lanes, streams.values(), strict=True)
        runs = [_run_async(lane, source, switch) for lane, source in pairs]
        try:
            await switch.task(_all_of(runs, errors))
        finally:
            display.finding = finding(lanes)
    return _result(lanes, errors)


async def _all_of(runs: list[Any], errors: list[BaseException]) -> None:
    results = await asyncio.gather(*runs, return_exceptions=True)
    errors += [result for result in results if isinstance(result, BaseException)]


async def _run_async(lane: Lane, source: Any, switch: StopSwitch) -> None:
    with lane.reading(switch):
        stream = source
        if iscoroutinefunction(source):
            stream = as_stream(source())
        elif takes_nothing(source):
            stream = await asyncio.to_thread(_opened, source)
        lane.timing.expect(stream, "race")
        if is_async(stream):
            await read_async(lane, stream, switch)
        else:
            await asyncio.to_thread(read, lane, stream, switch)


def _result(lanes: list[Lane], errors: list[BaseException]) -> Raced:
    if errors:
        raise errors[0]
    return Raced({lane.title: lane.shown() for lane in lanes})


def finding(lanes: list[Lane]) -> str:
    """Who showed text first and who was complete first, in words.

    A time is seconds of the course's clock. Only an answer that is whole is complete.

    >>> from course_utils.clock import VirtualClock
    >>> lanes = [Lane(name, True, VirtualClock()) for name in ("full", "stream")]
    >>> for lane, wait in zip(lanes, (2.0, 0.5)):
    ...     with lane.reading(StopSwitch()):
    ...         lane.timing._clock.advance(wait)
    ...         lane.write("Hi")
    >>> finding(lanes).split("s. ")[1]
    'Complete: stream after 0.50 s, full after 2.00 s.'
    """
    firsts = {lane.title: lane.timing.time_to_first_token for lane in lanes}
    ends = {lane.title: lane.timing.total if lane.complete else None for lane in lanes}
    same = together(ends.values())
    ended = ranked(ends, in_order=not same)
    how = f"Complete: {'together, ' if same else ''}{ended}."
    return f"First text: {ranked(firsts)}. {how}"


TOGETHER = 0.2  # nobody is sooner by less than this part of the longest time


def together(times: Iterable[float | None]) -> bool:
    """Whether all were complete at about the same time.

    >>> together([3.1, 3.0]), together([3.1, 2.0]), together([3.1, None])
    (True, False, False)
    """
    came = [math.inf if time is None else time for time in times]
    return len(came) > 1 and max(came) - min(came) < TOGETHER * max(came) < math.inf


def ranked(times: Mapping[str, float | None], in_order: bool = True) -> str:
    """Names with their seconds, the soonest first; who has none never came.

    >>> ranked({"a": 2.0, "b": None, "c": 0.5})
    'c after 0.50 s, a after 2.00 s, b never'
    """
    came = [(time, name) for name, time in times.items() if time is not None]
    words = [f"{n} after {t:.2f} s" for t, n in (sorted(came) if in_order else came)]
    words += [f"{name} never" for name, time in times.items() if time is None]
    return ", ".join(words)
