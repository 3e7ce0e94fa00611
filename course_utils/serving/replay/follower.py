"""A reader of an answer that another process makes: from Redis, until its honest end.

If the owner gives no sign of life, the answer is declared lost, for every reader and
for its owner. While Redis is away, the reader waits for it, but not for ever.

    events = Follower(client, keys, alive=2, keep=60, grace=10).follow("abc", after=7)
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from course_utils.own_stream.patience import heeding
from course_utils.serving.answer_events import error_event
from course_utils.serving.replay.entries import (
    LOST_ID,
    Entry,
    Keys,
    entry_of,
    fields_of,
    trouble,
)
from course_utils.serving.replay.protocol import LAST, LOST
from course_utils.serving.sse import Event

LOOKS = 4  # in the time after which a silent worker counts as gone
SOON = 0.02  # real seconds; until then its first event is in Redis
LONGEST_LOOK = 0.5  # real seconds; shorter than Redis may take to answer
PATIENCE = 15.0  # real seconds with a Redis that is away
AWAY = error_event("ReplayAway", "Where answers are kept is away. Ask again.")


@dataclass
class Place:
    """How far a reader has come in an answer."""

    name: str
    position: int  # the number of the last event it has
    last: str  # the id of the last entry it has seen
    worker: str = ""  # who makes the answer
    silent: int = 0  # looks without a sign of life
    marked: float = -inf  # when its owner was last told of it, by the event loop
    ended: bool = False

    def take(self, entry: Entry) -> list[Event]:
        """What is new in this entry."""
        self.last, self.silent = entry.id, 0
        self.worker = entry.worker or self.worker
        if entry.id == LOST_ID:
            self.ended = True  # even a reader who had more than Redis is told so
            return [replace(LOST, id=f"{self.name}.{self.position + 1}")]
        if entry.first > self.position + 1:
            return []  # Redis lost what came before: soon it gets all of it again
        self.ended = is_last(entry)
        new = entry.events[self.position + 1 - entry.first :]
        self.position += len(new)
        return new


def is_last(entry: Entry) -> bool:
    """Whether nothing comes after it."""
    return bool(entry.events) and entry.events[-1].event in LAST


class Follower:
    """Reads answers of other processes.

    Args:
        client: Of Redis, asyncio.
        keys: The names of the keys.
        alive: Real seconds without a sign of life after which a worker counts as gone.
        keep: Real seconds an answer is kept after its end.
        grace: Real seconds an answer goes on for a reader who may come back.
    """

    def __init__(
        self, client: Any, keys: Keys, alive: float, keep: float, grace: float
    ) -> None:
        self._client = client
        self._keys = keys
        self._keep = max(1, round(keep * 1000))
        self._pause = min(alive / LOOKS, LONGEST_LOOK)
        self._mark = round((grace + 3 * self._pause) * 1000)

    async def mark(self, name: str) -> None:
        """Tell the owner that somebody reads here."""
        batch = self._client.pipeline(transaction=False)
        batch.set(self._keys.read(name), "1", px=self._mark)
        batch.publish(self._keys.reads, name)
        await batch.execute()

    async def exists(self, name: str) -> bool:
        """Whether there is such an answer: one that Redis forgot soon comes again."""
        for pause in (0.0, SOON, *[self._pause] * (LOOKS - 1)):
            await asyncio.sleep(pause)
            if await self._client.exists(self._keys.answer(name)):
                return True
        return False

    async def follow(self, name: str, after: int) -> AsyncGenerator[Event, None]:
        """The events after this number, then as they come."""
        place = Place(name, after, f"1-{after}")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not place.ended:
            entries: list[Entry] = []
            try:
                entries = await heeding(self._look(place))
                deadline = loop.time() + PATIENCE
            except trouble():
                if loop.time() > deadline:
                    yield replace(AWAY, id=f"{name}.{place.position + 1}")
                    return
                await asyncio.sleep(self._pause)
            for entry in entries:
                for event in place.take(entry):
                    yield event
                if place.ended:
                    return

    async def _look(self, place: Place) -> list[Entry]:
        """The entries that have come; after a silence, see whether anybody is there."""
        key = self._keys.answer(place.name)
        await self._mark_if_due(place)
        if not place.worker:
            await self._find_owner(place, key)
        if place.ended:
            return []
        pause = max(1, round(self._pause * 1000))
        found = await self._client.xread({key: place.last}, block=pause)
        if found:
            return [entry_of(place.name, one) for one in found[0][1]]
        await self._see_whether_it_lives(place, key)
        return []

    async def _mark_if_due(self, place: Place) -> None:
        now = asyncio.get_running_loop().time()
        if now >= place.marked + self._pause:
            await self.mark(place.name)
            place.marked = now

    async def _find_owner(self, place: Place, key: str) -> None:
        """Who wrote last; and whether that was the end, which the reader has."""
        for found in await self._client.xrevrange(key, count=2):  # one may say *lost*
            entry = entry_of(place.name, found)
            place.worker = place.worker or entry.worker
            behind = place.position < entry.first + len(entry.events) - 1
            if is_last(entry) and not behind and entry.id != LOST_ID:
                place.ended = True

    async def _see_whether_it_lives(self, place: Place, key: str) -> None:
        if await self._client.exists(self._keys.worker(place.worker)):
            place.silent = 0
            return
        place.silent += 1
        if place.silent < LOOKS:
            return
        batch = self._client.pipeline(transaction=False)
        batch.xadd(key, fields_of("", place.position + 1, [LOST]), id=LOST_ID)
        batch.pexpire(key, self._keep)
        await batch.execute(raise_on_error=False)  # another reader may be first
