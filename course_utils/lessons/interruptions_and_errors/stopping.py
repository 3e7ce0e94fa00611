"""The check of `read_until`: a reader that stops as soon as it is told to.

lesson.read_until.check(read_until)
"""

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from course_utils.fake.reply import Reply
from course_utils.lessons.interruptions_and_errors import solutions
from course_utils.lessons.interruptions_and_errors.streams import (
    BROKE,
    GOOD,
    HELLO,
    WHOLE,
    WatchedEvent,
    model_of,
    pausing,
    pressing,
)
from course_utils.lessons.scenes import (
    MANY,
    NASTY,
    PIECES,
    alets_through,
    aplay,
    breaking,
    can_be_cancelled,
    errors,
    hush,
    nobody_sleeps,
    stalling,
    until,
)
from course_utils.lessons.scripted import in_blocks, say
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise
from course_utils.tokens import pieces


async def _check_read_until(read_until: Callable[..., Any]) -> None:
    hush()
    with nobody_sleeps("read_until"):
        model = model_of(WHOLE)
        await _read_whole(read_until, model.astream("Hi"), WHOLE, "")
        await _read_whole(read_until, pausing(), WHOLE, ", but with a pause")
        await asyncio.gather(
            _read_whole(read_until, aplay(GOOD), NASTY, ", of odd text"),
            _read_whole(read_until, aplay(map(in_blocks, PIECES)), NASTY, ", of lists"),
            _read_whole(read_until, aplay(map(say, MANY)), "".join(MANY), ", of 3,000"),
        )
        for tokens in (2, 0):
            await _check_stop(read_until, tokens)
        for error in (BROKE, *errors()):
            await _check_break(read_until, error)
        await _check_cancel(read_until)


async def _read_whole(read_until: Any, stream: Any, text: str, how: str) -> None:
    made = read_until(stream, asyncio.Event())
    if not inspect.isawaitable(made):
        raise NotYet(f"It gave {shorten(made)}: begin with `async def`.")
    expect_equal(await made, text, f"without a stop{how}, the text")


async def _check_stop(read_until: Callable[..., Any], tokens: int) -> None:
    """Stop is pressed after so many tokens, and then the stream is silent."""
    model = model_of(Reply(WHOLE, stall_after=tokens))
    stop, others = WatchedEvent(), asyncio.all_tasks()
    stream = pressing(model.astream("Hi"), stop, tokens)
    reading = asyncio.ensure_future(read_until(stream, stop))
    done = await until(reading.done)
    reading.cancel()
    expect(done, "`stop` is set while the stream is silent, and it still waits.")
    said = "".join(pieces(WHOLE)[:tokens])
    expect_equal(reading.result(), said, "stopped in a stall, the text")
    expect(stop.checked, "It left the stall without a look at `stop`: wait for it.")
    left = model.log[0].outcome if model.log else "closed by reader"
    expect(
        left == "closed by reader",
        f"After the stop its log says {left!r}: close the stream.",
    )
    await _nothing_is_left(others | {reading}, "the stop")


async def _check_break(read_until: Callable[..., Any], error: Exception) -> None:
    others = asyncio.all_tasks()
    broken = aplay(breaking(map(say, HELLO), error))
    read = partial(read_until, broken, asyncio.Event())
    await alets_through(read, error, "read_until")
    await _nothing_is_left(others, "the break")


async def _check_cancel(read_until: Callable[..., Any]) -> None:
    """The program ends, or the user's connection: the task that reads is cancelled."""
    stream = stalling(map(say, HELLO))
    await can_be_cancelled(read_until(stream, asyncio.Event()), "read_until")


async def _nothing_is_left(others: set[Any], when: str) -> None:
    for _ in range(10):  # a cancelled task needs a turn of the loop to end
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - others
    expect(not left, f"A task of yours still runs after {when}: cancel it.")


read_until = Exercise(
    "read_until",
    check=_check_read_until,
    hints=[
        "In a stall no chunk comes, so a look at `stop.is_set()` between chunks is "
        "too late. Wait for two things at once.",
        "Put the reading into a task, `stop.wait()` into another, and use "
        "`asyncio.wait(..., return_when=asyncio.FIRST_COMPLETED)`.",
        "Cancel what is still running and await it; only then is the stream closed, "
        "and you know whether it broke.",
    ],
    solution=solutions.read_until,
    minutes=25,
)
