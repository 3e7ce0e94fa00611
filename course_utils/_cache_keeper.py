"""The cache, which may be down or hold rubbish: it is asked, and never relied on.

What goes wrong is logged once, with its cause; the answer then comes from the model.

    record = keeper.find(key)       # or None
"""

import logging

from langchain_core.caches import BaseCache

from course_utils._cache_flight import Key
from course_utils._cache_record import Arrival, is_whole, pack, since_restart, unpack

log = logging.getLogger("course_utils.cache")


class Keeper:
    """Finds records in a cache and puts whole ones in."""

    def __init__(self, cache: BaseCache) -> None:
        self._cache = cache
        self._told = False

    def find(self, key: Key) -> list[Arrival] | None:
        """The record of the answer to this question, if there is one."""
        try:
            found = self._cache.lookup(*key)
            return unpack(found) if found else None
        except Exception as error:
            self._pass_over(error)
            return None

    async def afind(self, key: Key) -> list[Arrival] | None:
        """The record of the answer to this question, if there is one."""
        try:
            found = await self._cache.alookup(*key)
            return unpack(found) if found else None
        except Exception as error:
            self._pass_over(error)
            return None

    def keep(self, key: Key, record: list[Arrival]) -> None:
        """Keep this answer, if it is whole."""
        try:
            if is_whole(kept := since_restart(record)):
                self._cache.update(*key, pack(kept))
        except Exception as error:
            self._pass_over(error)

    async def akeep(self, key: Key, record: list[Arrival]) -> None:
        """Keep this answer, if it is whole."""
        try:
            if is_whole(kept := since_restart(record)):
                await self._cache.aupdate(*key, pack(kept))
        except Exception as error:
            self._pass_over(error)

    def _pass_over(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            name = type(self._cache).__name__
            kind = type(error).__name__
            log.warning("%s failed (%s): answers come without it.", name, kind)
            log.debug("What failed", exc_info=error)
