"""Two workers that share a Redis: an answer is everybody's, and so are the limits."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from chat.app import create
from chat.models import cache_of
from course_utils import cached
from course_utils.fake import Reply
from tests.chat.measured.test_metrics import numbers
from tests.chat.site import (
    OTHER,
    SESSION,
    TEXT,
    client_of,
    events_in,
    last_in,
    settings,
    text_in,
)
from tests.support.servers.redis import redis_server
from tests.support.watched import WatchedModel

ASK = {"text": "Hi"}
STALLED = Reply(TEXT, stall_after=2)


@pytest.fixture
def redis():
    with redis_server() as server:
        yield server


@asynccontextmanager
async def worker(redis, replies=None, **more):
    """A client of one of them; by default the app's own stack answers."""
    model = WatchedModel(replies=replies) if replies else None
    app = create(settings(redis=redis.url, alive=0.4, **more), model and model.astream)
    client = client_of(app, SESSION)
    client.chat, client.model, client.app = app.state.chat, model, app
    async with client:
        yield client
    await client.chat.close()


async def test_an_answer_that_one_began_is_read_on_at_the_other(redis):
    async with worker(redis, TEXT) as one, worker(redis, TEXT) as other:
        response = await one.post("/chat", json=ASK)
        address, events = response.headers["location"], events_in(response)
        for after in range(len(events)):
            headers = {"Last-Event-ID": events[after].id}
            rest = await other.get(f"/{address}", headers=headers)
            assert events_in(rest) == events[after + 1 :]
        assert other.model.log == []


async def test_one_stops_what_the_other_makes(redis):
    async with worker(redis, STALLED) as one, worker(redis, STALLED) as other:
        name = await one.chat.begin("Hi", SESSION)
        reading = asyncio.create_task(other.get(f"/chat/{name}"))
        while not one.model.log or one.model.log[0].tokens_sent < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert (await other.delete(f"/chat/{name}")).status_code == 204
        assert last_in(await reading)[0] == "stopped"
        await asyncio.to_thread(one.model.wait_closed)
        assert one.model.log[0].outcome == "closed by reader"


async def test_an_answer_is_closed_to_others_at_every_worker(redis):
    async with worker(redis, TEXT) as one, worker(redis, TEXT) as other:
        address = (await one.post("/chat", json=ASK)).headers["location"]
        async with client_of(other.app, OTHER) as stranger:
            assert (await stranger.get(f"/{address}")).status_code == 404
            assert (await stranger.delete(f"/{address}")).status_code == 404


async def test_who_asks_here_and_there_asks_too_often_together(redis):
    options = {"rate": "2/minute"}
    async with worker(redis, **options) as one, worker(redis, **options) as other:
        asked = [await client.post("/chat", json=ASK) for client in (one, other, one)]
    assert [response.status_code for response in asked] == [200, 200, 429]


async def test_what_one_was_told_the_other_need_not_ask(redis):
    async with worker(redis) as one, worker(redis) as other:
        first = text_in(events_in(await one.post("/chat", json=ASK)))
        assert text_in(events_in(await other.post("/chat", json=ASK))) == first
        found = await numbers(other)
    assert found["chat_cache_answers_total", ("answered_by", "cache")] == 1


async def test_equal_questions_in_one_moment_cost_at_most_a_call_a_worker(redis):
    asked = 20
    async with AsyncExitStack() as stack:
        clients, models = [], []
        for _ in range(2):
            models.append(WatchedModel(replies=TEXT, per_token=2))
            shared = settings(redis=redis.url)
            model = cached(models[-1], cache_of(shared))
            app = create(shared, model.astream)
            clients.append(await stack.enter_async_context(client_of(app, SESSION)))
            stack.push_async_callback(app.state.chat.close)
        questions = [client.post("/chat", json=ASK) for client in clients * asked]
        answers = await asyncio.gather(*questions)
        assert {text_in(events_in(answer)) for answer in answers} == {TEXT}
        calls = [len(model.log) for model in models]
        assert max(calls) == 1
        for client in clients:
            await client.post("/chat", json=ASK)
        assert [len(model.log) for model in models] == calls  # all have it now


async def test_while_redis_is_away_questions_are_answered_and_readers_told(redis):
    async with worker(redis) as one, worker(redis) as other:
        address = (await one.post("/chat", json=ASK)).headers["location"]
        assert (await numbers(one))["chat_redis_away",] == 0
        redis.kill()
        response = await one.post("/chat", json={"text": "And now?"})
        assert last_in(response)[0] == "done"
        while not (await numbers(one))["chat_redis_away",]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert (await one.get(f"/{address}")).status_code == 200
        for asked in (other.get, other.delete):
            refused = await asked(f"/{address}")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
