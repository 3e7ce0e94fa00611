"""A chat's bad day: what nine readers see, what is billed, and how each is told.

Two workers share one store, as they would share Redis. The provider breaks and cuts,
lines break, readers stop and leave, the store is away and a worker is killed; each time
it is counted what the reader saw, what was billed, whether the model stopped, and what
was told.

    await bad_day(Chat)
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.fake.reply import Reply
from course_utils.lessons.scenes import until
from course_utils.plots.table import Table, table
from course_utils.serving.answer_events import error_event
from course_utils.serving.replay import (
    LAST,
    LOST,
    ReplayAway,
    ReplayBuffer,
    position_of,
)
from course_utils.serving.replay.record import Record
from course_utils.serving.sse import Event
from course_utils.tokens import pieces

TEXT = "One two three four five six seven eight nine ten."
STALLS = Reply(TEXT, stall_after=5)
UNKNOWN = "last-week"
OVER = error_event("Over", "The day is over.")
MODEL = {"finished": "ended", "closed by reader": "stopped", "running": "runs on"}

Builder = Callable[[Any, Any], Any]


class Store(ReplayBuffer):
    """Where all workers find an answer: in one process, what Redis is for many."""

    away = False

    def _found(self, name: str, after: int) -> Record | None:
        """What `follow` and `body` read, unless no worker can reach the store now."""
        if self.away:
            raise ReplayAway("The store cannot be reached now: try again soon.")
        return super()._found(name, after)

    def kill(self) -> None:
        """The worker that makes the answers is gone, and its models with it."""
        for record in self._records.values():
            record.end(LOST)


@dataclass(frozen=True)
class Outcome:
    """What came of one answer.

    Attributes:
        text: What its reader saw.
        billed: Tokens that the provider sent.
        model: How the model's last call stands: ended, stopped, broke, runs on.
        last_event: The last event that the reader got; empty if there was none.
        counted: How often the workers' metrics counted each end.
        error: What the chat raised, if anything.
    """

    text: str
    billed: int
    model: str
    last_event: str
    counted: Counter[str]
    error: Exception | None = None

    @property
    def seen(self) -> str:
        """How much of the answer the reader saw, in words."""
        if self.text == TEXT:
            return "all"
        if not TEXT.startswith(self.text):
            return "some of it twice"
        return f"the first {len(pieces(self.text))}" if self.text else "nothing"


class Scene:
    """One answer, the two workers that may serve it, and its reader."""

    def __init__(self, build: Builder, reply: Any) -> None:
        self.model = FakeStreamingChatModel(reply, per_token=0.02)
        self.store = Store(grace=0.5)
        self.workers = [build(self.model.astream, self.store) for _ in range(2)]
        self.name = ""
        self.events: list[Event] = []
        self.error: Exception | None = None
        self.reading: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """A reader asks the first worker."""
        self.name = await self.workers[0].start("Why?")

    async def read(self, worker: int = 0, texts: int = 0) -> None:
        """Read on after the last event, to the end or until so many texts are there."""
        after = max(position_of(self.events[-1].id)[1], 0) if self.events else 0
        async with aclosing(self.workers[worker].read(self.name, after)) as events:
            async for event in events:
                self.events.append(event)
                if texts and self.texts >= texts:
                    return

    @property
    def texts(self) -> int:
        """How many events of text have come."""
        return sum(event.event == "text" for event in self.events)

    @property
    def last_event(self) -> str:
        """The event that ended the answer; empty if none has come."""
        last = self.events[-1].event if self.events else ""
        return last if last in LAST else ""

    def go_on(self, worker: int = 0) -> asyncio.Task[None]:
        """The same, in the background."""
        self.reading = asyncio.create_task(self.read(worker))
        return self.reading

    async def leave(self) -> None:
        """The reader's line is gone."""
        if self.reading is not None:
            self.reading.cancel()
            await asyncio.gather(self.reading, return_exceptions=True)

    async def outcome(self) -> Outcome:
        """What came of it, when the model has had time to stop."""
        await until(lambda: all(call.outcome != "running" for call in self.model.log))
        calls = self.model.log
        state = MODEL.get(calls[-1].outcome, "broke") if calls else "not asked"
        return Outcome(
            "".join(_text(event) for event in self.events),
            sum(call.tokens_sent for call in calls),
            state,
            self.last_event,
            sum((Counter(worker.ends) for worker in self.workers), Counter()),
            self.error,
        )


def _text(event: Event) -> str:
    return str(json.loads(event.data)["text"]) if event.event == "text" else ""


async def _to_the_end(scene: Scene) -> None:
    await until(scene.go_on().done)


async def _comes_back(scene: Scene) -> None:
    await scene.read(texts=4)
    await until(scene.go_on(worker=1).done)


async def _store_away(scene: Scene) -> None:
    """The first try to come back meets a store that is away: a route says 503."""
    await scene.read(texts=4)
    scene.store.away = True
    with suppress(ReplayAway):
        await scene.read(worker=1)
    scene.store.away = False
    if not scene.last_event:
        await until(scene.go_on(worker=1).done)


async def _silence(scene: Scene) -> None:
    """The reader has five tokens, and the model is silent."""
    reading = scene.go_on()
    await until(lambda: scene.texts >= 5 or reading.done())


async def _stopped_elsewhere(scene: Scene) -> None:
    await _silence(scene)
    await scene.workers[1].stop(scene.name)
    if scene.reading is not None:
        await until(scene.reading.done)


async def _leaves_for_good(scene: Scene) -> None:
    await _silence(scene)
    await scene.leave()


async def _worker_dies(scene: Scene) -> None:
    await _silence(scene)
    await scene.leave()
    scene.store.kill()
    await until(scene.go_on(worker=1).done)


async def _old_bookmark(scene: Scene) -> None:
    scene.name = UNKNOWN
    await until(scene.go_on(worker=1).done)


Act = Callable[[Scene], Awaitable[None]]
DAY: dict[str, tuple[Reply, Act]] = {
    "all is well": (Reply(TEXT), _to_the_end),
    "the provider breaks off": (Reply(TEXT, drop_after=5), _to_the_end),
    "the provider just ends": (Reply(TEXT, cut_after=5), _to_the_end),
    "the line breaks and the reader returns": (Reply(TEXT), _comes_back),
    "the store is away and the reader tries again": (Reply(TEXT), _store_away),
    "Stop is pressed in another tab": (STALLS, _stopped_elsewhere),
    "the reader leaves for good": (STALLS, _leaves_for_good),
    "the worker is killed": (STALLS, _worker_dies),
    "an answer that is long gone": (Reply(TEXT), _old_bookmark),
}


async def outcome_of(build: Builder, name: str) -> Outcome:
    """What comes of one scene of the day."""
    reply, act = DAY[name]
    scene = Scene(build, reply)
    if act is not _old_bookmark:
        await scene.begin()
    logging.disable()  # a server notes each stream that breaks, here on purpose
    try:
        await _played(scene, act)
        return await scene.outcome()
    finally:
        logging.disable(logging.NOTSET)
        await scene.leave()
        await scene.store.end_all(OVER)


async def _played(scene: Scene, act: Act) -> None:
    """Play it, and keep what the chat raised: its reader's line broke."""
    try:
        await act(scene)
        if scene.reading is not None and scene.reading.done():
            await scene.reading
    except NotImplementedError:
        raise
    except asyncio.CancelledError:
        pass  # the reader left
    except Exception as error:
        scene.error = error


async def bad_day(build: Builder) -> Table:
    """What nine readers of one chat see, pay for and are told, as a table.

    Args:
        build: The chat's class. It is made with `ask`, a function from a question to
            a stream, and the store of all answers, and has `start`, `read`, `stop`
            and `ends`.
    """
    rows = [_row(name, await outcome_of(build, name)) for name in DAY]
    columns = ["what happens", "seen", "billed", "model", "told", "counted"]
    return table(rows, columns=columns, caption="What came of each reader's answer?")


def _row(name: str, outcome: Outcome) -> tuple[str, ...]:
    counted = ", ".join(outcome.counted.elements()) or "–"
    billed = str(outcome.billed)
    last_event = outcome.last_event or "–"
    return name, outcome.seen, billed, outcome.model, last_event, counted
