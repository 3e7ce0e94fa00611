"""The rules of a reliable model, and one request it makes, as plain data.

How often to ask, how long to wait in between, and what to do when text was shown.

    Policy(attempts=3).backoff(failures=1, draw=random.Random())
"""

import random
from dataclasses import dataclass
from typing import Literal, get_args

from langchain_core.messages import BaseMessage

AfterFirstToken = Literal["raise", "continue", "restart", "full"]
Joins = Literal["first", "continue", "restart", "full"]


@dataclass(frozen=True)
class Policy:
    """How often to ask, how long to wait in between, and what to do after text."""

    attempts: int = 3
    wait_initial: float = 0.5
    wait_max: float = 8.0
    after_first_token: AfterFirstToken = "raise"
    require_finish: bool = True

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(
                f"attempts counts the first one too, got {self.attempts!r}: "
                "write attempts=1 for no second try."
            )
        if not (self.wait_initial >= 0 and self.wait_max >= 0):
            raise ValueError(
                "wait_initial and wait_max are seconds, got "
                f"{self.wait_initial!r} and {self.wait_max!r}: use 0 or more."
            )
        if self.after_first_token not in get_args(AfterFirstToken):
            raise ValueError(
                f"after_first_token says what to do, got {self.after_first_token!r}: "
                'use "raise", "continue", "restart" or "full".'
            )

    def backoff(self, failures: int, draw: random.Random) -> float:
        """Seconds before the next attempt: up to twice as many after each failure.

        Drawn evenly from zero up ("full jitter"), so that clients that failed
        together do not come back together.
        """
        limit = min(self.wait_max, self.wait_initial * 2.0 ** (failures - 1))
        return draw.uniform(0.0, limit)


@dataclass(frozen=True)
class Attempt:
    """One request to make.

    Attributes:
        messages: What to ask.
        model: Whom to ask: 0 is the model, 1 its first fallback.
        whole: Whether to ask for a full response instead of a stream.
        wait: Seconds to wait before.
        joins: How its text meets what was shown: nothing was shown (`first`), it goes
            on there (`continue`), replaces it (`restart`), or repeats it (`full`).
    """

    messages: list[BaseMessage]
    model: int = 0
    whole: bool = False
    wait: float = 0.0
    joins: Joins = "first"
