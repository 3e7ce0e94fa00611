"""The cache, which may be down, stuck, or hold rubbish: asked, and never relied on.

What goes wrong is logged once, with its cause; the answer then comes from the model. A
cache that takes its time to fail is left alone for a while, so that it costs one wait.

    kept = store.find(key)       # or None
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.outputs import Generation

from course_utils.cache.kept import Kept, pack, unpack
from course_utils.cache.key import Unkeyable
from course_utils.cache.record import Arrival, is_whole, runs_of
from course_utils.cache.single_flight import Key
from course_utils.own_stream.off_thread import away, within_seconds

log = logging.getLogger("course_utils.cache")

# Real seconds: how long a cache without a `timeout` of its own may take, from when on a
# failure was slow, and for how long a slow one is left alone.
TIMEOUT = 1.0
SLOW = 0.1
REST = 30.0
LONG = 1000  # chunks


class Store:
    """Finds kept answers in a cache, and puts whole ones in.

    Args:
        cache: Gives a cache of LangChain's, which its askers hold on to. One that
            has `kept(prompt, llm_string)` is asked for what unpacks as it is read.
        now: A clock of real seconds.
    """

    def __init__(
        self, cache: Callable[[], Any], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._weakly = cache
        self._now = now
        self._warned: set[str] = set()
        self._rests_until = -1.0

    @property
    def _cache(self) -> BaseCache:
        cache = self._weakly()
        assert isinstance(cache, BaseCache)
        return cache

    @property
    def timeout(self) -> float:
        """Real seconds that the cache may take; a little more than it takes itself."""
        return 1.1 * float(getattr(self._cache, "timeout", None) or TIMEOUT)

    def find(self, key: Key) -> Kept | None:
        """The answer to this question, if there is one."""
        answer: Kept | None = None
        with self._passing_over() as awake:
            if awake:
                answer = self._run(self._found, key)
        return answer

    async def afind(self, key: Key) -> Kept | None:
        """The answer to this question, if there is one."""
        answer: Kept | None = None
        async with self._apassing_over() as awake:
            if awake and self._is_async("alookup"):
                answer = _unpacked(await self._cache.alookup(*key))
            elif awake:
                answer = await self._arun(self._found, key)
        return answer

    def keep(self, key: Key, record: Sequence[Arrival]) -> None:
        """Keep this answer, if it is whole."""
        with self._passing_over() as awake:
            if awake and (packed := _packed(record)):
                self._run(self._cache.update, *key, packed)

    async def akeep(self, key: Key, record: Sequence[Arrival]) -> None:
        """Keep this answer, if it is whole."""
        async with self._apassing_over() as awake:
            # Packing a long answer takes a while, and others wait in the loop.
            long = awake and len(record) > LONG
            packed = await away(_packed, record) if long else awake and _packed(record)
            if packed and self._is_async("aupdate"):
                await self._cache.aupdate(*key, packed)
            elif packed:
                await self._arun(self._cache.update, *key, packed)

    # How a cache is asked

    def _found(self, key: Key) -> Kept | None:
        look_up: Callable[..., Kept | None] | None = getattr(self._cache, "kept", None)
        return look_up(*key) if look_up else _unpacked(self._cache.lookup(*key))

    def _run(self, call: Callable[..., Any], *args: Any) -> Any:
        if isinstance(self._cache, InMemoryCache):
            return call(*args)  # it cannot be stuck
        return within_seconds(self.timeout, call, *args)

    async def _arun(self, call: Callable[..., Any], *args: Any) -> Any:
        if isinstance(self._cache, InMemoryCache):
            return call(*args)
        return await away(call, *args)

    def _is_async(self, name: str) -> bool:
        """Whether the cache has a way of its own to be asked in an event loop."""
        own = getattr(type(self._cache), name)
        memory = isinstance(self._cache, InMemoryCache)
        return not memory and own is not getattr(BaseCache, name)

    # What goes wrong

    @contextmanager
    def _passing_over(self) -> Iterator[bool]:
        """Whether to ask the cache now; what goes wrong then is passed over."""
        begin = self._now()
        awake = begin >= self._rests_until
        if awake and self._rests_until > 0:
            self._rests_until = begin + REST  # one tries, the others go on without
        try:
            yield awake
            if awake:
                self._rests_until = -1.0
        except Exception as error:
            slow = self._now() - begin >= SLOW
            if slow or isinstance(error, TimeoutError):
                self._rests_until = self._now() + REST
            self._tell(error)

    @asynccontextmanager
    async def _apassing_over(self) -> AsyncIterator[bool]:
        with self._passing_over() as awake:
            async with asyncio.timeout(self.timeout):
                yield awake

    def tell_once(self, error: Unkeyable) -> None:
        """Say why a question is not for this cache."""
        if error.name not in self._warned:
            self._warned.add(error.name)
            log.warning("%s", error)

    def _tell(self, error: Exception) -> None:
        if "" in self._warned:
            return
        self._warned.add("")
        name, kind = type(self._cache).__name__, type(error).__name__
        log.warning("%s failed (%s): answers come without it.", name, kind)
        log.debug("What failed", exc_info=error)


def _packed(record: Sequence[Arrival]) -> list[Generation]:
    """What a cache gets: nothing, if the answer is not whole."""
    runs = runs_of(record)
    return pack(runs) if is_whole(runs) else []


def _unpacked(found: Any) -> Kept | None:
    return unpack(found) if found else None
