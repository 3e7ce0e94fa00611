"""The chat behind its routes: answers begin, are followed, stopped, and drained."""

import asyncio
import logging
from collections.abc import AsyncGenerator

from chat.limits import Limits
from chat.metrics import Metrics, Watched
from chat.models import Ask, asking
from chat.sessions import name_for, opens, thread, thread_of
from chat.settings import Settings
from course_utils import ReplayBuffer, own_stream, sse_events
from course_utils.clock import Clock
from course_utils.serving import Event, Replay, error_event

log = logging.getLogger("chat")

GOING = error_event("ServerShutdown", "The server shuts down. Ask again.")


class Chat:
    """What one process keeps for all requests."""

    def __init__(self, settings: Settings, ask: Ask | None = None) -> None:
        self.settings = settings
        self.ask = ask or asking(settings)
        self.limits = Limits(settings)
        self.metrics = Metrics(settings.model)
        self.closing = False
        self.replay: Replay = ReplayBuffer(
            settings.grace, settings.keep, clock=Clock(1.0)
        )
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, question: str, session: str) -> str:
        """Ask the model; the answer's name, by which this session follows it."""
        thread.set(thread_of(session))
        events = sse_events(self.ask(question), note=note)
        name = name_for(session)
        watched = Watched(self.metrics, name)
        self.limits.open += 1

        def ended(last: Event) -> None:
            self.limits.open -= 1
            watched.ended(last)

        return await self.replay.start(watched.events(events), name=name, ended=ended)

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

    async def follow(
        self, session: str, name: str, after: int = 0
    ) -> AsyncGenerator[Event, None] | None:
        """The rest of an answer; None if there is none for this session."""
        return await self.replay.follow(name, after) if opens(session, name) else None

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

    async def end(self) -> None:
        """Tell every reader that the server goes away."""
        self.closing = True
        await self.replay.end_all(GOING)


def note(error: Exception) -> None:
    """Log which error it was; its text may quote the question."""
    log.warning("A stream broke: %s", type(error).__name__)
