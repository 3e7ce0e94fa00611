"""The owner's side in Redis: copies what its answers say, shows that it lives, listens.

All answers of a process share one writer, which sends what is new as one batch a tick;
of an answer that nobody reads elsewhere, once a second. Their readers here never wait
for it: while Redis is away, answers go on.

    writer = Writer(client, keys, alive=2, keep=60); writer.add(record)
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from typing import Any

from course_utils.serving.replay.entries import Copy, Keys, trouble
from course_utils.serving.replay.protocol import LOST, STOPPED
from course_utils.serving.replay.record import Record

log = logging.getLogger(__name__)

TICK = 0.2  # real seconds between two batches, at least: an entry has several tokens
TICKS = 10  # at least, in the time after which a silent worker counts as gone
PATIENCE = 1.0  # ... that the last batch may take when the process ends
LONGEST = 3_600_000  # milliseconds an answer is kept that has not ended


class Writer:
    """Keeps the answers of one process in Redis.

    Args:
        client: Of Redis, asyncio, without retries: it must be told of every break.
        keys: The names of the keys.
        alive: Real seconds without a sign of life after which a worker counts as gone.
        keep: Real seconds an answer is kept after its end.
    """

    def __init__(self, client: Any, keys: Keys, alive: float, keep: float) -> None:
        self.worker = secrets.token_hex(8)
        self.copies: dict[str, Copy] = {}
        self.away = False
        self._client = client
        self._keys = keys
        self._alive = alive
        self._tick = min(TICK, alive / TICKS)
        self._keep = max(1, round(keep * 1000))
        self._news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._connections = 0
        self._beats = 0
        self._next_beat = 0.0

    def add(self, record: Record) -> None:
        """Keep this answer, from now on."""
        self.copies[record.name] = Copy(record)
        self.wake()

    def wake(self) -> None:
        """There is something to write."""
        self._news.set()

    def connected(self) -> None:
        """There is a new connection, maybe to a Redis that has forgotten."""
        self._connections += 1
        if self._connections > 1:
            self.doubt()

    def doubt(self) -> None:
        """Redis may be another one, or have forgotten: write every answer anew."""
        for copy in self.copies.values():
            copy.unsure = True
        self.wake()

    async def run(self) -> None:
        """Write whatever comes, until cancelled."""
        while True:
            await self._something()
            await self.write()
            await asyncio.sleep(self._alive / 4 if self.away else self._tick)

    async def _something(self) -> None:
        """Wait for news, or until a sign of life is due."""
        pause = self._next_beat - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(0.0, pause) if self.copies else None):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def flush(self) -> None:
        """Write what is left, if Redis takes it in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.write()
        except TimeoutError:
            log.warning("Redis was too slow for the last events of answers.")

    async def write(self) -> None:
        """One batch; if Redis is away, all is written again later."""
        async with self._one_at_a_time:
            await self._try_to_write()

    async def _try_to_write(self) -> None:
        try:
            await self._beat_if_due()
            copies = list(self.copies.values())
            now = asyncio.get_running_loop().time()
            await self._write([c for c in copies if c.is_due(now)], now)
        except trouble() as error:
            self.doubt()
            self._next_beat = 0.0
            if not self.away:
                name = type(error).__name__
                log.warning("Redis is away (%s): answers go on without it.", name)
            self.away = True
        except BaseException:
            self.doubt()
            raise
        else:
            if self.away:
                log.warning("Redis is back: it gets every answer again.")
            self.away = False

    # What is sent

    async def _write(self, copies: list[Copy], now: float) -> None:
        batch, answers = self._client.pipeline(transaction=False), []
        for copy in copies:
            key, anew = self._keys.answer(copy.record.name), copy.unsure
            if copy.behind:
                number, fields = copy.next(self.worker, now)
                batch.xadd(key, fields, id=number)
                answers.append(copy)
            if copy.closing or anew:
                copy.closed = copy.record.ended
                batch.pexpire(key, self._keep if copy.closed else LONGEST)
                answers.append(copy)
        if answers:
            results = await batch.execute(raise_on_error=False)
            for copy, result in zip(answers, results, strict=True):
                self._check(copy, result)

    def _check(self, copy: Copy, result: Any) -> None:
        if not isinstance(result, Exception):
            return
        if "equal or smaller" not in str(result):
            raise result
        copy.fenced = True  # while this process was frozen, say
        copy.record.end(LOST)

    async def _beat_if_due(self) -> None:
        """Show that this process lives; see whether Redis and other workers say no."""
        now = asyncio.get_running_loop().time()
        if now < self._next_beat or not self.copies:
            return
        self._next_beat = now + self._alive / 3
        key, live = self._keys.worker(self.worker), self._live()
        batch = self._client.pipeline(transaction=False)
        batch.get(key)
        batch.set(key, str(self._beats + 1), px=round(self._alive * 1000))
        batch.mget([key, *(self._keys.stop(name) for name in live)])
        last, _, (_, *stops) = await batch.execute()
        if last != str(self._beats):
            self.doubt()  # it was emptied or restarted, or this process was frozen
        self._beats += 1
        self.stop(name for name, stop in zip(live, stops, strict=True) if stop)

    def _live(self) -> list[str]:
        return [n for n, copy in self.copies.items() if not copy.record.ended]

    def stop(self, names: Iterable[str]) -> None:
        """Stop these answers, if they are made here."""
        for name in names:
            if copy := self.copies.get(name):
                copy.record.end(STOPPED)

    async def listen(self, client: Any) -> None:
        """Hear at once which answers are read elsewhere, and which shall be stopped.

        A beat finds a stop, too; and an answer is written now and then for nobody.
        """
        while True:
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(self._keys.stops, self._keys.reads)
                    while True:
                        self._hear(await channel.get_message(timeout=self._alive))
            except trouble():
                await asyncio.sleep(self._alive / 2)

    def _hear(self, message: Any) -> None:
        if message is None or message["type"] != "message":
            return
        if message["channel"] == self._keys.stops:
            self.stop([message["data"]])
        elif copy := self.copies.get(message["data"]):
            copy.read_elsewhere(asyncio.get_running_loop().time())
            self.wake()
