"""When an answer is written to Redis: at once where somebody waits, else seldom."""

import asyncio
import json

import pytest

from course_utils.serving import Event
from course_utils.serving.answer_events import error_event
from course_utils.serving.replay.entries import FOLLOWED, UNREAD, Copy
from course_utils.serving.replay.record import Record
from tests.serving.replay.test_replay import read
from tests.serving.replay.test_trouble import say, words

DONE = error_event("Over", "It is over.")


@pytest.fixture
async def copy():
    """What Redis has of an answer whose first event was written at the moment 10."""
    copy = Copy(Record("a", grace=1))
    add(copy, "one")
    assert copy.is_due(10.0)
    copy.next("worker", 10.0)
    return copy


def add(copy, word):
    copy.record._push(Event("text", json.dumps({"text": word})))


async def test_there_is_nothing_to_write_without_news(copy):
    assert not copy.is_due(10.0 + 9 * UNREAD)


async def test_what_nobody_reads_elsewhere_is_written_once_in_a_while(copy):
    add(copy, "two")
    assert not copy.is_due(10.0 + 0.9 * UNREAD)
    assert copy.is_due(10.0 + UNREAD)
    copy.next("worker", 10.0 + UNREAD)
    add(copy, "three")
    assert not copy.is_due(10.0 + 1.9 * UNREAD)


async def test_what_is_read_elsewhere_is_written_at_once_while_it_is(copy):
    copy.read_elsewhere(10.1)
    add(copy, "two")
    assert copy.is_due(10.2)
    copy.next("worker", 10.2)
    add(copy, "three")
    assert copy.is_due(10.3)
    copy.next("worker", 10.1 + FOLLOWED)
    add(copy, "four")
    assert not copy.is_due(10.2 + FOLLOWED)


async def test_an_end_and_what_redis_may_have_lost_are_written_at_once(copy):
    add(copy, "two")
    copy.unsure = True
    assert copy.is_due(10.01)
    copy.next("worker", 10.01)
    assert not copy.is_due(10.02)
    copy.record._close(DONE)
    assert copy.is_due(10.02)


async def test_a_reader_elsewhere_waits_for_no_long_pause(worker):
    owner, other = worker(), worker()
    queue = asyncio.Queue()
    name = await owner.start(words(queue))
    say(queue, "a")
    events = await other.follow(name)
    loop = asyncio.get_running_loop()
    assert (await anext(events)).event == "text"
    begin = loop.time()
    for word in "bcdef":
        say(queue, word)
        await anext(events)
    assert loop.time() - begin < 4 * UNREAD  # five long pauses, had nobody told of it
    say(queue, [None])
    assert [event.event for event in await read(events)] == ["done"]
