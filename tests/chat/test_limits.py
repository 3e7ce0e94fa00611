"""What is too big, too often or too much is refused before a model is asked."""

import asyncio

import pytest
from pydantic import ValidationError

from chat.limits import BodyLimit
from chat.settings import Settings
from course_utils.fake import Reply
from tests.chat.site import SESSION, TEXT, events_in, settings, site, text_in

ASK = {"text": "Hi"}


async def chunks(count):
    for _ in range(count):
        yield b"x" * 1000


async def test_a_body_that_says_it_is_too_big_is_refused():
    async with site(max_body=2000) as client:
        response = await client.post("/chat", content=b"x" * 2001)
        assert response.status_code == 413
        assert client.model.log == []


async def test_a_body_without_a_length_is_counted():
    async with site(max_body=2000) as client:
        response = await client.post("/chat", content=chunks(3))
        assert response.status_code == 413
        assert client.model.log == []


@pytest.mark.parametrize("length", [b"5", b"0", b"2000"])
async def test_a_body_that_lies_about_its_length_is_counted(length):
    headers = [(b"content-length", length), (b"content-type", b"application/json")]
    sent = await asgi(headers, [b"x" * 1500, b"x" * 1500], limit=2000)
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("length", [b"", b"-1", b"9" * 5000, b"1e3", "٣".encode()])
async def test_a_length_that_is_none_is_refused(length):
    sent = await asgi([(b"content-length", length)], [b"x"], limit=2000)
    assert sent[0]["status"] == 413


async def asgi(headers, parts, limit):
    """What the middleware around a reader of bodies sends back."""
    sent, left = [], list(parts)

    async def receive():
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    async def app(scope, receive, send):
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})

    scope = {"type": "http", "method": "POST", "headers": headers}
    await BodyLimit(app, limit)(scope, receive, send)
    return sent


async def test_a_body_at_the_limit_passes():
    async with site(max_body=2000) as client:
        body = b'{"text": "Hi"}'.ljust(2000)
        headers = {"Content-Type": "application/json"}
        response = await client.post("/chat", content=body, headers=headers)
    assert text_in(events_in(response)) == TEXT


async def test_who_asks_too_often_is_told_when_to_come_back():
    async with site(rate="2/minute") as client:
        answers = [await client.post("/chat", json=ASK) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert len(client.model.log) == 2


async def test_a_limit_whose_store_is_away_limits_nobody():
    async with site(rate="1/minute", redis="redis://127.0.0.1:9") as client:
        answers = [await client.post("/chat", json=ASK) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3


async def test_no_more_answers_at_once_than_the_limit():
    async with site(Reply(TEXT, stall_after=2), max_streams=2, rate="9/hour") as client:
        names = [await client.chat.begin("Hi", SESSION) for _ in range(2)]
        refused = await client.post("/chat", json=ASK)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        await client.delete(f"/chat/{names[0]}")
        assert client.chat.limits.open == 1


async def test_many_who_ask_at_once_do_not_slip_through():
    reply = Reply(TEXT, stall_after=1)
    async with site(reply, max_streams=3, refuse_within=0) as client:
        asking = [asyncio.create_task(client.post("/chat", json=ASK)) for _ in range(9)]
        while sum(task.done() for task in asking) < 6:  # those that are refused
            await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED, timeout=0.1)
        assert client.chat.limits.open == 3
        await client.chat.end()
        answers = await asyncio.gather(*asking)
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [503] * 6


async def test_an_answer_that_never_began_takes_no_place():
    async with site() as client:

        def broken(text):
            raise RuntimeError(text)

        client.chat.ask = broken
        response = await client.post("/chat", json=ASK)
        assert response.status_code == 500
        assert client.chat.limits.open == 0


def test_a_misspelt_setting_is_refused_at_the_door(monkeypatch):
    monkeypatch.setenv("CHAT_MODLE", "fake")
    with pytest.raises(ValidationError, match="no setting CHAT_MODLE"):
        Settings()
    with pytest.raises(ValidationError):
        settings(modle="fake")


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("CHAT_MAX_STREAMS", "7")
    assert Settings().max_streams == 7
