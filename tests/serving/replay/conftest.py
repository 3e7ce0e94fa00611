"""A Redis for all tests here, and replays of each kind that are closed in the end."""

import pytest

from course_utils.clock import Clock
from course_utils.serving import RedisReplay, ReplayBuffer
from tests.support.servers.redis import redis_server

ALIVE = 0.4  # real seconds; a process that is silent for so long counts as gone


class Elsewhere:
    """A replay in two processes: begun in the one, followed and stopped in the other.

    Both are in this process here, and know of each other only through Redis.
    """

    def __init__(self, owner, other):
        self.start, self.end_all, self.aclose = owner.start, owner.end_all, owner.aclose
        self.follow, self.body, self.stop = other.follow, other.body, other.stop


@pytest.fixture(scope="session")
def shared_redis():
    with redis_server() as server:
        yield server


@pytest.fixture
async def worker(shared_redis):
    """A function that makes what one process has; all reach one Redis."""
    made = []

    def make(**times):
        times = {"alive": ALIVE, "clock": Clock(1.0)} | times
        made.append(RedisReplay(shared_redis.url, **times))
        return made[-1]

    yield make
    for replay in made:
        await replay.aclose()


@pytest.fixture(params=["memory", "redis", "elsewhere"])
def make(request):
    """A function that makes the replay to be tested, with a grace and a keep."""
    if request.param == "memory":
        return lambda **times: ReplayBuffer(clock=Clock(1.0), **times)
    worker = request.getfixturevalue("worker")
    if request.param == "redis":
        return worker
    return lambda **times: Elsewhere(worker(**times), worker(**times))
