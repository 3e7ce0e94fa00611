"""The chat in this process, asked without a socket, and what it says."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from chat.app import create
from chat.settings import Settings
from course_utils.serving import Event, read_sse
from tests.support.watched import WatchedModel

TEXT = "One two three four five."
QUICK: dict[str, Any] = {"per_token": 0, "rate": "100000/second"}
SESSION = "a" * 22
OTHER = "b" * 22


def settings(**more: Any) -> Settings:
    return Settings(**QUICK | more)


@asynccontextmanager
async def site(replies: Any = TEXT, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app whose model answers so; `client.chat` is its inside."""
    model = WatchedModel(replies=replies)
    app = create(settings(**more), model.astream)
    client = client_of(app, SESSION)
    client.chat, client.model, client.app = app.state.chat, model, app  # type: ignore[attr-defined]
    async with client:
        yield client
        await app.state.chat.end()


def client_of(app: Any, session: str) -> httpx.AsyncClient:
    cookies = {"chat_session": session} if session else {}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(
        transport=transport, base_url="http://chat.test", cookies=cookies
    )


def events_in(response: httpx.Response) -> list[Event]:
    return list(read_sse(response.text.split("\n")))


def text_in(events: list[Event]) -> str:
    return "".join(json.loads(e.data)["text"] for e in events if e.event == "text")


def last_in(response: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The last event and its fields."""
    last = events_in(response)[-1]
    return last.event, json.loads(last.data)
