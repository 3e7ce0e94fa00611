"""Seeded waits that look like published ones."""

from itertools import islice
from statistics import median, quantiles

import pytest

from course_utils.fake.latency import PRESETS, Latency, preset


def first_waits(name: str, count: int = 2000) -> list[float]:
    return [next(preset(name).waits(str(n))) for n in range(count)]


def test_the_same_seed_gives_the_same_waits() -> None:
    one, two = preset("frontier").waits("a"), preset("frontier").waits("a")
    assert list(islice(one, 50)) == list(islice(two, 50))


def test_another_seed_gives_other_waits() -> None:
    assert next(preset("frontier").waits("a")) != next(preset("frontier").waits("b"))


def test_explicit_times_are_exact() -> None:
    waits = Latency(first_token=2.0, per_token=0.1).waits("any")
    assert list(islice(waits, 3)) == [2.0, 0.1, 0.1]


def test_a_longer_prompt_delays_the_first_token() -> None:
    latency = Latency(first_token=1.0, per_prompt_token=0.001)
    assert next(latency.waits("x", prompt_tokens=1000)) == pytest.approx(2.0)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_has_the_median_and_the_slow_tail_it_promises(name: str) -> None:
    waits = first_waits(name)
    percentiles = quantiles(waits, n=100)
    assert median(waits) == pytest.approx(PRESETS[name].first_token, rel=0.08)
    assert 1.4 < percentiles[94] / median(waits) < 5
    assert percentiles[98] > 2 * median(waits)


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="fast, frontier, overloaded, reasoning"):
        preset("slow")
