"""The exercises of notebook 5: right answers pass, wrong ones are told why."""

import asyncio
import re
import time
from contextlib import nullcontext, suppress
from typing import Any, ClassVar

from fastapi import FastAPI
from langchain_core.exceptions import ModelConnectionError, ModelError

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.finish import finish_of
from course_utils.lessons import production_scale as lesson
from course_utils.lessons.production_scale import costs, solutions
from course_utils.serving import sse_response
from tests.support.exercise_rules import (
    ClassStub,
    ExerciseRules,
    async_generator_stub,
    generator_stub,
)

EXERCISES = [
    lesson.token_throttle,
    lesson.sentences,
    lesson.stream_cached,
    lesson.hand_over,
    lesson.honest_events,
]

CUT = ("cut", "no finish reason")


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
    end = CUT
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
    yield ("done", reason) if reason else CUT


async def collects_first(stream: Any) -> Any:
    for event in [event async for event in keeps_the_last_reason(stream)]:
        yield event


async def catches_everything(stream: Any) -> Any:
    end = CUT
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
    end = CUT
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
    end = CUT
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
    end = CUT
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
    yield ("done", reason) if reason else CUT


# What somebody writes at work


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
    end: Any = lambda reason: ("done", reason) if reason else CUT,
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
        yield ("done", REASONS[-1]) if REASONS else CUT


RIGHT = [
    (lesson.token_throttle, ByNextUpdate),
    (lesson.sentences, ByRfind),
    (lesson.stream_cached, caches()),
    (lesson.stream_cached, keeps_a_message),
    (lesson.honest_events, events()),
    (lesson.token_throttle, ListThrottle),
    (lesson.sentences, BySplitting),
    (lesson.stream_cached, keeps_tuples),
    (lesson.hand_over, with_a_sentinel),
    (lesson.hand_over, by_polling),
    (lesson.hand_over, hands_over()),
    (lesson.honest_events, keeps_the_last_reason),
]
WRONG = [
    (lesson.token_throttle, EmptyIsAnUpdate, "an empty one before it is no update"),
    (lesson.token_throttle, KnowsOnePause, "With `seconds=1`"),
    (lesson.token_throttle, CountsFromBirth, "and text is due"),
    (
        lesson.token_throttle,
        StripsAtAnUpdate,
        "With `seconds=0` each text goes at once",
    ),
    (lesson.token_throttle, OneFirstText, "and text is due"),
    (lesson.sentences, EndsAtAnyBlank, "had left"),
    (lesson.sentences, EndsBeforeCapitals, "a sentence ends with"),
    (lesson.sentences, OneSentenceAPush, "Push of all at once"),
    (lesson.sentences, JoinsBlanks, "had left"),
    (lesson.sentences, FlushedForEver, "after a flush"),
    (lesson.stream_cached, caches(key=str.lower), "The store has no 'Which way?'"),
    (lesson.stream_cached, caches(key=str.strip), "For 'Which way? ', the text"),
    (lesson.stream_cached, caches(hit=dict.get), "an answer without text. Keep it."),
    (lesson.stream_cached, caches(anyhow=True), "Asked again after a cut"),
    (lesson.stream_cached, caches(at_once=True), "Two asked at once"),
    (
        lesson.stream_cached,
        caches(good=lambda reason: reason not in ("length", "content_filter")),
        "after a server that stopped",
    ),
    (lesson.stream_cached, caches(text=lambda chunk: chunk.content), "yield its text"),
    (lesson.stream_cached, caches(asks=str.strip), "It was given"),
    (lesson.hand_over, hands_over(raises=True), "an exception too"),
    (lesson.hand_over, shares_a_queue, "its reader still waits"),
    (lesson.hand_over, closes_only_in_peace, "Its reader was cancelled"),
    (lesson.hand_over, renames_the_error, "then its error, the Broke"),
    (lesson.hand_over, skips_what_is_false, "came out as"),
    (lesson.hand_over, tells_the_error_first, "first all of its items"),
    (lesson.honest_events, events(caught=ModelError), "It raised `Broke`"),
    (lesson.honest_events, events(name=repr), "the last event"),
    (lesson.honest_events, events(name=lambda error: "error"), "the last event"),
    (lesson.honest_events, events(stop=True), "With text after the finish reason"),
    (lesson.honest_events, events(nap=True), "calls `time.sleep`"),
    (lesson.honest_events, events(text=lambda c: c.text.strip()), "Only the blanks"),
    (
        lesson.honest_events,
        events(end=lambda r: ("done", r) if r == "stop" else CUT),
        "an answer at its limit, the last event",
    ),
    (lesson.honest_events, one_behind, "yield it sooner"),
    (lesson.honest_events, without_repeats, "Something in the middle"),
    (lesson.honest_events, remembers_reasons, "the last event: ('done'"),
    (lesson.token_throttle, WaitsForTheFirst, "push('a')"),
    (lesson.token_throttle, LosesWhatItHolds, "push('d')"),
    (lesson.token_throttle, NeverCounts, "`push('b')` at 0.125 s gave 'b': too early"),
    (lesson.token_throttle, OnAFixedGrid, "`push('h')` at 1.5 s gave 'h': too early"),
    (lesson.token_throttle, ReturnsNothing, "gave None: too early is"),
    (lesson.token_throttle, SharedByAll, "hold in `__init__`"),
    (lesson.token_throttle, RepeatsTheWhole, "Its beginning had come before."),
    (lesson.token_throttle, WaitsALittleMore, "push('d')"),
    (lesson.token_throttle, KeepsWhatItFlushes, "is the buffer empty"),
    (lesson.sentences, EndsAtTheDot, "push"),
    (lesson.sentences, LooksAtThePieceOnly, "push"),
    (lesson.sentences, NeverFlushes, "flush()"),
    (lesson.sentences, EndsAtTheComma, "push"),
    (lesson.sentences, StripsTheRest, "flush()"),
    (lesson.stream_cached, keeps_everything, "after a cut"),
    (lesson.stream_cached, keeps_limited_answers, "after a token limit"),
    (lesson.stream_cached, replays_in_one_piece, "The pieces differ"),
    (lesson.stream_cached, takes_the_reason_for_the_end, "text and the finish reason"),
    (lesson.stream_cached, never_keeps, "second time the model was asked again"),
    (lesson.stream_cached, keeps(late=True), "after 20 tokens of 20"),
    (lesson.stream_cached, keeps(quiet=True), "Let the error go on to the reader"),
    (lesson.stream_cached, keeps(("stop", "content_filter")), "after a filter"),
    (lesson.stream_cached, keeps(once=True), "third time the model was asked"),
    (lesson.stream_cached, keeps(spent=True), "the third time, the text: ''"),
    (lesson.stream_cached, keeps(elsewhere={}), "The store has no 'Which way?'"),
    (lesson.hand_over, passes_through, "nothing was read ahead"),
    (lesson.hand_over, queue_without_end, "read ahead"),
    (lesson.hand_over, loses_the_error, "broken stream"),
    (lesson.hand_over, hands_over(lambda m: 2 * m), "3 were read ahead. At most 1"),
    (lesson.hand_over, hands_over(lambda m: m + 1), "3 were read ahead. At most 1"),
    (lesson.hand_over, hands_over(lambda m: 4), "5 were read ahead. At most 1"),
    (lesson.hand_over, hands_over(lambda m: 1), "only 2 were read ahead, 10 may be"),
    (lesson.hand_over, hands_over(until_empty=True), "ended after 0"),
    (lesson.hand_over, skips_the_first, "came out as [0, None, 'x'"),
    (lesson.hand_over, never_says_that_it_broke, "its reader still waits"),
    (lesson.hand_over, hands_over(texts=True), "raised AttributeError"),
    (lesson.hand_over, hands_over(cancel=False), "your task runs on: cancel it"),
    (lesson.hand_over, hands_over(close=False), "the stream is still open"),
    (lesson.hand_over, hands_over(awaited=False), "Await the cancelled task"),
    (lesson.honest_events, always_done, "the last event"),
    (lesson.honest_events, two_ends, "the last event"),
    (lesson.honest_events, text_or_reason, "With text beside the finish reason"),
    (lesson.honest_events, collects_first, "came after 21 chunks"),
    (lesson.honest_events, catches_everything, "`Exception`, not `BaseException`"),
    (lesson.honest_events, ends_in_finally, "`yield` nothing in `finally`"),
    (lesson.honest_events, keeps_the_model_running, "the model is 'running'"),
    (lesson.honest_events, knows_one_error, "ModelAPIError"),
    (lesson.honest_events, sends_texts_alone, "yield pairs"),
    (lesson.honest_events, returns_a_list, "`yield` each event"),
    (lesson.honest_events, sends_empty_texts, "without text"),
]


STUBS: list[Any] = [
    ClassStub,
    ClassStub,
    generator_stub,
    async_generator_stub,
    async_generator_stub,
]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS


def test_sending_the_whole_text_grows_with_the_square_of_its_length() -> None:
    for way, growth in {"all, each token": 3.4, "new, throttled": 1.9}.items():
        short = lesson.screen_cost(way, tokens=2000)  # type: ignore[arg-type]
        long = lesson.screen_cost(way, tokens=4000)  # type: ignore[arg-type]
        assert long[0] == 2 * short[0]
        assert growth < long[1] / short[1] < growth + 0.5


def test_the_measured_cost_of_a_display_is_read_from_the_benchmark() -> None:
    shown = lesson.display_costs(2000)
    assert "show" in [row[0] for row in shown.rows]
    assert len(shown.rows) > 3
    assert all(row[3].endswith(" s") and float(row[2]) > 1 for row in shown.rows)


def test_without_the_benchmark_no_cost_is_told(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(costs, "MEASURED", tmp_path / "live.md")
    assert lesson.display_costs(2000).rows == ()


def test_a_stream_of_many_tokens_is_many_times_the_bytes_of_one_answer() -> None:
    short, long = lesson.wire_bytes("word"), lesson.wire_bytes("word " * 100)
    assert short[0] < short[1] < long[1]
    assert 20 * long[0] < long[1]


def test_it_is_time_to_update_at_once_and_then_after_so_many_seconds() -> None:
    clock = VirtualClock()
    time_to_update = lesson.every(0.5, clock)
    assert (time_to_update(), time_to_update()) == (True, False)
    clock.advance(0.5)
    assert (time_to_update(), time_to_update()) == (True, False)


async def test_a_reader_who_leaves_the_site_stops_the_model() -> None:
    app, model = FastAPI(), FakeStreamingChatModel(replies=Reply("a b", stall_after=1))

    @app.get("/")
    async def answer() -> Any:
        return sse_response(model.astream("Hi"))

    site = lesson.Site(app).start()
    try:
        with site.get("/") as response:
            assert response.readline() == b"event: text\n"
        await lesson.settled(model)
    finally:
        site.stop()
    assert model.log[0].outcome == "closed by reader"


def test_the_page_puts_tokens_in_as_text_and_never_as_html() -> None:
    page = lesson.page.body.decode()
    assert "innerHTML" not in page
    assert "answer.append(JSON.parse(event.data).text)" in page


async def test_a_stream_that_cancels_itself_does_not_hold_the_readers_of_the_solution():
    async def cancelled() -> Any:
        yield "one"
        raise asyncio.CancelledError("on purpose")

    got = []
    with suppress(asyncio.CancelledError):
        async with asyncio.timeout(5):
            async for item in solutions.hand_over(cancelled(), 2):
                got.append(item)
    assert got == ["one"]
