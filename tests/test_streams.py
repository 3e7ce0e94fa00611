"""Leaving a stream."""

from course_utils.streams import aclose, close


def test_a_closed_generator_runs_its_finally():
    left = []

    def stream():
        try:
            yield "Hi"
        finally:
            left.append("left")

    items = stream()
    next(items)
    close(items)
    assert left == ["left"]


async def test_an_async_stream_has_cleaned_up_when_the_wait_ends():
    left = []

    async def stream():
        try:
            yield "Hi"
        finally:
            left.append("left")

    items = stream()
    await anext(items)
    await aclose(items)
    assert left == ["left"]


async def test_what_cannot_be_closed_is_left_alone():
    close(iter(["Hi"]))
    await aclose(iter(["Hi"]))
