"""Real servers of our own, on ports that are free: Redis, proxies, the chat."""

import os

import pytest

takes_a_minute = pytest.mark.skipif(
    os.environ.get("COURSE_TESTS") != "all",
    reason="starts many processes: COURSE_TESTS=all runs it, as .ci/run does",
)
