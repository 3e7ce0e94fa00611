"""Stop works at once, also on a silent stream, and closes the model's stream."""

import asyncio
import threading
import time

import pytest

from course_utils.live.stop import StopSwitch, leave

SILENCE = 60.0  # longer than a test may take


def test_a_loop_that_waits_for_a_token_is_stopped_without_an_error():
    switch = StopSwitch()
    presser = threading.Timer(0.05, switch.press)
    start = time.monotonic()
    with switch.loop():
        presser.start()
        time.sleep(SILENCE)
    assert switch.pressed and time.monotonic() - start < 10


def test_a_loop_whose_wait_began_just_after_the_interrupt_is_interrupted_again():
    switch = StopSwitch()
    start = time.monotonic()
    with switch.loop():
        try:
            threading.Timer(0.05, switch.press).start()
            time.sleep(SILENCE)
        except KeyboardInterrupt:
            time.sleep(SILENCE)
    assert time.monotonic() - start < 10


def test_a_loop_that_was_left_is_not_interrupted_again():
    switch = StopSwitch()
    with switch.loop():
        switch.press()
        time.sleep(SILENCE)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    time.sleep(0.01)  # an interrupt would be raised here


def test_an_interrupt_that_nobody_asked_for_goes_on():
    switch = StopSwitch()
    with pytest.raises(KeyboardInterrupt), switch.loop():
        raise KeyboardInterrupt


def test_pressing_too_late_does_nothing():
    switch = StopSwitch()
    with switch.loop():
        pass
    switch.press()
    time.sleep(0.01)  # an interrupt would be raised here


async def test_a_task_that_waits_for_a_token_is_stopped_without_an_error():
    switch = StopSwitch()
    asyncio.get_running_loop().call_later(0.02, switch.press)
    await switch.task(asyncio.sleep(SILENCE))
    assert switch.pressed


async def test_a_cancellation_that_nobody_asked_for_goes_on():
    switch = StopSwitch()
    outer = asyncio.ensure_future(switch.task(asyncio.sleep(SILENCE)))
    await asyncio.sleep(0.01)
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer


def test_a_stream_that_does_not_close_is_interrupted():
    start = time.monotonic()
    leave(lambda: time.sleep(SILENCE))
    assert time.monotonic() - start < 10


def test_a_stream_that_closes_is_left_alone():
    closed: list[bool] = []
    leave(lambda: closed.append(True))
    assert closed == [True]
