"""Where a shared answer comes from: the store, else the model, for the store to keep.

There is one `Desk` for each store, whatever models are wrapped around it, how often:
who shares a store shares calls. Among threads, and among the readers of one event
loop; never across, as then one could hold up the other.

    for chunk in answer(desk_of(store), asking): ...
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary, ref

from langchain_core.caches import BaseCache
from langchain_core.exceptions import ModelConnectionError
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.utils import LC_ID_PREFIX

from course_utils.cache.kept import Delivery, Kept, Pacer
from course_utils.cache.record import Arrival, Recorder
from course_utils.cache.single_flight import CallLost, Calls, Key
from course_utils.cache.store import Store
from course_utils.cache.workers import (
    AHEAD,
    TURN,
    AsyncSteps,
    LoopCall,
    Steps,
    ThreadCall,
    aread,
    read,
)
from course_utils.clock import Clock

Loop = asyncio.AbstractEventLoop


class Desk:
    """A store and the calls whose answers it will get."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.threads: Calls[ThreadCall] = Calls()
        self._loops: WeakKeyDictionary[Loop, Calls[LoopCall]] = WeakKeyDictionary()

    @property
    def loop(self) -> Calls[LoopCall]:
        """The calls of the running event loop."""
        for ended in [loop for loop in self._loops if loop.is_closed()]:
            self._loops.pop(ended, None)
        return self._loops.setdefault(asyncio.get_running_loop(), Calls())

    def __len__(self) -> int:
        return len(self.threads) + sum(map(len, list(self._loops.values())))


_desks: dict[int, tuple[Callable[[], Any], Desk]] = {}


def desk_of(store: BaseCache) -> Desk:
    """The desk of a store, as long as there is the store."""
    number = id(store)  # a cache need not be hashable
    known, desk = _desks.get(number, (None, None))
    if desk is None or known is None or known() is not store:
        forget = _desks.pop  # at the end of a program this module's names go first
        known = ref(store, lambda _: forget(number, None))
        desk = Desk(Store(known))
        _desks[number] = (known, desk)
    return desk


@dataclass(frozen=True)
class Asking:
    """A reader's question: how to ask the model, and how a kept answer comes."""

    store: BaseCache  # a desk does not hold on to it
    key: Key
    ask: Callable[[], Any]  # a generator of chunks; in a loop, an async one
    whole: bool  # nobody sees the chunks before the last has come
    delivery: Delivery
    clock: Clock


# The readers: join the call for this question, and again if it was lost


def answer(desk: Desk, asking: Asking) -> Generator[ChatGenerationChunk, None, None]:
    """The chunks of one answer, private to this reader."""

    def begin() -> ThreadCall:
        return ThreadCall(lambda call: _steps(desk, asking, call), ahead)

    # On a clock that jumps, a model that goes ahead would take its reader's time along.
    ahead = AHEAD if asking.clock.real(1.0) else 0
    voice = Voice()
    while True:
        seat = desk.threads.join(asking.key, begin)
        try:
            with closing(read(seat)) as arrivals:
                for arrival in arrivals:
                    yield voice.chunk(arrival, seat.first)
        except CallLost as lost:
            yield from voice.begun_anew(lost, asking)
            continue
        yield from _again(seat.call.answer, asking)
        return


async def aanswer(
    desk: Desk, asking: Asking
) -> AsyncGenerator[ChatGenerationChunk, None]:
    """The same for a reader in an event loop."""
    voice = Voice()
    while True:
        seat = desk.loop.join(
            asking.key, lambda: LoopCall(lambda call: _asteps(desk, asking, call))
        )
        try:
            async with aclosing(aread(seat)) as arrivals:
                async for arrival in arrivals:
                    yield voice.chunk(arrival, seat.first)
        except CallLost as lost:
            for chunk in voice.begun_anew(lost, asking):
                yield chunk
            continue
        async with aclosing(_aagain(seat.call.answer, asking)) as chunks:
            async for chunk in chunks:
                yield chunk
        return


class Voice:
    """One reader's side of an answer: what he is told, and what he has been shown."""

    def __init__(self) -> None:
        self._shown = False
        self._id: str | None = None  # LangChain gives the first message its id

    def chunk(self, arrival: Arrival, first: bool) -> ChatGenerationChunk:
        """The chunk for this reader: only who began the call is told its usage."""
        self._shown = self._shown or arrival.shape.visible
        chunk = None
        if first:  # a reader ahead of this one leaves it what is meant for it
            chunk, arrival.fresh = arrival.fresh, None
        if chunk is None:
            chunk = arrival.chunk()
            if arrival.shape.restart:
                self._id = f"{LC_ID_PREFIX}-{uuid4()}"
            if self._id is not None:
                chunk.message.id = self._id
        return chunk

    def begun_anew(
        self, lost: CallLost, asking: Asking
    ) -> Generator[ChatGenerationChunk, None, None]:
        """What a reader is told who asks again: nothing, if he has seen nothing.

        Raises:
            ModelConnectionError: He has seen a part of the answer already.
        """
        if not self._shown:
            return
        if not asking.whole:
            raise ModelConnectionError(
                "The call that this answer was shared with was interrupted in "
                "mid-answer: ask again."
            ) from lost
        self._shown = False
        taken_back = AIMessageChunk(content="", response_metadata={"restart": True})
        yield ChatGenerationChunk(message=taken_back)


def _again(
    answer: Kept | None, asking: Asking
) -> Generator[ChatGenerationChunk, None, None]:
    """A kept answer, as this reader wants it."""
    if answer is None:
        return
    pacer = Pacer(answer, "whole" if asking.whole else asking.delivery, asking.clock)
    for at, chunk in pacer.chunks:
        asking.clock.sleep_until(pacer.due(at))
        yield chunk


async def _aagain(
    answer: Kept | None, asking: Asking
) -> AsyncGenerator[ChatGenerationChunk, None]:
    if answer is None:
        return
    pacer = Pacer(answer, "whole" if asking.whole else asking.delivery, asking.clock)
    for number, (at, chunk) in enumerate(pacer.chunks, 1):
        await asking.clock.asleep_until(pacer.due(at))
        yield chunk
        if number % TURN == 0:
            await asyncio.sleep(0)


# The worker's steps


def _steps(desk: Desk, asking: Asking, call: ThreadCall) -> Steps:
    call.answer = desk.store.find(asking.key)
    if call.answer is not None:
        return
    begin, recorder = asking.clock.now(), Recorder()
    with closing(asking.ask()) as chunks:
        for chunk in chunks:
            yield recorder.arrival(chunk, asking.clock.now() - begin)
    desk.store.keep(asking.key, call.record)


async def _asteps(desk: Desk, asking: Asking, call: LoopCall) -> AsyncSteps:
    call.answer = await desk.store.afind(asking.key)
    if call.answer is not None:
        return
    begin, recorder = asking.clock.now(), Recorder()
    async with aclosing(asking.ask()) as chunks:
        async for chunk in chunks:
            yield recorder.arrival(chunk, asking.clock.now() - begin)
    await desk.store.akeep(asking.key, call.record)
