"""Whatever is killed, emptied or left: each event once, in order, and an honest end."""

import asyncio
import json
from contextlib import AsyncExitStack, aclosing

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course_utils.clock import Clock
from course_utils.serving import LAST, Event, RedisReplay, ReplayBuffer
from tests.support.watched import PATIENCE

WORDS = ["One", " two", " three", " four", " five", " six"]
ALIVE = 0.2
A_WHILE = 0.06  # real seconds: some of the writer's ticks
pytestmark = pytest.mark.slow

say = st.tuples(st.just("say"), st.integers(1, 3))
read = st.tuples(st.sampled_from(["read here", "read there"]), st.integers(1, 4))
trouble = st.tuples(st.sampled_from(["kill", "empty", "tick"]), st.just(0))
FORGOTTEN = [("say", 2), ("tick", 0), ("empty", 0), ("say", 2), ("tick", 0)]


class Story:
    """An answer, its owner, another process, and one reader who comes and goes."""

    def __init__(self, owner, other, empty):
        self.owner, self.other, self.empty = owner, other, empty
        self.seen, self.said, self.killed, self.forgotten = [], 0, False, False
        self._words = asyncio.Queue()
        self._ended = asyncio.Event()

    async def events(self):
        while (word := await self._words.get()) is not None:
            yield Event("text", json.dumps({"text": word}))
        yield Event("done", "{}")

    async def run(self, steps):
        self.name = await self.owner.start(self.events())
        for what, count in steps:
            await self.step(what, count)
        self.say(len(WORDS))
        self._words.put_nowait(None)
        async with asyncio.timeout(PATIENCE):
            await self.read(self.other, 1000, None)

    async def step(self, what, count):
        if what == "say":
            self.say(count)
        elif what == "read here" and not self.killed:
            await self.read(self.owner, count, 0.01)
        elif what == "read there":
            await self.read(self.other, count, 0.01)
        elif what == "kill":
            await self.owner.aclose()
            self.killed = True
        elif what == "tick":
            await asyncio.sleep(A_WHILE)  # so that what was said is written
        elif what == "empty":
            await self.empty()
            self.forgotten |= self.killed

    def say(self, count):
        for word in WORDS[self.said : self.said + count]:
            self._words.put_nowait(word)
        self.said = min(len(WORDS), self.said + count)

    async def read(self, replay, count, patience):
        if self.ended:
            return
        events = await replay.follow(self.name, len(self.seen))
        if events is None:
            assert self.forgotten or self.killed  # else it was there
            self.gone = True
            return
        async with aclosing(events):
            for _ in range(count):
                try:
                    async with asyncio.timeout(patience):
                        self.seen.append(await anext(events))
                except (StopAsyncIteration, TimeoutError):
                    return

    gone = False

    @property
    def ended(self):
        return bool(self.seen) and self.seen[-1].event in LAST

    def check(self):
        numbers = [int(event.id.rpartition(".")[2]) for event in self.seen]
        assert numbers == list(range(1, len(self.seen) + 1))
        words = [json.loads(e.data)["text"] for e in self.seen if e.event == "text"]
        assert words == WORDS[: len(words)]
        if self.gone and not self.ended:
            return  # an app says so with a status
        *before, last = self.seen
        assert all(event.event == "text" for event in before)
        if last.event == "done":
            assert words == WORDS
        else:
            assert (last.event, "StreamLost" in last.data) == ("error", True)
            assert self.killed


async def nothing():
    pass


@given(steps=st.lists(say | read, max_size=12))
@settings(max_examples=40, deadline=None)
async def test_in_memory_any_resume_gives_the_text_exactly_once(steps):
    replay = ReplayBuffer(clock=Clock(1.0))
    story = Story(replay, replay, nothing)
    await story.run(steps)
    story.check()
    assert story.seen[-1].event == "done"


@given(steps=st.lists(say | read | trouble, min_size=3, max_size=12))
@example(steps=FORGOTTEN)
@example(steps=[("say", 1), ("read there", 1), *FORGOTTEN, ("read there", 1)])
@example(steps=[*FORGOTTEN, ("kill", 0)])
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_over_redis_any_kill_and_any_resume_give_it_at_most_once(
    shared_redis, steps
):
    async with AsyncExitStack() as stack:
        owner, other = (
            RedisReplay(shared_redis.url, alive=ALIVE, clock=Clock(1.0))
            for _ in range(2)
        )
        stack.push_async_callback(owner.aclose)
        stack.push_async_callback(other.aclose)
        story = Story(owner, other, other._reading.flushall)
        await story.run(steps)
        story.check()
        assert story.killed or story.seen[-1].event == "done"
