"""A server that shuts down waits for its open answers: they end after a grace period.

uvicorn waits until every response is sent, and tells an app of its shutdown only then;
so an open answer looks itself whether its server is to exit. For another server there
is a call to make.

    await end_answers(grace=5)      # where your server tells you that it shuts down
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CORO_SUSPENDED, getcoroutinestate, iscoroutine
from typing import Any
from weakref import WeakKeyDictionary

from course_utils.own_stream.backpressure import outside
from course_utils.own_stream.owned import AsyncOwnedStream

LOOK = 0.2  # real seconds


class ServerShutdown(Exception):
    """The server is to exit, and this answer was not done within its grace."""


class OpenAnswers:
    """The answers that are being served in one event loop."""

    def __init__(self) -> None:
        self._answers: dict[AsyncOwnedStream[Any], float] = {}
        self._ending: dict[AsyncOwnedStream[Any], asyncio.TimerHandle] = {}
        self._watch: asyncio.Task[None] | None = None
        self.none = asyncio.Event()  # is open
        self.none.set()

    def add(self, answer: AsyncOwnedStream[Any], grace: float) -> None:
        """Look after this answer: it may go on for so many seconds of a shutdown."""
        self._answers[answer] = grace
        self.none.clear()
        if self._watch is None and (servers := servers_of_loop()):
            self._watch = asyncio.create_task(self._look(servers), context=outside())

    def remove(self, answer: AsyncOwnedStream[Any]) -> None:
        """It has ended."""
        self._answers.pop(answer, None)
        if handle := self._ending.pop(answer, None):
            handle.cancel()
        if self._answers:
            return
        self.none.set()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def end(self, grace: float | None = None) -> None:
        """End those that are still open after their grace, or after this one."""
        loop = asyncio.get_running_loop()
        for answer, own in self._answers.items():
            if answer not in self._ending:
                seconds = own if grace is None else grace
                fail, error = answer.fail, ServerShutdown("The server shuts down.")
                self._ending[answer] = loop.call_later(seconds, fail, error)

    async def _look(self, servers: list[Any]) -> None:
        while True:
            await asyncio.sleep(LOOK)
            if any(server.should_exit for server in servers):
                self.end()


_open: WeakKeyDictionary[asyncio.AbstractEventLoop, OpenAnswers] = WeakKeyDictionary()


def open_answers() -> OpenAnswers:
    """Those of the running event loop."""
    return _open.setdefault(asyncio.get_running_loop(), OpenAnswers())


@contextmanager
def ends_with_server(answer: AsyncOwnedStream[Any], grace: float) -> Iterator[None]:
    """While this answer is served, a shutdown leaves it so many real seconds."""
    answers = open_answers()
    answers.add(answer, grace)
    try:
        yield
    finally:
        answers.remove(answer)


async def end_answers(grace: float = 5.0) -> None:
    """End every answer that `sse_response` serves in this event loop, honestly.

    Each may go on for a while, and then ends with an `error` event. For servers other
    than uvicorn, whose shutdown is noticed by itself: call it where they tell you that
    they are about to exit.

    Args:
        grace: Real seconds that an answer still has.
    """
    answers = open_answers()
    answers.end(grace)
    await answers.none.wait()


def servers_of_loop() -> list[Any]:
    """The uvicorn servers that run in this event loop; they tell an app nothing."""
    uvicorn = sys.modules.get("uvicorn.server")
    if uvicorn is None:
        return []
    owners = [one for task in asyncio.all_tasks() for one in _owners(task.get_coro())]
    return [one for one in owners if isinstance(one, uvicorn.Server)]


def _owners(coroutine: Any) -> Iterator[Any]:
    """Whose methods a task waits in, from the outermost on.

    Only what waits is looked into: another task's frame crashed Python 3.12.1.
    """
    while iscoroutine(coroutine) and getcoroutinestate(coroutine) == CORO_SUSPENDED:
        if coroutine.cr_frame is not None:
            yield coroutine.cr_frame.f_locals.get("self")
        coroutine = coroutine.cr_await
