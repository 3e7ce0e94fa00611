"""A run that waits for a person goes on when they answer: once, and only theirs."""

import asyncio
import json

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.memory import InMemorySaver

from chat.app import create
from chat.models import Agent
from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall
from tests.chat.site import (
    OTHER,
    SESSION,
    client_of,
    events_in,
    last_in,
    settings,
    text_in,
)

YES = {"value": {"decisions": [{"type": "approve"}]}}
NO = {"value": {"decisions": [{"type": "reject", "message": "Not now."}]}}
CALL = Reply(tool_calls=[ToolCall("pay", {"euros": 5})])
WORDS = "It is done."


def pay(euros: int) -> str:
    """Pay."""
    paid.append(euros)
    return "paid"


paid: list[int] = []


@pytest.fixture
def client():
    return client_with([CALL, WORDS])


def client_with(replies):
    """A client of an app whose agent's model answers so."""
    paid.clear()
    agent = create_agent(
        FakeStreamingChatModel(replies=replies, per_token=0),
        [pay],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"pay": True})],
        checkpointer=InMemorySaver(),
    )
    app = create(settings(), Agent(agent))
    found = client_of(app, SESSION)
    found.app = app
    return found


async def paused(client):
    """The address of an answer that waits."""
    response = await client.post("/chat", json={"text": "Pay"})
    assert last_in(response)[0] == "paused"
    return response.headers["location"]


@pytest.mark.parametrize(("said", "euros"), [(YES, [5]), (NO, [])])
async def test_it_goes_on_with_what_the_person_says(client, said, euros):
    address = await paused(client)
    assert paid == []
    response = await client.post(f"/{address}/answer", json=said)
    assert (text_in(events_in(response)), last_in(response)[0]) == (WORDS, "done")
    assert response.headers["location"] != address
    again = await client.get(f"/{response.headers['location']}")
    assert again.text == response.text
    assert paid == euros


async def test_of_two_tabs_that_answer_one_is_heard(client):
    address = await paused(client)
    both = [client.post(f"/{address}/answer", json=YES) for _ in range(2)]
    answers = await asyncio.gather(*both)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await client.post(f"/{address}/answer", json=YES)).status_code == 409
    assert paid == [5]


async def test_many_who_answer_at_once_do_not_slip_through():
    client = client_with([CALL] * 3 + [WORDS] * 3)
    addresses = [await paused(client) for _ in range(3)]
    chat, both = client.app.state.chat, asyncio.Event()
    waits, asked = chat.ask.waits, []

    async def slow(thread):
        asked.append(thread)
        if len(asked) == len(addresses):
            both.set()
        await both.wait()
        return await waits(thread)

    chat.ask.waits = slow
    chat.limits._most = chat.limits.open + 1
    told = [client.post(f"/{one}/answer", json=YES) for one in addresses]
    statuses = [answer.status_code for answer in await asyncio.gather(*told)]
    assert sorted(statuses) == [200, 503, 503]
    assert len(chat.claims._mine) == 0


async def test_what_does_not_wait_takes_no_answer(client):
    address = await paused(client)
    response = await client.post(f"/{address}/answer", json=YES)
    done = response.headers["location"]
    assert (await client.post(f"/{done}/answer", json=YES)).status_code == 409


async def test_nobody_else_answers(client):
    address = await paused(client)
    async with client_of(client.app, OTHER) as other:
        assert (await other.post(f"/{address}/answer", json=YES)).status_code == 404
    assert paid == []


async def test_without_an_agent_nothing_waits():
    async with client_of(create(settings()), SESSION) as client:
        response = await client.post("/chat", json={"text": "Hi"})
        address = response.headers["location"]
        refused = await client.post(f"/{address}/answer", json=YES)
    assert refused.status_code == 409


async def test_an_answer_without_a_value_is_refused_and_not_quoted(client):
    address = await paused(client)
    response = await client.post(f"/{address}/answer", json={"secret": "x"})
    assert response.status_code == 422
    assert "secret" not in json.dumps(response.json())
