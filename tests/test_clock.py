"""Time as a parameter."""

import pytest

from course_utils.clock import Clock, VirtualClock, course_speed


def test_a_virtual_clock_passes_the_time_it_is_asked_to_sleep() -> None:
    clock = VirtualClock()
    clock.sleep(3)
    clock.sleep_until(10)
    assert clock.now() == 10


def test_a_moment_that_is_past_is_not_waited_for() -> None:
    clock = VirtualClock(time=5)
    clock.sleep_until(4)
    assert clock.now() == 5


async def test_an_async_sleep_passes_the_same_time() -> None:
    clock = VirtualClock()
    await clock.asleep(1)
    await clock.asleep_until(4)
    assert clock.now() == 4


def test_the_course_runs_as_fast_as_the_variable_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSE_SPEED", "20")
    assert Clock().real(10) == 0.5


@pytest.mark.parametrize("setting", ["0", "-1", "fast", "inf", "nan", ""])
def test_a_speed_that_is_no_speed_is_refused_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("COURSE_SPEED", setting)
    with pytest.raises(ValueError, match="use 1 for real time"):
        course_speed()
