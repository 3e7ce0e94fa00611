"""The chat behind its routes: answers begin, are followed, stopped, and drained."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any

from chat.claims import Claims
from chat.limits import Limits
from chat.metrics import Metrics, Watched
from chat.models import Agent, Ask, asking
from chat.sessions import name_for, opens, thread_of
from chat.settings import Settings
from course_utils import RedisReplay, ReplayBuffer, own_stream, sse_events
from course_utils.clock import Clock
from course_utils.serving import Event, Replay, error_event

log = logging.getLogger("chat")

GOING = error_event("ServerShutdown", "The server shuts down. Ask again.")


def replay_of(settings: Settings) -> Replay:
    """Where answers are kept: in this process, or where every worker finds them."""
    times: dict[str, Any] = {"grace": settings.grace, "keep": settings.keep}
    if settings.redis is None:
        return ReplayBuffer(**times, clock=Clock(1.0))
    return RedisReplay(settings.redis, **times, alive=settings.alive, clock=Clock(1.0))


class Chat:
    """What one process keeps for all requests."""

    def __init__(self, settings: Settings, ask: Ask | Agent | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics(settings.model)
        self.ask = ask or asking(settings, self.metrics.answered)
        self.limits = Limits(settings)
        self.closing = False
        self.replay = replay = replay_of(settings)
        if isinstance(replay, RedisReplay):
            self.metrics.watch_redis(lambda: replay.away)
        self._tasks: set[asyncio.Task[None]] = set()
        self.claims = Claims(settings.redis, settings.alive)

    async def begin(self, question: str, session: str) -> str:
        """Ask the model; the answer's name, by which this session follows it."""
        name = name_for(session)
        if isinstance(self.ask, Agent):
            stream = self.ask.ask(question, thread_of(name))
        else:
            stream = self.ask(question)
        return await self._start(stream, name)

    async def go_on(self, paused: str, value: Any, session: str) -> str | None:
        """Answer a run that waits for a person; None if it does not wait, or no more.

        What it says then is an answer of its own, whose name this returns. Of two who
        answer, here or at two workers, one goes on.
        """
        thread = thread_of(paused)
        if not isinstance(self.ask, Agent) or not await self.claims.take(thread):
            return None
        name = None
        try:
            if await self.ask.waits(thread):  # asked by who has the claim
                self.limits.room()  # others may have begun since it was let in
                stream = self.ask.go_on(value, thread)
                name = await self._start(stream, name_for(session, thread))
        finally:
            if name is None:
                await self.claims.release(thread)
        return name

    async def _start(self, stream: AsyncIterable[Any], name: str) -> str:
        watched, thread = Watched(self.metrics, name), thread_of(name)
        events = watched.events(sse_events(stream, note=note))
        if thread in self.claims:
            events = self.claims.until_the_end(thread, events)
        self.limits.open += 1

        def ended(last: Event) -> None:
            self.limits.open -= 1
            self.claims.release_soon(thread)
            watched.ended(last)

        return await self.replay.start(events, name=name, ended=ended)

    async def refusal(self, name: str) -> Event | None:
        """The error with which an answer began, if one came before any text."""
        events = await self.replay.follow(name)
        if events is None:
            return None
        async with own_stream(events) as owned:
            try:
                first = await owned.get(self.settings.refuse_within)
            except StopAsyncIteration:
                return None
        return first if first is not None and first.event == "error" else None

    async def body(
        self, session: str, name: str, after: int = 0
    ) -> AsyncGenerator[str, None] | None:
        """The rest of an answer as a body; None if there is none for this session."""
        if not opens(session, name):
            return None
        return await self.replay.body(name, after, self.settings.heartbeat)

    async def stop(self, session: str, name: str) -> bool:
        """Stop an answer; False if there is none for this session."""
        return opens(session, name) and await self.replay.stop(name)

    def drain(self) -> None:
        """Take no more questions; answers that are open get their time, then an end."""
        if not self.closing:
            self.closing = True
            loop = asyncio.get_running_loop()
            loop.call_later(self.settings.drain, self._end_soon)

    def _end_soon(self) -> None:
        task = asyncio.create_task(self.end())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End what is open, and let go of Redis: the last call."""
        await self.end()
        await self.claims.aclose()
        await self.replay.aclose()

    async def end(self) -> None:
        """Tell every reader that the server goes away."""
        self.closing = True
        await self.replay.end_all(GOING)


def note(error: Exception) -> None:
    """Log which error it was; its text may quote the question."""
    log.warning("A stream broke: %s", type(error).__name__)
