"""Each answer is counted once, under the one word for its end."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat.app import create
from course_utils.fake import Reply
from tests.chat.site import SESSION, TEXT, client_of, settings, site

ASK = {"text": "Hi"}
STALLED = Reply(TEXT, stall_after=2)


async def numbers(client):
    """Every figure that `/metrics` tells, by its name and labels."""
    page = (await client.get("/metrics")).text
    return {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(page)
        for one in family.samples
    }


def ends(found):
    """How many answers ended how."""
    return {
        dict(key[1:])["end"]: value
        for key, value in found.items()
        if key[0] == "chat_streams_ended_total"
    }


@pytest.mark.parametrize(
    ("reply", "end"),
    [
        (TEXT, "done"),
        (Reply(TEXT, finish_reason="length"), "cut"),
        (Reply(TEXT, drop_after=2), "ModelConnectionError"),
        (Reply(TEXT, cut_after=2), "cut"),
        (Reply(status=429), "ModelRateLimitError"),
        (Reply(TEXT, finish_reason="gone"), "UnknownFinish"),
    ],
)
async def test_an_answer_is_counted_once_however_it_ends(reply, end):
    async with site(reply) as client:
        response = await client.post("/chat", json=ASK)
        if location := response.headers.get("location"):
            await client.get(f"/{location}")  # to read it again is not to ask again
            await client.delete(f"/{location}")
        found = await numbers(client)
    assert ends(found) == {end: 1}
    assert found["chat_streams_open",] == 0
    durations = {
        dict(key[1:])["error_type"]: value
        for key, value in found.items()
        if key[0] == "gen_ai_client_operation_duration_seconds_count"
    }
    assert durations == {"" if end in ("done", "cut") else end: 1}


async def test_an_answer_that_is_stopped_is_counted_as_stopped():
    async with site(STALLED) as client:
        name = await client.chat.begin("Hi", SESSION)
        assert (await numbers(client))["chat_streams_open",] == 1
        for _ in range(2):
            await client.delete(f"/chat/{name}")
        found = await numbers(client)
    assert ends(found) == {"stopped": 1}
    assert found["chat_streams_open",] == 0


async def test_an_answer_that_its_readers_left_is_counted_as_left():
    async with site(STALLED, grace=0.02) as client:
        name = await client.chat.begin("Hi", SESSION)
        events = await client.chat.body(SESSION, name)
        await anext(events)
        await events.aclose()
        await asyncio.to_thread(client.model.wait_closed)
        assert ends(await numbers(client)) == {"left": 1}


async def test_an_answer_that_the_server_ended_is_counted_so():
    async with site(STALLED) as client:
        await client.chat.begin("Hi", SESSION)
        await client.chat.end()
        assert ends(await numbers(client)) == {"ServerShutdown": 1}


async def test_times_and_tokens_are_told_by_the_conventions_names():
    async with site() as client:
        await client.post("/chat", json=ASK)
        found = await numbers(client)
    who = (
        ("gen_ai_operation_name", "chat"),
        ("gen_ai_provider_name", "fake"),
        ("gen_ai_request_model", "fake"),
    )
    operation = "gen_ai_client_operation"
    assert found[f"{operation}_time_to_first_chunk_seconds_count", *who] == 1
    assert found[f"{operation}_time_per_output_chunk_seconds_count", *who] == 5
    for kind in ("input", "output"):
        billed = ("gen_ai_token_type", kind)
        assert found["gen_ai_client_token_usage_sum", *who, billed] > 0


async def test_no_label_says_who_or_what():
    async with site() as client:
        response = await client.post("/chat", json={"text": "secret question"})
        page = (await client.get("/metrics")).text
    for part in ("secret", SESSION, response.headers["location"][5:11], "One"):
        assert part not in page


async def test_it_is_told_how_many_answers_the_cache_gave():
    app = create(settings())
    async with client_of(app, SESSION) as client:
        for text in ("Hi", "Hi", "Ho", "Hi"):
            await client.post("/chat", json={"text": text})
        found = await numbers(client)
    told = {key[1]: n for key, n in found.items() if key[0].startswith("chat_cache")}
    assert told == {("answered_by", "model"): 2, ("answered_by", "cache"): 2}
