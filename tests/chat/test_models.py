"""The stack: kept answers, a fallback, and a real provider by one setting."""

import asyncio
from contextlib import ExitStack

import pytest

from chat.app import create
from chat.models import asking
from course_utils.fake import FakeServer, Reply
from tests.chat.site import SESSION, TEXT, client_of, events_in, settings, text_in
from tests.support.watched import PATIENCE


@pytest.fixture
def provider(monkeypatch):
    """A function that starts a server which speaks as OpenAI does, and leads there."""
    with ExitStack() as stack:

        def start(*replies):
            server = stack.enter_context(FakeServer(replies=list(replies)))
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            monkeypatch.setenv("OPENAI_API_KEY", "offline")
            return server

        yield start


async def text_of(stream):
    return "".join([chunk.text async for chunk in stream])


async def test_by_itself_the_fake_answers():
    assert await text_of(asking(settings())("Hi"))


async def test_one_setting_asks_a_real_provider(provider):
    server = provider(TEXT)
    app = create(settings(model="openai:gpt-5-mini"))
    async with client_of(app, SESSION) as client:
        response = await client.post("/chat", json={"text": "Hi"})
    assert text_in(events_in(response)) == TEXT
    assert len(server.log) == 1


async def test_the_same_question_is_asked_once(provider):
    server = provider(TEXT)
    ask = asking(settings(model="openai:gpt-5-mini"))
    assert [await text_of(ask("Hi")) for _ in range(3)] == [TEXT] * 3
    assert len(server.log) == 1


async def test_when_the_model_gives_up_the_fallback_answers(provider):
    server = provider(Reply(status=401), TEXT)
    ask = asking(settings(model="openai:gpt-5-mini", fallback="openai:gpt-5"))
    assert await text_of(ask("Hi")) == TEXT
    assert [call.outcome for call in server.log] == ["refuse", "finished"]


async def test_stopping_an_answer_stops_the_provider(provider):
    server = provider(Reply(TEXT, stall_after=2))
    app = create(settings(model="openai:gpt-5-mini"))
    chat = app.state.chat
    name = await chat.begin("Hi", SESSION)
    events = await chat.replay.follow(name)
    await anext(events)
    async with client_of(app, SESSION) as client:
        assert (await client.delete(f"/chat/{name}")).status_code == 204
    assert [event.event async for event in events][-1] == "stopped"
    for _ in range(PATIENCE * 50):
        if server.log[0].outcome == "closed by reader":
            break
        await asyncio.sleep(0.02)
    assert server.log[0].outcome == "closed by reader"
    await chat.end()
