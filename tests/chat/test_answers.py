"""Ask, read, come back, stop: and only the session that asked may do so."""

import asyncio
import json

import pytest
from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langgraph.types import Interrupt

from chat.app import create
from chat.sessions import name_for, opens
from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall
from tests.chat.site import (
    OTHER,
    SESSION,
    TEXT,
    client_of,
    events_in,
    last_in,
    settings,
    site,
    text_in,
)

ASK = {"text": "Hi"}
STALLED = Reply(TEXT, stall_after=2)


async def test_an_answer_comes_as_events_and_says_how_it_ended():
    async with site() as client:
        response = await client.post("/chat", json=ASK)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-accel-buffering"] == "no"
    assert text_in(events_in(response)) == TEXT
    name, fields = last_in(response)
    assert (name, fields["finish_reason"]) == ("done", "stop")
    assert fields["usage"]["total_tokens"] > 0


async def test_behind_a_parser_and_in_an_agent_the_end_is_told_as_well():
    def now() -> str:
        """The time."""
        return "noon"

    call = Reply(tool_calls=[ToolCall("now", {})])
    agent = create_agent(FakeStreamingChatModel(replies=[call, TEXT]), [now])
    chain = FakeStreamingChatModel(replies=TEXT) | StrOutputParser()
    asks = [
        chain.astream,
        lambda text: agent.astream(
            {"messages": [("user", text)]}, stream_mode="messages"
        ),
    ]
    for ask in asks:
        async with client_of(create(settings(), ask), SESSION) as client:
            response = await client.post("/chat", json=ASK)
        assert text_in(events_in(response)) == TEXT
        name, fields = last_in(response)
        assert (name, fields["finish_reason"]) == ("done", "stop")
        assert fields["usage"]["output_tokens"] > 0


async def test_from_every_event_on_exactly_the_rest_comes():
    async with site() as client:
        response = await client.post("/chat", json=ASK)
        address, whole = response.headers["location"], events_in(response)
        for after, event in enumerate(whole, 1):
            headers = {"Last-Event-ID": event.id}
            rest = await client.get(f"/{address}", headers=headers)
            assert events_in(rest) == whole[after:]
        for start in ({}, {"Last-Event-ID": ""}):
            again = await client.get(f"/{address}", headers=start)
            assert events_in(again) == whole
        assert len(client.model.log) == 1


@pytest.mark.parametrize("last", ["x.1", "1", "name.x", "name.-1", "name.", "é.1"])
async def test_an_event_of_another_answer_is_refused(last):
    async with site() as client:
        response = await client.post("/chat", json=ASK)
        address = response.headers["location"]
        last = last.replace("name", address.removeprefix("chat/"))
        headers = {"Last-Event-ID": last.encode()}
        refused = await client.get(f"/{address}", headers=headers)
    assert refused.status_code == 422


async def test_an_answer_can_be_stopped_by_its_name():
    async with site(STALLED) as client:
        name = await client.chat.begin("Hi", SESSION)
        begun = await client.chat.body(SESSION, name)
        await anext(begun)  # the model has been asked
        reading = asyncio.create_task(client.get(f"/chat/{name}"))
        stopping = await client.delete(f"/chat/{name}")
        assert stopping.status_code == 204
        assert last_in(await reading)[0] == "stopped"
        await begun.aclose()
        await asyncio.to_thread(client.model.wait_closed)
        assert client.chat.limits.open == 0


async def test_a_stop_that_comes_before_the_model_was_asked_asks_it_never():
    async with site(STALLED) as client:
        name = await client.chat.begin("Hi", SESSION)
        assert (await client.delete(f"/chat/{name}")).status_code == 204
        assert last_in(await client.get(f"/chat/{name}"))[0] == "stopped"
        assert client.model.log == []


async def test_leaving_is_not_stopping():
    async with site(STALLED) as client:
        name = await client.chat.begin("Hi", SESSION)
        first = await client.chat.body(SESSION, name)
        await anext(first)
        await first.aclose()
        assert client.chat.limits.open == 1
        assert client.model.log[0].outcome == "running"


async def test_nobody_else_reads_an_answer_or_stops_it():
    async with site(STALLED) as client:
        name = await client.chat.begin("Hi", SESSION)
        for session in (OTHER, "", "rubbish"):
            async with client_of(client.app, session) as stranger:
                answers = [
                    await stranger.get(f"/chat/{name}"),
                    await stranger.delete(f"/chat/{name}"),
                    await stranger.get("/chat/no-such-answer"),
                ]
            assert [answer.status_code for answer in answers] == [404] * 3
            assert len({answer.text for answer in answers}) == 1
        assert client.chat.limits.open == 1


async def test_a_name_with_anything_changed_opens_nothing():
    name = name_for(SESSION)
    assert opens(SESSION, name)
    assert not opens(OTHER, name)
    for at in range(len(name)):
        assert not opens(SESSION, name[:at] + "z" + name[at + 1 :])
    assert not any(opens(SESSION, odd) for odd in ("", "-", "é-é", name + "a"))


async def test_a_new_reader_gets_a_session_that_scripts_cannot_read():
    async with site() as client:
        async with client_of(client.app, "") as new:
            cookie = (await new.get("/")).headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie
            kept = new.cookies["chat_session"]
            response = await new.post("/chat", json=ASK)
            assert new.cookies["chat_session"] == kept
            again = await new.get("/" + response.headers["location"])
        assert text_in(events_in(again)) == TEXT


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        (Reply(status=429), 503, "ModelRateLimitError"),
        (Reply(status=500), 502, "ModelAPIError"),
        (Reply(status=401), 502, "ModelAuthenticationError"),
    ],
)
async def test_a_refusal_before_the_first_byte_is_a_status(reply, status, error):
    async with site(reply) as client:
        response = await client.post("/chat", json=ASK)
        assert client.chat.limits.open == 0
    assert response.status_code == status
    assert response.json()["error"] == error
    assert ("retry-after" in response.headers) == (status == 503)


@pytest.mark.parametrize(
    ("reply", "end"),
    [
        (Reply(TEXT, drop_after=2), ("error", "ModelConnectionError")),
        (Reply(TEXT, cut_after=2), ("cut", None)),
    ],
)
async def test_a_later_one_is_the_last_event(reply, end):
    async with site(reply) as client:
        response = await client.post("/chat", json=ASK)
    assert response.status_code == 200
    assert text_in(events_in(response)) == "One two"
    name, fields = last_in(response)
    assert (name, fields.get("type")) == end
    assert {"finish_reason", "usage"} <= fields.keys()


async def test_a_slow_model_is_not_waited_for_with_the_status():
    async with site(STALLED, refuse_within=0) as client:
        name = await client.chat.begin("Hi", SESSION)
        assert await client.chat.refusal(name) is None


async def test_an_agent_that_asks_a_person_pauses():
    async def stream():
        yield {"__interrupt__": (Interrupt(value="Pay?", id="1"),)}

    async with site() as client:
        client.chat.ask = lambda text: stream()
        response = await client.post("/chat", json=ASK)
    assert last_in(response)[0] == "paused"


async def test_a_process_that_drains_refuses_new_questions_and_keeps_its_answers():
    async with site(STALLED, drain=0.05) as client:
        name = await client.chat.begin("Hi", SESSION)
        reading = asyncio.create_task(client.get(f"/chat/{name}"))
        client.chat.drain()
        refused = await client.post("/chat", json=ASK)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await client.get("/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 200
        name, fields = last_in(await reading)
    assert (name, fields["type"]) == ("error", "ServerShutdown")


async def test_an_answer_that_ends_in_time_is_not_touched_by_the_drain():
    async with site(drain=30) as client:
        name = await client.chat.begin("Hi", SESSION)
        client.chat.drain()
        response = await client.get(f"/chat/{name}")
    assert last_in(response)[0] == "done"


async def test_the_description_of_the_app_knows_its_events_and_its_problems():
    async with site() as client:
        told = (await client.get("/openapi.json")).json()
    post = told["paths"]["/chat"]["post"]["responses"]
    assert "itemSchema" in post["200"]["content"]["text/event-stream"]
    assert {"400", "413", "422", "429", "502", "503", "504"} <= post.keys()
    assert (
        json.dumps(told).count('"application/json"') == 4
    )  # two bodies, health, ready
