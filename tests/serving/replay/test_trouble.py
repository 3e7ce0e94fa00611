"""A process that is killed or frozen, and a Redis that is away and comes back empty."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager, contextmanager

import pytest

from course_utils.clock import Clock
from course_utils.serving import Event, RedisReplay, ReplayAway
from tests.serving.replay.conftest import ALIVE
from tests.serving.replay.test_replay import (
    TEXT,
    answer,
    read,
    stalled,
    stopped,
    text_of,
)
from tests.support.servers.redis import redis_server
from tests.support.watched import PATIENCE


async def test_a_killed_owner_is_told_to_every_reader_elsewhere(worker):
    owner, other = worker(), worker()
    name = await owner.start(answer(stalled()))
    first = await read(await other.follow(name), 2)
    await owner.aclose()
    readers = [await other.follow(name, after) for after in (0, 2)]
    whole, rest = await asyncio.gather(*map(read, readers))
    assert whole == first + rest
    assert (text_of(whole), whole[-1].event) == ("One two", "error")
    assert json.loads(whole[-1].data)["type"] == "StreamLost"
    assert await read(await other.follow(name, len(whole) - 1)) == whole[-1:]


class Frozen:
    """A process of its own that can be frozen: a thread with its event loop."""

    def __init__(self, url):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.replay = self.run(self._make(url))

    async def _make(self, url):
        return RedisReplay(url, alive=ALIVE, clock=Clock(1.0))

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    @contextmanager
    def frozen(self):
        thaw = threading.Event()
        self.loop.call_soon_threadsafe(thaw.wait, PATIENCE)
        yield
        thaw.set()

    def close(self):
        self.run(self.replay.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


async def test_a_frozen_owner_that_finds_itself_replaced_stops_its_model(
    worker, shared_redis
):
    model, other, ends = stalled(), worker(), []
    owner = Frozen(shared_redis.url)
    try:
        starting = owner.replay.start(answer(model), ended=ends.append)
        name = await asyncio.to_thread(owner.run, starting)
        first = await read(await other.follow(name), 2)
        with owner.frozen():
            rest = await read(await other.follow(name, 2))
            assert ends == []
        assert await stopped(model)
        assert (text_of(first + rest), rest[-1].event) == ("One two", "error")
        assert [event.event for event in ends] == ["error"]
        assert await read(await other.follow(name)) == first + rest
    finally:
        await asyncio.to_thread(owner.close)


@asynccontextmanager
async def two_workers(url):
    owner, other = (RedisReplay(url, alive=ALIVE, clock=Clock(1.0)) for _ in range(2))
    try:
        yield owner, other
    finally:
        await owner.aclose()
        await other.aclose()


async def words(queue):
    """The events of an answer whose words come from the test."""
    while (word := await queue.get()) is not None:
        yield Event("text", json.dumps({"text": word}))
    yield Event("done", "{}")


def say(queue, text):
    for word in text:
        queue.put_nowait(word)


async def test_redis_may_go_and_come_back_empty_in_the_middle_of_an_answer():
    with redis_server() as redis:
        async with two_workers(redis.url) as (owner, other):
            queue = asyncio.Queue()
            name = await owner.start(words(queue))
            say(queue, "ab")
            here, there = await owner.follow(name), await other.follow(name)
            assert text_of([await anext(there), await anext(there)]) == "ab"
            redis.kill()
            say(queue, "cd")
            assert text_of([await anext(here) for _ in range(4)]) == "abcd"
            redis.start()
            say(queue, ["e", None])
            for events in (here, there):
                assert [event.event async for event in events][-1] == "done"
            whole = await read(await owner.follow(name))
            assert text_of(whole) == "abcde"
            for after in range(len(whole) + 1):  # and it is there again
                assert await read(await other.follow(name, after)) == whole[after:]


async def test_without_redis_an_answer_goes_on_and_others_are_told_to_come_back():
    with redis_server() as redis:
        redis.kill()
        async with two_workers(redis.url) as (owner, other):
            name = await owner.start(answer())
            assert text_of(await read(await owner.follow(name))) == TEXT
            with pytest.raises(ReplayAway):
                await other.follow(name)
            with pytest.raises(ReplayAway):
                await other.stop(name)


async def test_a_reader_elsewhere_keeps_an_answer_going(worker):
    owner, other = worker(grace=0.3), worker(grace=0.3)
    queue = asyncio.Queue()
    name = await owner.start(words(queue))
    reading = asyncio.create_task(read(await other.follow(name)))
    await asyncio.sleep(1)  # longer than the grace
    say(queue, ["a", None])
    assert [event.event for event in await reading] == ["text", "done"]


async def test_a_stop_that_its_owner_did_not_hear_is_found_later(worker, shared_redis):
    model, owner, other = stalled(), worker(), worker()
    name = await owner.start(answer(model))
    await read(await other.follow(name), 2)
    await other._reading.set(other._keys.stop(name), "1")
    assert await stopped(model)
    assert (await read(await other.follow(name)))[-1].event == "stopped"


@pytest.mark.parametrize("name", ["x:stop", "../x", "a b", "é", "stops"])
async def test_no_name_is_that_of_another_key(worker, name):
    replay, other = worker(), worker()
    assert await other.follow(name) is None
    await replay.start(answer(), name=name)
    await replay.stop(name)
    assert (await read(await other.follow(name)))[-1].event in ("done", "stopped")


def test_a_replay_shows_no_password():
    assert "secret" not in repr(RedisReplay("redis://:secret@127.0.0.1:6379/0"))
