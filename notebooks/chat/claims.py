"""Who goes on with a run that waits for a person: one worker, once.

A claim is a name that only one can take. Between workers it is a key in Redis, which
its worker keeps alive; if the worker dies, the key goes by itself.

    if await claims.take(thread): ...; await claims.release(thread)
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError

from course_utils.serving import LAST, Event, ReplayAway

KEY = "course-claim:"
TIMEOUT = 0.5  # real seconds that an answer waits for Redis
BEATS = 3  # in the time after which a silent worker counts as gone
# In one step, or another worker's claim could come between the look and the deed.
IF_OURS = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call({}) end"
FREE = IF_OURS.format("'del', KEYS[1]")
KEEP = IF_OURS.format("'pexpire', KEYS[1], ARGV[2]")


class Claims:
    """The runs that this process goes on with.

    Args:
        redis: What several workers share; None: there is only this one.
        alive: Real seconds without a sign of life after which a claim is void.
    """

    def __init__(self, redis: str | None, alive: float) -> None:
        self._redis: Any = client_of(redis) if redis else None
        self._alive = alive
        self._life = round(alive * 1000)  # of a key, in milliseconds
        self._mine: dict[str, str] = {}  # a random word for each thread
        self._tasks: set[asyncio.Task[None]] = set()
        self._beating: asyncio.Task[None] | None = None

    def __contains__(self, thread: str) -> bool:
        return thread in self._mine

    async def take(self, thread: str) -> bool:
        """Whether this process is the one that goes on.

        Raises:
            ReplayAway: Redis is away, and nobody knows who else goes on.
        """
        if thread in self._mine:
            return False
        self._mine[thread] = word = secrets.token_hex(8)
        taken = False
        try:
            taken = self._redis is None or await self._set(thread, word)
        except RedisError as error:
            raise ReplayAway("Where it is noted who goes on is away.") from error
        finally:
            if not taken:
                self._mine.pop(thread, None)
        if self._redis is not None and self._beating is None:
            self._beating = self._spawn(self._beat())
        return taken

    async def _set(self, thread: str, word: str) -> bool:
        if await self._redis.set(KEY + thread, word, nx=True, px=self._life):
            return True
        return bool(await self._redis.get(KEY + thread) == word)  # heard only twice

    async def release(self, thread: str) -> None:
        """The run waits again, or has ended."""
        word = self._mine.pop(thread, None)
        if word and self._redis is not None:
            with suppress(RedisError):  # then it goes by itself
                await self._redis.eval(FREE, 1, KEY + thread, word)

    def release_soon(self, thread: str) -> None:
        """The same, from where nothing can be waited for."""
        if thread in self._mine:
            self._spawn(self.release(thread))

    async def until_the_end(
        self, thread: str, events: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[Event, None]:
        """These events; who reads the last may answer the run again at once."""
        async with aclosing(events):
            async for event in events:
                if event.event in LAST:
                    await self.release(thread)
                yield event

    async def _beat(self) -> None:
        """Keep what is ours alive."""
        while True:
            await asyncio.sleep(self._alive / BEATS)
            with suppress(RedisError):
                for thread, word in list(self._mine.items()):
                    await self._redis.eval(KEEP, 1, KEY + thread, word, self._life)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Release what is left, and let go of Redis: the last call."""
        for thread in list(self._mine):
            await self.release(thread)
        for task in self._tasks:
            task.cancel()
        self._beating = None
        if self._redis is not None:
            await self._redis.aclose()


def client_of(redis: str) -> Any:
    """A client that tries again once: Redis may have been restarted."""
    return Redis.from_url(
        redis,
        decode_responses=True,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(ConstantBackoff(0.05), 1),
    )
