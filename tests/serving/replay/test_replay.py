"""What every replay does, wherever it keeps answers: one suite, a fixture for each."""

import asyncio
import json
from uuid import uuid4

import pytest

from course_utils.fake import Reply
from course_utils.serving import Event, sse_events
from course_utils.serving.answer_events import error_event
from course_utils.serving.sse import HEARTBEAT, encode
from tests.support.watched import WatchedModel

TEXT = "One two three four five."
GOING = error_event("ServerShutdown", "The server is restarted.")


def answer(model=None):
    return sse_events((model or WatchedModel(replies=TEXT)).astream("Hi"))


def stalled():
    """A model that says two tokens and then nothing, until it is stopped."""
    return WatchedModel(replies=Reply(TEXT, stall_after=2))


async def read(events, count=1000):
    """So many of the events, then leave."""
    found = []
    async for event in events:
        found.append(event)
        if len(found) == count:
            break
    await events.aclose()
    return found


def text_of(events):
    return "".join(json.loads(e.data)["text"] for e in events if e.event == "text")


async def stopped(model):
    """Whether the model has been closed by whoever read it."""
    await asyncio.to_thread(model.wait_closed)
    return model.log[0].outcome == "closed by reader"


async def test_an_answer_is_followed_from_its_beginning(make):
    replay = make()
    name = await replay.start(answer())
    events = await read(await replay.follow(name))
    assert text_of(events) == TEXT
    assert events[-1].event == "done"
    assert [event.id for event in events] == [
        f"{name}.{number}" for number in range(1, len(events) + 1)
    ]


async def test_from_every_position_exactly_the_rest_comes(make):
    replay = make()
    name = await replay.start(answer())
    whole = await read(await replay.follow(name))
    for after in range(len(whole) + 1):
        assert await read(await replay.follow(name, after)) == whole[after:]


async def test_the_body_of_an_answer_is_its_events_as_text(make):
    replay = make()
    name = await replay.start(answer())
    whole = await read(await replay.follow(name))
    for after in range(len(whole) + 1):
        texts = await read(await replay.body(name, after))
        assert texts == [encode(event) for event in whole[after:]]


async def test_a_body_has_a_comment_in_each_silence_and_goes_on_after_it(make):
    replay = make()
    name = await replay.start(answer(stalled()))
    body = await replay.body(name, heartbeat=0.05)
    texts = await read(body, 5)
    assert [text == HEARTBEAT for text in texts] == [False, False, True, True, True]
    body = await replay.body(name, 2, heartbeat=0.05)
    assert await anext(body) == HEARTBEAT
    await replay.stop(name)
    *silences, last = [text async for text in body]
    assert set(silences) <= {HEARTBEAT}
    assert last.startswith(f"id: {name}.3\nevent: stopped\n")


async def test_the_silence_of_one_reader_is_not_that_of_another(make):
    replay = make()
    name = await replay.start(answer(stalled()))
    often = await replay.body(name, 2, heartbeat=0.02)
    seldom = await replay.body(name, 2, heartbeat=0.1)
    waiting = asyncio.create_task(anext(seldom))
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while not waiting.done() and loop.time() < begin + 20:
        assert await anext(often) == HEARTBEAT
    assert waiting.done() and waiting.result() == HEARTBEAT
    await often.aclose()
    await seldom.aclose()


async def test_who_leaves_a_body_has_left_the_answer(make):
    model, replay = stalled(), make(grace=0.05)
    body = await replay.body(await replay.start(answer(model)))
    assert "One" in await anext(body)
    await body.aclose()
    assert await stopped(model)


@pytest.mark.parametrize("after", [-1, 0])
async def test_there_is_no_body_of_an_unknown_answer(make, after):
    replay = make()
    name = await replay.start(answer()) if after < 0 else "never"
    assert await replay.body(name, after) is None


async def test_a_reader_may_leave_at_every_position_of_a_live_answer(make):
    whole = await read(await follow_new(make()))
    for left_after in range(1, len(whole)):
        replay = make()
        name = await replay.start(answer())
        first = await read(await replay.follow(name), left_after)
        rest = await read(await replay.follow(name, left_after))
        assert text_of(first + rest) == TEXT
        assert len(first + rest) == len(whole)


async def follow_new(replay):
    return await replay.follow(await replay.start(answer()))


async def test_two_readers_get_the_same(make):
    replay = make()
    name = await replay.start(answer())
    readers = [await replay.follow(name) for _ in range(2)]
    one, other = await asyncio.gather(*map(read, readers))
    assert one == other
    assert text_of(one) == TEXT


async def test_no_two_answers_have_one_name(make):
    replay = make()
    names = {await replay.start(answer()) for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) >= 22 for name in names)
    await replay.end_all(GOING)


async def test_an_answer_may_be_given_its_name(make):
    replay, name = make(), f"mine-{uuid4()}"  # all tests share one Redis
    assert await replay.start(answer(), name=name) == name
    assert text_of(await read(await replay.follow(name))) == TEXT


@pytest.mark.parametrize("name", ["", "nobody", "nobody.3"])
async def test_an_unknown_answer_is_none(make, name):
    replay = make()
    assert await replay.follow(name) is None
    assert await replay.stop(name) is False


async def test_a_number_that_is_none_opens_nothing(make):
    replay = make()
    name = await replay.start(answer())
    assert await replay.follow(name, -1) is None
    await replay.end_all(GOING)


async def test_stopping_stops_the_model_and_its_readers_are_told(make):
    model, ends = stalled(), []
    replay = make()
    name = await replay.start(answer(model), ended=ends.append)
    reading = asyncio.create_task(read(await replay.follow(name)))
    await read(await replay.follow(name), 2)
    assert await replay.stop(name) is True
    events = await reading
    assert text_of(events) == "One two"
    assert events[-1].event == "stopped"
    assert await stopped(model)
    assert [event.event for event in ends] == ["stopped"]


async def test_stopping_twice_or_too_late_changes_nothing(make):
    ends = []
    replay = make()
    name = await replay.start(answer(), ended=ends.append)
    whole = await read(await replay.follow(name))
    assert await replay.stop(name) is True
    assert await replay.stop(name) is True
    assert await read(await replay.follow(name)) == whole
    assert [event.event for event in ends] == ["done"]


async def test_ending_all_tells_every_reader_and_waits_for_the_models(make):
    models, ends = [stalled(), stalled()], []
    replay = make()
    names = [await replay.start(answer(m), ended=ends.append) for m in models]
    for name in names:
        await read(await replay.follow(name), 2)
    await replay.end_all(GOING)
    assert all([await stopped(model) for model in models])
    for name in names:
        events = await read(await replay.follow(name))
        assert (text_of(events), events[-1].event) == ("One two", "error")
    assert [event.event for event in ends] == ["error", "error"]


async def test_ending_all_leaves_a_finished_answer_as_it_is(make):
    replay = make()
    name = await replay.start(answer())
    whole = await read(await replay.follow(name))
    await replay.end_all(GOING)
    assert await read(await replay.follow(name)) == whole


async def test_closing_lets_go_of_every_model(make):
    model, replay = stalled(), make()
    name = await replay.start(answer(model))
    await read(await replay.follow(name), 2)
    await replay.aclose()
    assert await stopped(model)


async def test_an_answer_that_nobody_follows_is_stopped_after_its_grace(make):
    model, ends = stalled(), []
    replay = make(grace=0.05)
    name = await replay.start(answer(model), ended=ends.append)
    await read(await replay.follow(name), 2)
    assert await stopped(model)
    assert [event.event for event in ends] == ["stopped"]


async def test_an_answer_that_nobody_ever_followed_is_stopped_too(make):
    model = stalled()
    await make(grace=0.05).start(answer(model))
    assert await stopped(model)


async def test_who_comes_back_in_time_finds_it_going_on(make):
    go_on = asyncio.Event()

    async def events():
        yield Event("text", '{"text": "One"}')
        await go_on.wait()
        yield Event("done", "{}")

    replay = make(grace=0.2)
    name = await replay.start(events())
    await read(await replay.follow(name), 1)
    back = asyncio.create_task(read(await replay.follow(name, 1)))
    await asyncio.sleep(0.4)  # longer than the grace
    go_on.set()
    assert [event.event for event in await back] == ["done"]


async def test_an_answer_is_forgotten_after_a_while(make):
    replay = make(keep=0.5)
    name = await replay.start(answer())
    await read(await replay.follow(name))
    for _ in range(1000):
        await asyncio.sleep(0.01)
        if await replay.follow(name) is None:
            break
    assert await replay.stop(name) is False


async def breaking():
    yield Event("text", '{"text": "One"}')
    raise ValueError("secret")


async def ending_without_a_word():
    yield Event("text", '{"text": "One"}')


async def silent():
    return
    yield


@pytest.mark.parametrize(
    ("events", "word"),
    [
        (breaking, "error"),
        (ending_without_a_word, "cut"),
        (silent, "cut"),
    ],
)
async def test_every_answer_ends_with_a_last_event(make, events, word, caplog):
    ends = []
    replay = make()
    name = await replay.start(events(), ended=ends.append)
    found = await read(await replay.follow(name))
    assert found[-1].event == word
    assert ends == found[-1:]
    assert "secret" not in caplog.text
