"""How fast a model answers: four presets fitted to published measurements.

A latency says when the first token comes and how long each next one takes. Waits are
drawn from a seeded generator: the same seed gives the same waits in every process.

    PRESETS["frontier"].waits(seed="question 1", prompt_tokens=40)
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from math import exp


@dataclass(frozen=True, slots=True)
class Latency:
    """Waits before each token, in seconds.

    A log-normal body (`median`, `spread`) with a small slow tail, because one
    log-normal cannot give a 95th percentile of twice the median and a 99th of seven.

    Attributes:
        first_token: Median wait before the first token.
        per_token: Median wait before each later one.
        first_spread: Sigma of the log-normal around `first_token`; 0 is exact.
        per_spread: Sigma of the log-normal around `per_token`; 0 is exact.
        tail_share: Share of answers whose first token comes `tail_factor` times later.
        tail_factor: See `tail_share`.
        per_prompt_token: Added to the first wait for each token of the prompt.
        stall_share: Share of tokens before which the model pauses.
        stall: Median length of such a pause.
    """

    first_token: float = 0.0
    per_token: float = 0.0
    first_spread: float = 0.0
    per_spread: float = 0.0
    tail_share: float = 0.0
    tail_factor: float = 1.0
    per_prompt_token: float = 0.0
    stall_share: float = 0.0
    stall: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not _is_amount(value):
                raise (ValueError if isinstance(value, float | int) else TypeError)(
                    f"{name} is a time in seconds or a share, got {value!r}: "
                    "use a number of 0 or more."
                )

    def waits(self, seed: str, prompt_tokens: int = 0) -> Iterator[float]:
        """Endless waits: the first is the time to first token, the rest are gaps."""
        draw = random.Random(f"latency {seed}")
        first = self.first_token * exp(draw.gauss(0, self.first_spread))
        if draw.random() < self.tail_share:
            first *= self.tail_factor
        yield first + self.per_prompt_token * prompt_tokens
        if not (self.per_spread or self.stall_share):
            yield from repeat(self.per_token)  # exact: nothing to draw
        while True:
            yield self._gap(draw)

    def _gap(self, draw: random.Random) -> float:
        if draw.random() < self.stall_share:
            return self.stall * exp(draw.gauss(0, 0.5))
        return self.per_token * exp(draw.gauss(0, self.per_spread))


def _is_amount(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, float | int):
        return False
    return value >= 0


# Fitted to public probes of hosted models in 2026 (percentiles of time to first token
# and of gaps between chunks); absolute values age, their proportions less so.
PRESETS: dict[str, Latency] = {
    "fast": Latency(0.45, 0.008, 0.28, 0.45, 0.015, 6, 20e-6),
    "frontier": Latency(0.95, 0.022, 0.33, 0.50, 0.02, 5, 50e-6, 0.0008, 0.6),
    "reasoning": Latency(7.5, 0.014, 0.50, 0.50, 0.02, 4, 50e-6, 0.001, 0.8),
    "overloaded": Latency(2.7, 0.045, 0.70, 0.70, 0.05, 4, 1e-4, 0.002, 2.5),
}


def preset(name: str) -> Latency:
    """The latency of that name: `fast`, `frontier`, `reasoning` or `overloaded`.

    >>> preset("fast").first_token
    0.45
    """
    if name in PRESETS:
        return PRESETS[name]
    raise ValueError(
        f"There is no preset {name!r}: choose one of {', '.join(sorted(PRESETS))}."
    )
