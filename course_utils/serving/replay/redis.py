"""Answers that outlive their connection, on this process or on any other.

Who asked the model owns the answer, and its readers here follow it in memory. Redis
has a copy for those who come back elsewhere: so a slow Redis slows nobody down, and
one that is away stops no answer. Any Redis from 6.2 on will do, without modules.

    replay = RedisReplay("redis://localhost:6379")     # in every worker
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from course_utils.clock import Clock, course_clock
from course_utils.own_stream.backpressure import outside
from course_utils.own_stream.patience import heeding
from course_utils.serving.replay.entries import Keys, trouble
from course_utils.serving.replay.follower import Follower
from course_utils.serving.replay.protocol import LEFT, ReplayAway, new_name
from course_utils.serving.replay.record import Record
from course_utils.serving.replay.writer import Writer
from course_utils.serving.sse import Event, encoded
from course_utils.serving.wire import sse_body
from course_utils.settings import need, settings

CONNECTIONS = 200  # of readers that follow answers of other processes
AGAIN = 0.05  # real seconds
TIMEOUT = 1.0  # real seconds for one answer of Redis


@settings()
class RedisReplay:
    """Keeps answers for readers of every process that reaches this Redis.

    An answer that was begun in one process is followed in another, where its events
    come five times a second, and stopped from there. If its owner is gone, its readers
    are told `error`, with `StreamLost`; an owner that only was frozen hears of it and
    stops its model.

    Args:
        redis: The server's address, `redis://host:port/0`.
        grace: Seconds an answer goes on while nobody follows it, anywhere.
        keep: Seconds it is kept after its end.
        alive: Real seconds without a sign of life after which an owner counts as gone.
        prefix: What the names of the keys begin with.
        clock: What measures `grace` and `keep`.
    """

    def __init__(
        self,
        redis: str,
        *,
        grace: float = 10.0,
        keep: float = 60.0,
        alive: float = 2.0,
        prefix: str = "course-replay:",
        clock: Clock = course_clock,
    ) -> None:
        need("RedisReplay", "redis", "redis")
        self.grace = clock.real(grace)
        self.keep = clock.real(keep)
        self._keys = Keys(prefix)
        self._reading = reading_client(redis)
        self._following = Follower(
            self._reading, self._keys, alive, self.keep, self.grace
        )
        self._writing = writing_client(redis, lambda: self._writer.connected())
        self._writer = Writer(self._writing, self._keys, alive, self.keep)
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"RedisReplay({len(self._writer.copies)} own)"  # no password

    @property
    def away(self) -> bool:
        """Whether Redis did not answer the last time."""
        return self._writer.away

    async def start(
        self,
        events: AsyncGenerator[Event, None],
        *,
        name: str = "",
        ended: Callable[[Event], None] | None = None,
    ) -> str:
        """Begin an answer, which goes on without its readers; its name.

        Args:
            events: What it says, as `sse_events` gives it.
            name: What it shall be called; by default something nobody guesses.
            ended: Told the last event, once, whichever way the answer ended.
        """
        if not self._tasks:
            self._spawn(self._writer.run())
            self._spawn(self._writer.listen(self._reading))
        record = Record(
            name or new_name(),
            self.grace,
            ended=ended,
            left=lambda record: self._spawn(self._left(record)),
            changed=self._writer.wake,
        )
        self._writer.add(record)
        record.begin(events)
        record.task.add_done_callback(lambda task: self._forget_later(record.name))
        return record.name

    async def follow(
        self, name: str, after: int = 0
    ) -> AsyncGenerator[Event, None] | None:
        """The events after this number, then as they come; None: no such answer.

        Raises:
            ReplayAway: It is not from here, and Redis is away.
        """
        if not await self._has(name, after):
            return None
        if copy := self._writer.copies.get(name):
            return copy.record.follow(after)
        return self._following.follow(name, after)

    async def body(
        self, name: str, after: int = 0, heartbeat: float = 15.0
    ) -> AsyncGenerator[str, None] | None:
        """The same as the text of a response, with a comment in each silence."""
        if not await self._has(name, after):
            return None
        if copy := self._writer.copies.get(name):
            return encoded(copy.record.follow(after, heartbeat))
        return sse_body(self._following.follow(name, after), heartbeat)

    async def _has(self, name: str, after: int) -> bool:
        """Whether there is such an answer, here or elsewhere."""
        if after < 0 or name in self._writer.copies:
            return after >= 0
        await self._asked(self._following.mark(name))
        return bool(await self._asked(self._following.exists(name)))

    async def stop(self, name: str) -> bool:
        """Stop an answer, whose last event is then `stopped`; False: no such answer.

        Raises:
            ReplayAway: It is not from here, and Redis is away.
        """
        if name in self._writer.copies:
            self._writer.stop([name])
            return True
        if not await self._asked(self._following.exists(name)):
            return False
        await self._asked(self._ask_to_stop(name))
        return True

    async def _ask_to_stop(self, name: str) -> None:
        """Its owner hears it now; if it does not, it finds the key at its next beat."""
        life = max(1, round(self.keep * 1000))
        await self._reading.set(self._keys.stop(name), "1", px=life)
        await self._reading.publish(self._keys.stops, name)

    async def _asked(self, answer: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await heeding(answer)
        except trouble() as error:
            raise ReplayAway("Where answers are kept is away.") from error

    async def end_all(self, why: Event) -> None:
        """End all answers that are not whole with this event; wait for their models."""
        records = [copy.record for copy in self._writer.copies.values()]
        for record in records:
            record.end(why)
        if records:
            await asyncio.wait([record.task for record in records])
            await self._writer.flush()

    async def aclose(self) -> None:
        """Let go of all that is open: the last call."""
        while self._tasks:  # redis swallows a cancellation while it connects
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=AGAIN)
        for copy in self._writer.copies.values():
            copy.record.task.cancel()
        await self._reading.aclose()
        await self._writing.aclose()

    # Of its own

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, context=outside())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _left(self, record: Record) -> None:
        """Nobody follows it here: end it, unless somebody follows it elsewhere."""
        try:
            read = await self._reading.exists(self._keys.read(record.name))
        except trouble():
            read = True  # they may wait for Redis, too
        if read:
            record.wait_for_followers()
        else:
            record.end(LEFT)

    def _forget_later(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self.keep, self._writer.copies.pop, name, None)


def reading_client(redis: str) -> Any:
    """A client for readers, which tries again once: Redis may have been restarted."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import ConstantBackoff

    return Redis.from_url(
        redis,
        decode_responses=True,
        max_connections=CONNECTIONS,
        retry=Retry(ConstantBackoff(0.05), 1),
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
    )


def writing_client(redis: str, connected: Callable[[], None]) -> Any:
    """A client that tries nothing twice, and says when it has a new connection."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    async def connect(connection: Any) -> None:
        await connection.on_connect()
        connected()

    return Redis.from_url(
        redis,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        redis_connect_func=connect,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
    )
