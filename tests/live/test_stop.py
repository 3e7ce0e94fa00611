"""Stop works at once, also on a silent stream, and closes the model's stream."""

import asyncio
import signal
import sys
import threading
import time
from contextlib import suppress

import pytest

from course_utils.live import race
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


def test_a_stop_that_comes_just_before_a_silence_begins_ends_it():
    """A signal that is in time for the kernel is too early for the sleep."""
    signals: list[int] = []
    switch = StopSwitch()
    with switch.loop():
        heard = signal.getsignal(signal.SIGINT)
        # As if the first one had come and gone unnoticed.
        signal.signal(signal.SIGINT, lambda *it: signals.append(1))
        switch.press()
        while not signals:
            time.sleep(0.001)
        signal.signal(signal.SIGINT, heard)
        time.sleep(SILENCE)
    assert (
        switch.pressed and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


@pytest.mark.parametrize("turn", range(20))
def test_one_stop_interrupts_once_however_often_it_was_sent(turn):
    caught = 0
    switch = StopSwitch()
    with switch.loop():
        threading.Timer(0.01, switch.press).start()
        try:
            time.sleep(SILENCE)
        except KeyboardInterrupt:
            caught += 1
        time.sleep(0.12 if turn < 2 else 0)  # as a stream that cleans up
    assert caught == 1


def test_a_stop_that_is_pressed_again_interrupts_what_waits_at_its_end():
    """As a sync agent, which waits for its tools when it is interrupted."""
    switch, turns, over = StopSwitch(), [], threading.Event()

    def press_twice() -> None:
        """Until two were heard: a third would interrupt what closes the stream."""
        while len(turns) < 2 and not over.wait(0.2):
            switch.press()

    presser = threading.Thread(target=press_twice, daemon=True)
    with switch.loop():
        try:
            presser.start()
            time.sleep(SILENCE)
        finally:
            try:
                turns.append(1)
                time.sleep(SILENCE)
            finally:
                turns.append(2)
                leave(lambda: time.sleep(SILENCE))  # interrupted by its own switch
                turns.append(3)
    over.set()
    assert turns == [1, 2, 3]


def test_an_interrupt_of_somebody_else_is_heard_after_a_stop_too():
    switch = StopSwitch()
    with switch.loop():
        switch.press()
        with suppress(KeyboardInterrupt):
            time.sleep(SILENCE)
        time.sleep(0.15)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


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


def interrupted_at(at: int, function: str):
    """A trace that raises a KeyboardInterrupt at this line that the function runs."""

    def trace(frame, event, arg):
        nonlocal at
        if frame.f_code.co_name != function:
            return None
        at -= event == "line"
        if at == 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    return trace


@pytest.mark.parametrize("at", range(2, 20))
def test_an_interrupt_of_a_race_is_told_as_it_is_wherever_it_comes(at, monkeypatch):
    monkeypatch.setenv("COURSE_LIVE", "text")
    sys.settrace(interrupted_at(at, "_race"))
    try:
        with pytest.raises(KeyboardInterrupt) as told:
            race(a=iter("One"), b=iter("Two"))
    finally:
        sys.settrace(None)
    assert told.value.__context__ is None
