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


def test_a_clock_keeps_the_speed_it_was_made_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    speed, before = clock.speed, clock.now()
    monkeypatch.setenv("COURSE_SPEED", "0.001")
    assert clock.speed == speed
    assert 0 <= clock.now() - before < 60


def test_a_clock_that_is_slowed_for_a_while_goes_on_from_what_it_shows() -> None:
    clock = Clock(speed=1000.0)
    before = clock.now()
    with clock.at_most(2.0):
        assert clock.speed == 2.0
        assert before <= clock.now() < before + 1000
    assert clock.speed == 1000.0
    assert clock.now() >= before


def test_a_slow_clock_is_not_made_faster() -> None:
    clock = Clock(speed=1.0)
    with clock.at_most(4.0):
        assert clock.speed == 1.0


@pytest.mark.parametrize("setting", ["0", "-1", "fast", "inf", "nan", ""])
def test_a_speed_that_is_no_speed_is_refused_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("COURSE_SPEED", setting)
    with pytest.raises(ValueError, match="use 1 for real time"):
        course_speed()
