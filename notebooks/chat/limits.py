"""Refuse early what is too big, too often, or too much at once."""

import time
from typing import Any

from fastapi import HTTPException
from limits import parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.problems import problem
from chat.settings import Settings

# The strategies of `limits` share their keys: after a change of strategy a live Redis
# answers WRONGTYPE, so its name is part of ours.
STRATEGY = "moving-window"
TIMEOUT = 0.5  # real seconds that a question waits for Redis


def storage(redis: str | None) -> Storage:
    """Where hits are counted; the default client for an async Redis is another one."""
    if redis is None:
        return MemoryStorage()
    client: dict[str, Any] = {
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "retry": Retry(ConstantBackoff(0.05), 1),  # by default it tries for longer
    }
    where = f"async+{redis}"
    return RedisStorage(where, wrap_exceptions=True, implementation="redispy", **client)


class Limits:
    """How many answers there are at once, and how often one address asks."""

    def __init__(self, settings: Settings) -> None:
        self.open = 0
        self._most = settings.max_streams
        self._rate = parse(settings.rate)
        self._limiter = MovingWindowRateLimiter(storage(settings.redis))

    async def admit(self, address: str) -> None:
        """Let a question in, or raise the status that refuses it."""
        wait = await self._wait(address)
        if wait is not None:
            raise HTTPException(
                429, f"At most {self._rate} from one address.", {"Retry-After": wait}
            )
        self.room()  # last: nothing else runs before it is counted

    def room(self) -> None:
        """Raise the status that refuses one answer more, if there are too many."""
        if self.open >= self._most:
            raise HTTPException(
                503, "Too many answers at once: ask again soon.", {"Retry-After": "2"}
            )

    async def _wait(self, address: str) -> str | None:
        """Seconds until the next question, if this one is too many."""
        try:
            if await self._limiter.hit(self._rate, STRATEGY, address):
                return None
            window = await self._limiter.get_window_stats(self._rate, STRATEGY, address)
        except StorageError:  # a limit that is away limits nobody
            return None
        return str(max(1, round(window.reset_time - time.time())))


class BodyLimit:
    """An ASGI middleware: uvicorn and Starlette read a body of any size.

    It believes a `Content-Length` that is too high, and counts whatever one says.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or len(told) > 15 or int(told) > self.limit:
            await self._refuse(scope, receive, send)
            return
        seen, answered = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise TooLarge
            return message

        async def sent(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, counted, sent)
        except TooLarge:
            if not answered:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = problem(413, f"A request has at most {self.limit} bytes.")
        await refusal(scope, receive, send)


class TooLarge(BaseException):
    """Not an `Exception`: FastAPI would take it for a body that cannot be parsed."""
