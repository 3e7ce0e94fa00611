"""Many askers of few questions, half of them cancelled: does anybody wait for ever?

Threads and event loops ask cached models whose stores stall now and then. Afterwards
threads, tasks and sockets are as before, memory has not grown, and whoever read an
answer to its end read the right one.

    python benchmarks/soak.py --seconds 120
"""

import argparse
import asyncio
import ctypes
import gc
import os
import random
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.caches import InMemoryCache

from course_utils.cache import CachedChatModel, cached
from course_utils.fake import FakeStreamingChatModel, Reply

ASKERS = 200
LOOPS = 4
PATIENCE = 30.0  # seconds for one answer, before somebody waits for ever
MEGABYTE = 1_000_000
BLOCK = 100  # bytes of a small object, with what it carries
GROWN = 5  # megabytes: of objects, and of the process around them
M_ARENA_MAX = -8  # of glibc's malloc.h
TEXTS = [" ".join(f"{word}{number}" for word in ("one", "two")) for number in range(5)]


class StallingCache(InMemoryCache):
    """A store that is stuck now and then, longer than anybody waits for it."""

    timeout = 0.05

    def lookup(self, *args: Any) -> Any:
        """Stall once in fifty times."""
        _stall()
        return super().lookup(*args)

    def update(self, *args: Any) -> None:
        """Forget soon what was kept, so that there is always something to ask."""
        _stall()
        super().update(*args)
        if random.random() < 0.3:
            self.clear()

    async def alookup(self, *args: Any) -> Any:
        """The same in an event loop."""
        if random.random() < 0.02:
            await asyncio.sleep(0.2)
        return super().lookup(*args)


def _stall() -> None:
    if random.random() < 0.02:
        time.sleep(0.2)


@dataclass
class Tally:
    """What became of the askers."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    left: int = 0
    failed: list[str] = field(default_factory=list)

    def read(self, question: str, text: str) -> None:
        """An asker has read to the end."""
        if text == question:
            self.right += 1
        else:
            self.wrong.append(f"{question!r} got {text!r}")


def said(messages: Any) -> Reply:
    """The answer to a question is the question, a token each two milliseconds."""
    return Reply(messages[-1].text, per_token=0.002)


def ask(model: CachedChatModel, question: str, tally: Tally) -> None:
    """Ask in a thread; half of the askers leave somewhere."""
    leave = random.randint(0, 8) if random.random() < 0.5 else -1
    text = ""
    with closing(model.stream(question)) as stream:  # type: ignore[type-var]  # it is a generator
        for number, chunk in enumerate(stream):
            if number == leave:
                tally.left += 1
                return
            text += chunk.text
    tally.read(question, text)


async def aask(model: CachedChatModel, question: str, tally: Tally) -> None:
    """Ask in an event loop; half of the askers are cancelled at some moment."""

    async def read() -> str:
        return "".join([chunk.text async for chunk in model.astream(question)])

    task = asyncio.create_task(read())
    if random.random() < 0.5:
        await asyncio.sleep(random.random() * 0.03)
        task.cancel()
    try:
        async with asyncio.timeout(PATIENCE):
            tally.read(question, await task)
    except asyncio.CancelledError:
        tally.left += 1


def in_a_thread(model: CachedChatModel, until: float, tally: Tally) -> None:
    """One asker after the other, in this thread."""
    try:
        while time.monotonic() < until:
            ask(model, random.choice(TEXTS), tally)
    except Exception as error:
        tally.failed.append(repr(error))


async def in_a_loop(model: CachedChatModel, until: float, tally: Tally) -> None:
    """Many askers at a time, in this event loop."""

    async def one() -> None:
        while time.monotonic() < until:
            await aask(model, random.choice(TEXTS), tally)

    try:
        await asyncio.gather(*[one() for _ in range(ASKERS // 2 // LOOPS)])
    except Exception as error:
        tally.failed.append(repr(error))
    await _quiet()


async def _quiet() -> None:
    """Give the last workers their time to end, and see that they do."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=PATIENCE)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"{len(left)} tasks are left"


def soak(seconds: float) -> Tally:
    """All askers at once, for so many seconds."""
    tally, until = Tally(), time.monotonic() + seconds
    model = cached(FakeStreamingChatModel(replies=said), StallingCache())
    threads = [
        threading.Thread(target=in_a_thread, args=(model, until, tally), daemon=True)
        for _ in range(ASKERS // 2)
    ]
    threads += [
        threading.Thread(
            target=lambda: asyncio.run(in_a_loop(model, until, tally)), daemon=True
        )
        for _ in range(LOOPS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()) + PATIENCE)
    waiting = sum(thread.is_alive() for thread in threads)
    assert not waiting, f"{waiting} askers wait for ever"
    return tally


def memory() -> tuple[float, float]:
    """Megabytes of Python's own objects, and of the whole process with its gaps."""
    gc.collect()
    with suppress(OSError, AttributeError):  # glibc alone gives back when it is asked
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    whole = pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
    return sys.getallocatedblocks() * BLOCK / MEGABYTE, whole


def one_arena() -> None:
    """Let all threads share one heap, for glibc gives each a heap of its own.

    A heap whose thread is gone keeps what it had for the next one. It is no leak, and
    yet grows the process by some megabytes in which nothing of ours is left.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def state() -> tuple[int, int]:
    """Threads and open files, sockets among them, once the last have ended."""
    until = time.monotonic() + PATIENCE
    while threading.active_count() > 1 and time.monotonic() < until:
        time.sleep(0.05)
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def main() -> None:
    """Soak twice: the first warms up, the second is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    seconds = parser.parse_args().seconds
    one_arena()
    soak(max(2.0, seconds / 10))
    before, held = state(), memory()
    tally = soak(seconds)
    after, now = state(), memory()
    objects, whole = (late - early for early, late in zip(held, now, strict=True))
    print(f"{tally.right} read to the end, {tally.left} left on the way.")
    print(f"Threads and files: {before} before, {after} after.")
    print(f"Memory: objects {objects:+.2f} MB, process {whole:+.1f} MB.")
    problems = tally.wrong[:5] + tally.failed[:5]
    problems += [f"threads, files {after}"] * (after > before)
    problems += [f"objects {objects:+.2f} MB"] * (objects > GROWN)
    problems += [f"process {whole:+.1f} MB"] * (whole > GROWN)
    problems += ["nobody read to the end"] * (not tally.right)
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
