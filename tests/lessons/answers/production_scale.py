"""Answers to the exercises of notebook 5."""

import asyncio
import re
from contextlib import nullcontext, suppress
from typing import Any, ClassVar

from langchain_core.exceptions import ModelConnectionError


class ListThrottle:
    def __init__(self, seconds: Any, clock: Any) -> None:
        self.seconds, self.clock = seconds, clock
        self.parts: list[str] = []
        self.last: float | None = None

    def push(self, text: Any) -> Any:
        self.parts += [text] if text else []
        now = self.clock.now()
        due = self.last is None or now - self.last >= self.seconds
        if due and self.parts:
            self.last = now
            return self.flush()
        return ""

    def flush(self) -> Any:
        text = "".join(self.parts)
        self.parts.clear()
        return text


class WaitsForTheFirst(ListThrottle):
    def __init__(self, seconds: Any, clock: Any) -> None:
        super().__init__(seconds, clock)
        self.last = clock.now()


class LosesWhatItHolds(ListThrottle):
    def push(self, text: Any) -> Any:
        return text if super().push(text) else ""


class WaitsALittleMore(ListThrottle):
    def push(self, text: Any) -> Any:
        if self.last is not None and self.clock.now() == self.last + self.seconds:
            self.parts.append(text)
            return ""
        return super().push(text)


class KeepsWhatItFlushes(ListThrottle):
    def push(self, text: Any) -> Any:
        ready = super().push(text)
        if ready:
            self.parts.clear()
        return ready

    def flush(self) -> Any:
        return "".join(self.parts)


class NeverCounts(ListThrottle):
    def push(self, text: Any) -> Any:
        return text


class OnAFixedGrid(ListThrottle):
    def push(self, text: Any) -> Any:
        before = self.last
        ready = super().push(text)
        if ready and before is not None:
            self.last = before + self.seconds
        return ready


class ReturnsNothing(ListThrottle):
    def push(self, text: Any) -> Any:
        return super().push(text) or None


class SharedByAll(ListThrottle):
    held: ClassVar[list[str]] = []

    def __init__(self, seconds: Any, clock: Any) -> None:
        super().__init__(seconds, clock)
        self.parts = self.held


class RepeatsTheWhole(ListThrottle):
    def __init__(self, seconds: Any, clock: Any) -> None:
        super().__init__(seconds, clock)
        self.text = ""

    def push(self, text: Any) -> Any:
        self.text += text
        return self.text if super().push(text) else ""


class BySplitting:
    def __init__(self) -> None:
        self.held = ""

    def push(self, text: Any) -> Any:
        *ready, self.held = re.split(r"(?<=[.!?] )", self.held + text)
        return "".join(ready)

    def flush(self) -> Any:
        text, self.held = self.held, ""
        return text


class EndsAtTheDot(BySplitting):
    def push(self, text: Any) -> Any:
        *ready, self.held = re.split(r"(?<=[.!?])", self.held + text)
        return "".join(ready)


class LooksAtThePieceOnly(BySplitting):
    def push(self, text: Any) -> Any:
        self.held += text
        return self.flush() if text.endswith((". ", "! ", "? ")) else ""


class NeverFlushes(BySplitting):
    def flush(self) -> Any:
        return ""


class EndsAtTheComma(BySplitting):
    def push(self, text: Any) -> Any:
        *ready, self.held = re.split(r"(?<=[.!?,;] )", self.held + text)
        return "".join(ready)


class StripsTheRest(BySplitting):
    def flush(self) -> Any:
        return super().flush().strip()


def keeps_tuples(model: Any, prompt: Any, store: Any) -> Any:
    if prompt not in store:
        texts: list[str] = []
        done = False
        for chunk in model.stream(prompt):
            done |= chunk.response_metadata.get("finish_reason") == "stop"
            texts.append(chunk.text)
            yield chunk.text
        if done:
            store[prompt] = tuple(texts)
    else:
        yield from store[prompt]


def keeps_everything(model: Any, prompt: Any, store: Any) -> Any:
    if prompt in store:
        yield from store[prompt]
        return
    texts: list[str] = []
    for chunk in model.stream(prompt):
        texts.append(chunk.text)
        yield chunk.text
    store[prompt] = texts


def keeps_limited_answers(model: Any, prompt: Any, store: Any) -> Any:
    if prompt in store:
        yield from store[prompt]
        return
    texts, done = [], False
    for chunk in model.stream(prompt):
        done = done or "finish_reason" in chunk.response_metadata
        texts.append(chunk.text)
        yield chunk.text
    if done:
        store[prompt] = texts


def takes_the_reason_for_the_end(model: Any, prompt: Any, store: Any) -> Any:
    if prompt not in store:
        texts = []
        for chunk in model.stream(prompt):
            if reason := chunk.response_metadata.get("finish_reason"):
                if reason == "stop":
                    store[prompt] = texts
                return
            texts.append(chunk.text)
            yield chunk.text
        return
    yield from store[prompt]


def replays_in_one_piece(model: Any, prompt: Any, store: Any) -> Any:
    if prompt in store:
        yield store[prompt]
        return
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.text
        yield chunk.text
    store[prompt] = text


def never_keeps(model: Any, prompt: Any, store: Any) -> Any:
    for chunk in model.stream(prompt):
        yield chunk.text


def keeps(
    reasons: Any = ("stop",),
    *,
    late: bool = False,
    quiet: bool = False,
    once: bool = False,
    spent: bool = False,
    elsewhere: Any = None,
) -> Any:
    """An answer to the third exercise that is right but for one slip."""

    def stream_cached(model: Any, prompt: Any, store: Any) -> Any:
        store = store if elsewhere is None else elsewhere
        if prompt in store:
            yield from store.pop(prompt) if once else store[prompt]
            return
        chunks: list[Any] = []
        with suppress(Exception) if quiet else nullcontext():
            for chunk in model.stream(prompt):
                chunks.append(chunk)
                if not late:
                    yield chunk.text
        texts = [chunk.text for chunk in chunks]
        yield from texts if late else ()
        if any(c.response_metadata.get("finish_reason") in reasons for c in chunks):
            store[prompt] = iter(texts) if spent else texts

    return stream_cached


def hands_over(
    size: Any = lambda maxsize: maxsize,
    *,
    until_empty: bool = False,
    texts: bool = False,
    raises: bool = False,
    cancel: bool = True,
    awaited: bool = True,
    close: bool = True,
) -> Any:
    """An answer to the fourth exercise that is right but for one slip."""

    async def hand_over(stream: Any, maxsize: Any) -> Any:
        queue: asyncio.Queue[Any] = asyncio.Queue(size(maxsize))
        end = None if until_empty else object()
        errors: list[Exception] = []

        async def fill() -> None:
            try:
                async for item in stream:
                    await queue.put(item.text if texts else item)
            except Exception as error:
                errors.append(error)
            await queue.put(end)

        task = asyncio.create_task(fill())
        TASKS.append(task)
        try:
            while True:
                item = await queue.get()
                if item is end or (until_empty and not item):
                    break
                if raises and isinstance(item, Exception):
                    raise item
                yield item
            if errors:
                raise errors[0]
        finally:
            if cancel:
                task.cancel()
            if cancel and awaited:
                await asyncio.wait([task])
            if close:
                await stream.aclose()

    return hand_over


async def by_polling(stream: Any, maxsize: Any) -> Any:
    queue: list[Any] = []

    async def fill() -> None:
        async for item in stream:
            while len(queue) >= maxsize:  # noqa: ASYNC110  # as some would write it
                await asyncio.sleep(0.001)
            queue.append(item)

    task = asyncio.create_task(fill())
    try:
        while queue or not task.done():
            if queue:
                yield queue.pop(0)
            else:
                await asyncio.sleep(0.001)
        await task
    finally:
        task.cancel()
        await asyncio.wait([task])
        await stream.aclose()


async def with_a_sentinel(stream: Any, maxsize: Any) -> Any:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize)
    end = object()

    async def fill() -> None:
        try:
            async for item in stream:
                await queue.put(item)
        finally:
            await stream.aclose()

    async def run() -> None:
        try:
            await fill()
        except Exception as error:
            await queue.put((end, error))
        else:
            await queue.put((end, None))

    task = asyncio.create_task(run())
    try:
        while True:
            item = await queue.get()
            if isinstance(item, tuple) and item[0] is end:
                if item[1]:
                    raise item[1]
                break
            yield item
    finally:
        task.cancel()
        await asyncio.wait([task])


async def passes_through(stream: Any, maxsize: Any) -> Any:
    async for item in stream:
        yield item


async def queue_without_end(stream: Any, maxsize: Any) -> Any:
    async for item in with_a_sentinel(stream, 0):
        yield item


async def loses_the_error(stream: Any, maxsize: Any) -> Any:
    try:
        async for item in with_a_sentinel(stream, maxsize):
            yield item
    except Exception:
        return


async def skips_the_first(stream: Any, maxsize: Any) -> Any:
    await anext(stream)
    async for item in with_a_sentinel(stream, maxsize):
        yield item


async def never_says_that_it_broke(stream: Any, maxsize: Any) -> Any:
    try:
        async for item in with_a_sentinel(stream, maxsize):
            yield item
    except Exception:
        await asyncio.Event().wait()


TASKS: list[Any] = []


async def keeps_the_last_reason(stream: Any) -> Any:
    end = ("cut", "no finish reason")
    try:
        async for chunk in stream:
            if chunk.text:
                yield "text", chunk.text
            if found := chunk.response_metadata.get("finish_reason"):
                end = ("done", found)
    except Exception as error:
        end = ("error", type(error).__name__)
    yield end


async def always_done(stream: Any) -> Any:
    async for chunk in stream:
        if chunk.text:
            yield "text", chunk.text
    yield "done", "stop"


async def two_ends(stream: Any) -> Any:
    reason = None
    try:
        async for chunk in stream:
            reason = chunk.response_metadata.get("finish_reason") or reason
            if chunk.text:
                yield "text", chunk.text
    except Exception as error:
        yield "error", type(error).__name__
    yield ("done", reason) if reason else ("cut", "no finish reason")


async def collects_first(stream: Any) -> Any:
    for event in [event async for event in keeps_the_last_reason(stream)]:
        yield event


async def catches_everything(stream: Any) -> Any:
    end = ("cut", "no finish reason")
    try:
        async for chunk in stream:
            if chunk.text:
                yield "text", chunk.text
            if found := chunk.response_metadata.get("finish_reason"):
                end = ("done", found)
    except BaseException as error:
        end = ("error", type(error).__name__)
    yield end


async def ends_in_finally(stream: Any) -> Any:
    end = ("cut", "no finish reason")
    try:
        async for chunk in stream:
            if chunk.text:
                yield "text", chunk.text
            if found := chunk.response_metadata.get("finish_reason"):
                end = ("done", found)
    except Exception as error:
        end = ("error", type(error).__name__)
    finally:
        yield end


async def keeps_the_model_running(stream: Any) -> Any:
    TASKS.append(stream)
    async for event in keeps_the_last_reason(stream):
        yield event


async def knows_one_error(stream: Any) -> Any:
    end = ("cut", "no finish reason")
    try:
        async for chunk in stream:
            if chunk.text:
                yield "text", chunk.text
            if found := chunk.response_metadata.get("finish_reason"):
                end = ("done", found)
    except ModelConnectionError as error:
        end = ("error", type(error).__name__)
    yield end


async def text_or_reason(stream: Any) -> Any:
    end = ("cut", "no finish reason")
    try:
        async for chunk in stream:
            if found := chunk.response_metadata.get("finish_reason"):
                end = ("done", found)
            elif chunk.text:
                yield "text", chunk.text
    except Exception as error:
        end = ("error", type(error).__name__)
    yield end


async def sends_texts_alone(stream: Any) -> Any:
    async for chunk in stream:
        yield chunk.text


async def returns_a_list(stream: Any) -> Any:
    return [("text", chunk.text) async for chunk in stream]


async def sends_empty_texts(stream: Any) -> Any:
    reason = None
    async for chunk in stream:
        reason = chunk.response_metadata.get("finish_reason") or reason
        yield "text", chunk.text
    yield ("done", reason) if reason else ("cut", "no finish reason")
