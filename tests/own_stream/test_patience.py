"""A reader may look up when nothing comes, and lose nothing by it."""

import asyncio
from math import inf

import pytest

from course_utils import own_stream
from course_utils.own_stream.patience import heeding

SOON = 0.01
LONG = 3600.0


class Tap:
    """A stream whose items come when the test says so."""

    def __init__(self):
        self.items = asyncio.Queue()

    async def stream(self):
        while (item := await self.items.get()) is not None:
            yield item


async def test_who_waits_too_long_gets_none_and_then_the_item():
    tap = Tap()
    async with own_stream(tap.stream()) as owned:
        for _ in range(3):
            assert await owned.get(SOON) is None
        tap.items.put_nowait("one")
        assert await owned.get(LONG) == "one"
        assert await owned.get(SOON) is None
        tap.items.put_nowait("two")
        assert await anext(owned) == "two"


@pytest.mark.parametrize("first", [LONG, inf])
async def test_a_short_wait_after_a_long_one_ends_in_time(first):
    tap = Tap()
    async with own_stream(tap.stream()) as owned:
        tap.items.put_nowait("one")
        assert await owned.get(first) == "one"
        assert await owned.get(SOON) is None


async def test_a_long_wait_after_a_short_one_is_not_cut_short():
    tap = Tap()
    async with own_stream(tap.stream()) as owned:
        tap.items.put_nowait("one")
        assert await owned.get(SOON) == "one"
        waiting = asyncio.create_task(owned.get(LONG))
        assert await asyncio.wait([waiting], timeout=3 * SOON) == (set(), {waiting})
        tap.items.put_nowait("two")
        assert await waiting == "two"


async def test_a_wait_that_was_cancelled_does_not_end_the_next():
    tap = Tap()
    async with own_stream(tap.stream()) as owned:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await owned.get(2 * SOON)
        waiting = asyncio.create_task(anext(owned))
        assert await asyncio.wait([waiting], timeout=4 * SOON) == (set(), {waiting})
        tap.items.put_nowait("one")
        assert await waiting == "one"


async def test_after_the_last_item_the_default_is_given_or_the_end():
    tap = Tap()
    async with own_stream(tap.stream()) as owned:
        tap.items.put_nowait(None)
        assert await owned.get(LONG, "end") == "end"
        with pytest.raises(StopAsyncIteration):
            await owned.get(LONG)


async def test_an_error_of_the_stream_is_no_end():
    async def stream():
        yield "one"
        raise ValueError("broken")

    async with own_stream(stream()) as owned:
        assert await owned.get(LONG, "end") == "one"
        with pytest.raises(ValueError, match="broken"):
            await owned.get(LONG, "end")


async def deaf():
    """What Python 3.11's `wait_for` does: it answers, though it was cancelled."""
    try:
        await asyncio.sleep(LONG)
    except asyncio.CancelledError:
        return "answer"


async def test_a_timeout_that_is_swallowed_underneath_is_heeded():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await heeding(deaf())


async def test_a_cancellation_that_is_swallowed_underneath_is_heeded():
    task = asyncio.create_task(heeding(deaf()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_answer_that_nobody_cancelled_comes_through():
    async def five():
        await asyncio.sleep(0)
        return 5

    assert await heeding(five()) == 5
