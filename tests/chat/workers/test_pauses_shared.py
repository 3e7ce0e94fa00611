"""A run that waits for a person, and two workers: whoever is first goes on, once."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import MessagesState, StateGraph
from langgraph.types import interrupt

from chat.app import create
from chat.claims import KEY, Claims
from chat.models import Agent
from chat.sessions import thread_of
from tests.chat.site import (
    SESSION,
    client_of,
    events_in,
    last_in,
    settings,
    text_in,
)
from tests.support.servers.redis import redis_server
from tests.support.watched import PATIENCE

YES = {"value": "yes"}
WORDS = "It is done."
ALIVE = 0.4  # real seconds


@pytest.fixture
def redis():
    with redis_server() as server:
        yield server


@pytest.fixture
def paid():
    return []


@pytest.fixture
def bank():
    """Where payments wait while it is closed; it knows of each that has come."""
    bank = SimpleNamespace(opened=asyncio.Event(), asked=asyncio.Event())
    bank.opened.set()
    return bank


@pytest.fixture
async def workers(redis, paid, bank):
    """Two, over one Redis and one memory of a graph, which pays twice if told to."""

    async def pay(euros):
        interrupt(f"{euros} euros?")
        paid.append(euros)  # by its memory, the run waits until this node is done
        bank.asked.set()
        await bank.opened.wait()

    async def five(state):
        await pay(5)

    async def seven(state):
        await pay(7)
        return {"messages": [AIMessage(WORDS)]}

    graph = StateGraph(MessagesState).add_sequence([five, seven])
    graph.set_entry_point("five")
    agent = graph.compile(checkpointer=InMemorySaver())
    async with worker(redis, agent) as one, worker(redis, agent) as other:
        yield one, other


@asynccontextmanager
async def worker(redis, agent):
    app = create(settings(redis=redis.url, alive=ALIVE), Agent(agent))
    async with client_of(app, SESSION) as client:
        yield client
    await app.state.chat.close()


async def paused(client):
    """The address where an answer is given to a run that waits."""
    response = await client.post("/chat", json={"text": "Pay"})
    assert last_in(response)[0] == "paused"
    return f"/{response.headers['location']}/answer"


async def test_of_answers_at_two_workers_one_is_heard(workers, paid, bank):
    address = await paused(workers[0])
    bank.opened.clear()  # so that it still waits, by its memory, when others ask
    first = asyncio.create_task(workers[0].post(address, json=YES))
    await bank.asked.wait()
    for client in workers:
        async with asyncio.timeout(PATIENCE):
            refused = await client.post(address, json=YES)
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"] == "It waits for no answer, or no longer."
    bank.opened.set()
    assert (await first).status_code == 200
    assert paid == [5]


async def test_of_two_who_answer_in_the_same_moment_one_is_heard(workers, paid):
    address = await paused(workers[0])
    asked = [client.post(address, json=YES) for client in workers * 2]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert paid == [5]


@pytest.mark.parametrize("number", [0, 1])
async def test_a_run_that_waits_again_is_answered_at_any_worker(workers, paid, number):
    first = await workers[0].post(await paused(workers[0]), json=YES)
    assert last_in(first)[0] == "paused"
    address = f"/{first.headers['location']}/answer"
    second = await workers[number].post(address, json=YES)
    assert (text_in(events_in(second)), last_in(second)[0]) == (WORDS, "done")
    assert paid == [5, 7]


async def test_what_one_worker_has_finished_the_other_does_not_begin(workers, paid):
    address = await paused(workers[0])
    again = await workers[0].post(address, json=YES)
    await workers[0].post(f"/{again.headers['location']}/answer", json=YES)
    assert (await workers[1].post(address, json=YES)).status_code == 409
    assert paid == [5, 7]


async def test_a_worker_that_died_with_its_claim_keeps_nobody_waiting(
    redis, workers, paid
):
    address = await paused(workers[0])
    thread = thread_of(address.split("/")[2])
    dead = Claims(redis.url, ALIVE)
    assert await dead.take(thread)
    dead._beating.cancel()  # all that a killed worker leaves behind is the key
    assert (await workers[1].post(address, json=YES)).status_code == 409
    while (await workers[1].post(address, json=YES)).status_code == 409:  # noqa: ASYNC110
        await asyncio.sleep(ALIVE / 4)
    assert paid == [5]
    await dead.aclose()


async def test_a_claim_lasts_as_long_as_its_worker_lives(redis):
    mine, theirs = Claims(redis.url, ALIVE), Claims(redis.url, ALIVE)
    assert await mine.take("run")
    for _ in range(8):
        await asyncio.sleep(ALIVE / 4)
        assert not await theirs.take("run")
    await mine.release("run")
    assert await theirs.take("run")
    await mine.aclose()
    await theirs.aclose()


async def test_a_worker_that_was_overtaken_leaves_the_others_claim_as_it_is(redis):
    late, next_one, third = (Claims(redis.url, ALIVE) for _ in range(3))
    assert await late.take("run")
    await late._redis.delete(KEY + "run")  # as if it had been silent for too long
    assert await next_one.take("run")
    await late.release("run")
    assert not await third.take("run")
    for claims in (late, next_one, third):
        await claims.aclose()


async def test_the_heart_of_an_overtaken_worker_keeps_nothing_alive(redis):
    late, dead, third = (Claims(redis.url, ALIVE) for _ in range(3))
    assert await late.take("run")
    await late._redis.delete(KEY + "run")
    assert await dead.take("run")
    dead._beating.cancel()
    async with asyncio.timeout(PATIENCE):
        while not await third.take("run"):  # noqa: ASYNC110
            await asyncio.sleep(ALIVE / 4)
    for claims in (late, dead, third):
        await claims.aclose()


async def test_while_redis_is_away_a_run_waits_on(redis, workers, paid):
    address = await paused(workers[0])
    redis.kill()
    refused = await workers[0].post(address, json=YES)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert paid == []
    redis.start()
    assert (await workers[0].post(address, json=YES)).status_code == 200
    assert paid == [5]
