"""Answers to the exercises of notebook 5 such as somebody writes at work."""

import asyncio
import re
import time
from typing import Any

from course_utils.finish import finish_of
from tests.lessons.answers.production_scale import (
    TASKS,
    BySplitting,
    ListThrottle,
    keeps_the_last_reason,
    with_a_sentinel,
)


class EmptyIsAnUpdate(ListThrottle):
    def push(self, text: Any) -> Any:
        if self.last is None:
            self.last = self.clock.now()
            return text
        return super().push(text)


class KnowsOnePause(ListThrottle):
    def __init__(self, seconds: Any, clock: Any) -> None:
        super().__init__(0.25, clock)


class CountsFromBirth(ListThrottle):
    def __init__(self, seconds: Any, clock: Any) -> None:
        super().__init__(seconds, clock)
        self.last = clock.now() - seconds / 2


class StripsAtAnUpdate(ListThrottle):
    def push(self, text: Any) -> Any:
        return super().push(text).strip()


class OneFirstText(ListThrottle):
    seen = False

    def push(self, text: Any) -> Any:
        if text and not type(self).seen:
            type(self).seen = True
            return super().push(text)
        if self.last is None:
            self.last = self.clock.now()
        return super().push(text)


class ByNextUpdate:
    """Right: it knows when the next update may be."""

    def __init__(self, seconds: Any, clock: Any) -> None:
        self.seconds, self.clock, self.held, self.due = seconds, clock, "", 0.0

    def push(self, text: Any) -> Any:
        self.held += text
        if not self.held or self.clock.now() < self.due:
            return ""
        self.due = self.clock.now() + self.seconds
        return self.flush()

    def flush(self) -> Any:
        text, self.held = self.held, ""
        return text


class EndsAtAnyBlank(BySplitting):
    def push(self, text: Any) -> Any:
        *ready, self.held = re.split(r"(?<=[.!?]\s)", self.held + text)
        return "".join(ready)


class EndsBeforeCapitals(BySplitting):
    def push(self, text: Any) -> Any:
        *ready, self.held = re.split(r"(?<=[.!?] )(?=[A-Z])", self.held + text)
        return "".join(ready)


class OneSentenceAPush(BySplitting):
    def push(self, text: Any) -> Any:
        self.held += text
        found = re.search(r"[.!?] ", self.held)
        end = found.end() if found else 0
        ready, self.held = self.held[:end], self.held[end:]
        return ready


class JoinsBlanks(BySplitting):
    def push(self, text: Any) -> Any:
        return re.sub(" +", " ", super().push(text))


class FlushedForEver(BySplitting):
    done = False

    def flush(self) -> Any:
        text = "" if self.done else super().flush()
        self.done = True
        return text


class ByRfind(BySplitting):
    """Right: it looks for the last end."""

    def push(self, text: Any) -> Any:
        self.held += text
        last = max(self.held.rfind(mark) for mark in (". ", "! ", "? "))
        end = last + 2 if last >= 0 else 0
        ready, self.held = self.held[:end], self.held[end:]
        return ready


def caches(
    *,
    key: Any = lambda prompt: prompt,
    hit: Any = lambda store, key: key in store,
    good: Any = lambda reason: reason == "stop",
    at_once: bool = False,
    anyhow: bool = False,
    text: Any = lambda chunk: chunk.text,
    asks: Any = lambda prompt: prompt,
) -> Any:
    """An answer to the third exercise that is right but for one slip."""

    def stream_cached(model: Any, prompt: Any, store: Any) -> Any:
        if hit(store, key(prompt)):
            yield from store[key(prompt)]
            return
        texts: list[str] = []
        if at_once:
            store[key(prompt)] = texts
        reason = None
        try:
            for chunk in model.stream(asks(prompt)):
                reason = chunk.response_metadata.get("finish_reason") or reason
                if text(chunk):
                    texts.append(text(chunk))
                    yield text(chunk)
        finally:
            if (anyhow and texts) or (reason and good(reason)):
                store[key(prompt)] = texts
            elif at_once and not good(reason):
                store.pop(key(prompt), None)

    return stream_cached


def keeps_a_message(model: Any, prompt: Any, store: Any) -> Any:
    """Right: what it keeps in the store is its own matter."""
    if prompt in store:
        yield from (chunk.text for chunk in store[prompt]["chunks"])
        return
    chunks: list[Any] = []
    for chunk in model.stream(prompt):
        chunks.append(chunk)
        yield chunk.text
    ends = [end for chunk in chunks if (end := finish_of(chunk))]
    if ends and ends[-1].whole:
        store[prompt] = {"chunks": chunks}


async def shares_a_queue(stream: Any, maxsize: Any) -> Any:
    if not QUEUES:
        QUEUES.append(asyncio.Queue(maxsize))
    queue = QUEUES[0]
    end = object()

    async def fill() -> None:
        async for item in stream:
            await queue.put(item)
        await queue.put(end)

    task = asyncio.create_task(fill())
    try:
        while (item := await queue.get()) is not end:
            yield item
    finally:
        task.cancel()
        await asyncio.wait([task])
        await stream.aclose()


QUEUES: list[Any] = []


async def closes_only_in_peace(stream: Any, maxsize: Any) -> Any:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize)

    async def fill() -> None:
        try:
            async for item in stream:
                await queue.put((item, None, False))
            await queue.put((None, None, True))
        except Exception as error:
            await queue.put((None, error, True))

    task = asyncio.create_task(fill())
    TASKS.append(task)
    try:
        while True:
            item, error, ended = await queue.get()
            if error:
                raise error
            if ended:
                return
            yield item
    except GeneratorExit:
        task.cancel()
        await asyncio.wait([task])
        await stream.aclose()
        raise


async def renames_the_error(stream: Any, maxsize: Any) -> Any:
    try:
        async for item in with_a_sentinel(stream, maxsize):
            yield item
    except Exception as error:
        raise RuntimeError(str(error)) from error


async def tells_the_error_first(stream: Any, maxsize: Any) -> Any:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize)
    broke: list[Exception] = []
    end = object()

    async def fill() -> None:
        try:
            async for item in stream:
                await queue.put(item)
        except Exception as error:
            broke.append(error)
        await queue.put(end)

    task = asyncio.create_task(fill())
    try:
        while (item := await queue.get()) is not end and not broke:
            yield item
        if broke:
            raise broke[0]
    finally:
        task.cancel()
        await asyncio.wait([task])
        await stream.aclose()


async def skips_what_is_false(stream: Any, maxsize: Any) -> Any:
    async for item in with_a_sentinel(stream, maxsize):
        if item is not None:
            yield item


def events(
    *,
    caught: Any = Exception,
    name: Any = lambda error: type(error).__name__,
    end: Any = lambda reason: (
        ("done", reason) if reason else ("cut", "no finish reason")
    ),
    text: Any = lambda chunk: chunk.text,
    stop: bool = False,
    nap: bool = False,
) -> Any:
    """An answer to the fifth exercise that is right but for one slip."""

    async def honest_events(stream: Any) -> Any:
        reason = None
        try:
            async for chunk in stream:
                if nap:
                    time.sleep(0)  # noqa: ASYNC251  the slip that is meant
                if text(chunk):
                    yield "text", text(chunk)
                reason = chunk.response_metadata.get("finish_reason") or reason
                if stop and reason:
                    break
        except caught as error:
            yield "error", name(error)
            return
        yield end(reason)

    return honest_events


async def one_behind(stream: Any) -> Any:
    held = None
    async for event in keeps_the_last_reason(stream):
        if held:
            yield held
        held = event
    yield held


async def without_repeats(stream: Any) -> Any:
    last = None
    async for event in keeps_the_last_reason(stream):
        if event != last:
            yield event
        last = event


REASONS: list[str] = []


async def remembers_reasons(stream: Any) -> Any:
    try:
        async for chunk in stream:
            if chunk.text:
                yield "text", chunk.text
            if found := chunk.response_metadata.get("finish_reason"):
                REASONS.append(found)
    except Exception as error:
        yield "error", type(error).__name__
    else:
        yield ("done", REASONS[-1]) if REASONS else ("cut", "no finish reason")
