"""A cache that streams: the second time, the same answer comes at once, in chunks.

It stands around a chat model and is one itself. What it keeps goes into any of
LangChain's caches; who asks the same at the same time shares one call.

    model = cached(ChatOpenAI(...), SQLiteStreamCache("answers.db"))
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import Any, ClassVar, get_args

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.exceptions import ModelConnectionError
from langchain_core.language_models import BaseChatModel
from pydantic import Field, PrivateAttr

from course_utils._cache_flight import Flight, Flights, Key, flights_of
from course_utils._cache_keeper import Keeper
from course_utils._cache_question import Question
from course_utils._cache_record import Arrival, Pacer, Replay, free, is_visible, own
from course_utils._cache_source import AsyncSource, FlightLost, SyncSource
from course_utils.clock import Clock, course_clock
from course_utils.model_call import AsyncChunks, Chunks, Request, acall, call
from course_utils.redis_cache import RedisStreamCache
from course_utils.sqlite_cache import SQLiteStreamCache
from course_utils.wrapped_model import Reader, WrappedChatModel

__all__ = [
    "CachedChatModel",
    "InMemoryCache",
    "RedisStreamCache",
    "SQLiteStreamCache",
    "cached",
]

Steps = Generator[list[Arrival], None, None]
AsyncSteps = AsyncGenerator[list[Arrival], None]


def cached(
    model: BaseChatModel,
    cache: BaseCache | None = None,
    *,
    replay: Replay = "chunks",
    clock: Clock = course_clock,
) -> "CachedChatModel":
    """The same chat model, which answers a repeated question from a cache.

    LangChain's own caches never see a stream; this one stands in it. The question is
    the conversation, the model and its options; timeouts, retries and the like are
    not part of it. Only finished answers are kept: none that was cut, met its limit
    or was filtered. Who asks while the same answer is on its way gets it live, from
    the one call; only the asker who began it is told its usage.

    >>> from course_utils.fake_model import FakeStreamingChatModel
    >>> fake = FakeStreamingChatModel(replies=["Nice to meet you.", "Another."])
    >>> model = cached(fake)
    >>> ["".join(chunk.text for chunk in model.stream("Hi")) for _ in range(2)]
    ['Nice to meet you.', 'Nice to meet you.']
    >>> len(fake.log)
    1

    Args:
        model: Whom to ask; a `reliable(...)` model, too.
        cache: Where answers are kept: LangChain's `InMemoryCache` (a new one by
            default), `SQLiteStreamCache`, `RedisStreamCache`, or any `BaseCache`. One
            that is down or holds rubbish costs a call, never an answer.
        replay: How a kept answer comes: its `chunks` at once; `paced`, with the gaps
            they had; or `whole`, in one chunk.
        clock: What measures the gaps and waits for them.

    A kept answer carries no usage, and `response_metadata["cached"]` is True. If the
    call that an answer was shared with is interrupted, the others ask again; one who
    has shown text already gets a `ModelConnectionError`.

    Raises:
        TypeError: `model` is not a chat model, or `cache` not a cache.
        ValueError: `replay` is none of the three.
    """
    if not isinstance(model, BaseChatModel):
        raise TypeError(
            f"cached() stands around a chat model, got {type(model).__name__}: "
            "write cached(ChatOpenAI(...)), and bind tools or add stages after it."
        )
    if cache is not None and not isinstance(cache, BaseCache):
        raise TypeError(
            f"cache is one of LangChain's caches, got {type(cache).__name__}: "
            "write cached(model, InMemoryCache())."
        )
    if replay not in get_args(Replay):
        raise ValueError(
            f"replay is chunks, paced or whole, got {replay!r}: "
            'write cached(model, replay="paced").'
        )
    store = InMemoryCache() if cache is None else cache
    return CachedChatModel(inner=model, store=store, replay=replay, clock=clock)


class CachedChatModel(WrappedChatModel):
    """What `cached` returns: a chat model around a chat model and a cache."""

    store: BaseCache = Field(default_factory=InMemoryCache, exclude=True, repr=False)
    replay: Replay = "chunks"
    clock: Clock = Field(default=course_clock, exclude=True, repr=False)
    cache: BaseCache | bool | None = False  # LangChain's own would answer in one lump
    inherited: ClassVar[tuple[str, ...]] = tuple(
        name for name in WrappedChatModel.inherited if name != "cache"
    )
    _keeper: Keeper = PrivateAttr()
    _flights: Flights = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Stand beside the cache, in case it fails, and share its calls."""
        super().model_post_init(context)
        self._keeper = Keeper(self.store)
        self._flights = flights_of(self.store)

    @property
    def _llm_type(self) -> str:
        return "cached"

    # The readers: join the flight for this question, and again if it was lost

    def _answer(self, request: Request, reader: Reader) -> Chunks:
        question = Question(**vars(request))
        key = question.key(self.inner)
        shown = False
        while True:
            flight, first = self._flights.join(
                key, lambda new: SyncSource(self._steps(new, key, question)), True
            )
            try:
                with closing(flight.read()) as arrivals:
                    for arrival in arrivals:
                        if not flight.cached:
                            shown = shown or is_visible(arrival.chunk)
                            yield (own if first else free)(arrival.chunk)
            except FlightLost as lost:
                if shown:
                    raise _interrupted() from lost
                continue
            yield from self._again(flight)
            return

    async def _aanswer(self, request: Request, reader: Reader) -> AsyncChunks:
        question = Question(**vars(request))
        key = question.key(self.inner)
        shown = False
        while True:
            flight, first = self._flights.join(
                key, lambda new: AsyncSource(self._asteps(new, key, question)), False
            )
            try:
                async with aclosing(flight.aread()) as arrivals:
                    async for arrival in arrivals:
                        if not flight.cached:
                            shown = shown or is_visible(arrival.chunk)
                            yield (own if first else free)(arrival.chunk)
            except FlightLost as lost:
                if shown:
                    raise _interrupted() from lost
                continue
            async with aclosing(self._aagain(flight)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return

    def _again(self, flight: Flight) -> Chunks:
        pacer = Pacer(flight.record, self.replay, self.clock)
        for arrival in pacer.arrivals if flight.cached else ():
            self.clock.sleep_until(pacer.due(arrival))
            yield arrival.chunk

    async def _aagain(self, flight: Flight) -> AsyncChunks:
        pacer = Pacer(flight.record, self.replay, self.clock)
        for arrival in pacer.arrivals if flight.cached else ():
            await self.clock.asleep_until(pacer.due(arrival))
            yield arrival.chunk

    # The source: the cache's answer, else the model's, which the cache then gets

    def _steps(self, flight: Flight, key: Key, question: Question) -> Steps:
        if record := self._keeper.find(key):
            flight.cached = True
            yield record
            return
        begin = self.clock.now()
        with closing(call(self.inner, question)) as chunks:
            for chunk in chunks:
                yield [Arrival(chunk, self.clock.now() - begin)]
        self._keeper.keep(key, flight.record)

    async def _asteps(self, flight: Flight, key: Key, question: Question) -> AsyncSteps:
        if record := await self._keeper.afind(key):
            flight.cached = True
            yield record
            return
        begin = self.clock.now()
        async with aclosing(acall(self.inner, question)) as chunks:
            async for chunk in chunks:
                yield [Arrival(chunk, self.clock.now() - begin)]
        await self._keeper.akeep(key, flight.record)


def _interrupted() -> ModelConnectionError:
    return ModelConnectionError(
        "The call that this answer was shared with was interrupted in mid-answer: "
        "ask again."
    )
