"""Right answers in another style, and wrong ones that break the contract."""

import asyncio
import re
import time
from contextlib import aclosing
from typing import Any

from course_utils import (
    finish_of,
)
from course_utils.lessons import production_scale as scale


class ThrottleOfParts:
    def __init__(self, seconds, clock):
        self.seconds, self.clock, self.parts, self.last = seconds, clock, [], None

    def push(self, text):
        self.parts.append(text)
        due = self.last is None or self.clock.now() - self.last >= self.seconds
        if not due or not any(self.parts):
            return ""
        self.last = self.clock.now()
        return self.flush()

    def flush(self):
        text = "".join(self.parts)
        self.parts = []
        return text


class ThrottleByGrid(ThrottleOfParts):
    def push(self, text):
        self.parts.append(text)
        now = self.clock.now()
        if self.last is None:
            self.last = now - self.seconds
        if now - self.last < self.seconds or not any(self.parts):
            return ""
        self.last += self.seconds
        return self.flush()


class ThrottleOfRealTime(ThrottleOfParts):
    def push(self, text):
        self.parts.append(text)
        if self.last is not None and time.monotonic() - self.last < self.seconds:
            return ""
        self.last = time.monotonic()
        return self.flush()


class ThrottleThatSleeps(ThrottleOfParts):
    def push(self, text):
        if self.last is not None:
            self.clock.sleep(max(0, self.last + self.seconds - self.clock.now()))
        self.last = self.clock.now()
        return text


class ThrottleShared(ThrottleOfParts):
    shared: list[str] = []

    def __init__(self, seconds, clock):
        super().__init__(seconds, clock)
        self.parts = self.shared

    def flush(self):
        text = "".join(self.parts)
        self.parts.clear()
        return text


def cached_with_a_list(model, prompt, store):
    kept = store.get(prompt)
    if kept is not None:
        for text in kept:
            yield text
        return
    pieces, ended = [], None
    for chunk in model.stream(prompt):
        pieces.append(chunk.text)
        ended = finish_of(chunk) or ended
        yield chunk.text
    if ended and ended.whole:
        store[prompt] = tuple(pieces)


def cached_when_it_finishes(model, prompt, store):
    if prompt not in store:
        pieces = []
        for chunk in model.stream(prompt):
            pieces.append(chunk.text)
            yield chunk.text
            if (end := finish_of(chunk)) and end.whole:
                store[prompt] = pieces
    else:
        yield from store[prompt]


def cached_in_one_piece(model, prompt, store):
    if prompt in store:
        yield store[prompt]
        return
    text, end = "", None
    for chunk in model.stream(prompt):
        text += chunk.text
        end = finish_of(chunk) or end
        yield chunk.text
    if end and end.whole:
        store[prompt] = text


def cached_for_everyone(model, prompt, store):
    if store:
        yield from next(iter(store.values()))
        return
    yield from cached_with_a_list(model, prompt, store)


def cached_as_it_comes(model, prompt, store):
    if prompt in store:
        yield from store[prompt]
        return
    store[prompt], end = [], None
    try:
        for chunk in model.stream(prompt):
            store[prompt].append(chunk.text)
            end = finish_of(chunk) or end
            yield chunk.text
    finally:
        if not (end and end.whole):
            del store[prompt]


async def events_of_a_list(stream):
    said = []
    try:
        async for chunk in stream:
            if chunk.text:
                yield ("text", chunk.text)
            said.append(finish_of(chunk))
    except Exception as error:
        last = ("error", error.__class__.__name__)
    else:
        ends = [end.reason for end in said if end]
        last = ("done", ends[-1]) if ends else ("cut", "no finish reason")
    yield last


async def events_in_a_finally(stream):
    last = ("cut", "no finish reason")
    try:
        async for chunk in stream:
            if end := finish_of(chunk):
                last = ("done", end.reason)
            if chunk.text:
                yield "text", chunk.text
    except Exception as error:
        last = ("error", type(error).__name__)
    finally:
        yield last


async def events_that_stop_at_the_end(stream):
    try:
        async for chunk in stream:
            if chunk.text:
                yield "text", chunk.text
            if end := finish_of(chunk):
                yield "done", end.reason
                return
    except Exception as error:
        yield "error", type(error).__name__
        return
    yield "cut", "no finish reason"


async def events_of_text_or_end(stream):
    end = None
    try:
        async for chunk in stream:
            if finish_of(chunk):
                end = finish_of(chunk)
            elif chunk.text:
                yield "text", chunk.text
    except Exception as error:
        yield "error", type(error).__name__
        return
    yield ("done", end.reason) if end else ("cut", "no finish reason")


async def events_of_everything(stream):
    end = None
    try:
        async for chunk in stream:
            end = finish_of(chunk) or end
            if chunk.text:
                yield "text", chunk.text
    except BaseException as error:
        yield "error", type(error).__name__
        return
    yield ("done", end.reason) if end else ("cut", "no finish reason")


class SentencesByLetter:
    def __init__(self):
        self.rest = ""

    def push(self, text):
        found = ""
        for letter in text:
            self.rest += letter
            if self.rest[-2:] in (". ", "! ", "? "):
                found, self.rest = found + self.rest, ""
        return found

    def flush(self):
        found, self.rest = self.rest, ""
        return found


class SentencesBySplit(SentencesByLetter):
    def push(self, text):
        self.rest += text
        *whole, self.rest = re.split(r"(?<=[.!?]) ", self.rest)
        return " ".join(whole) + (" " if whole else "")


class SentencesAtAnySpace(SentencesByLetter):
    def push(self, text):
        self.rest += text
        *whole, self.rest = re.split(r"(?<=[.!?]\s)", self.rest)
        return "".join(whole)


class SentencesOneAtATime(SentencesByLetter):
    def push(self, text):
        self.rest += text
        found = re.search(r"[.!?] ", self.rest)
        if not found:
            return ""
        ready, self.rest = self.rest[: found.end()], self.rest[found.end() :]
        return ready


class SentencesWithinAPiece(SentencesByLetter):
    def push(self, text):
        ends = [found.end() for found in re.finditer(r"[.!?] ", text)]
        if not ends:
            self.rest += text
            return ""
        ready, self.rest = self.rest + text[: ends[-1]], text[ends[-1] :]
        return ready


async def ask_all_with_a_group(model, questions, slots):
    room, answers = asyncio.Semaphore(slots), {}

    async def one(number, question):
        parts = []
        async with room:
            try:
                async for chunk in model.astream(question):
                    parts.append(chunk.text)
                answers[number] = ("".join(parts), None)
            except Exception as error:
                answers[number] = ("".join(parts), error)

    async with asyncio.TaskGroup() as group:
        for pair in enumerate(questions):
            group.create_task(one(*pair))
    return [answers[number] for number in range(len(questions))]


async def ask_all_by_workers(model, questions, slots):
    answers = [None] * len(questions)
    waiting = iter(list(enumerate(questions)))

    async def work():
        for number, question in waiting:
            text = ""
            try:
                async for chunk in model.astream(question):
                    text += chunk.text
                answers[number] = (text, None)
            except Exception as error:
                answers[number] = (text, error)

    workers = [asyncio.create_task(work()) for _ in range(slots)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return answers


async def ask_all_in_batches(model, questions, slots):
    answers = []
    for start in range(0, len(questions), slots):
        some = questions[start : start + slots]
        answers += await ask_all_with_a_group(model, some, slots)
    return answers


async def ask_all_without_the_half(model, questions, slots):
    found = await ask_all_with_a_group(model, questions, slots)
    return [(text if error is None else "", error) for text, error in found]


async def ask_all_in_a_dict(model, questions, slots):
    found = {}
    for question, answer in zip(
        questions, await ask_all_with_a_group(model, questions, slots), strict=True
    ):
        found[question] = answer
    return list(found.values())


async def ask_all_shielded(model, questions, slots):
    return await asyncio.shield(ask_all_with_a_group(model, questions, slots))


async def hand_over_with_marks(stream, maxsize):
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize)

    async def read():
        try:
            async for item in stream:
                await queue.put(("item", item))
        except Exception as error:
            await queue.put(("error", error))
        except asyncio.CancelledError as error:
            if not leaving:
                await queue.put(("error", error))
            raise
        else:
            await queue.put(("end", None))

    leaving = False
    task = asyncio.create_task(read())
    try:
        while True:
            kind, thing = await queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise thing
            yield thing
    finally:
        leaving = True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stream.aclose()


async def hand_over_until_none(stream, maxsize):
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize)

    async def read():
        async for item in stream:
            await queue.put(item)
        await queue.put(None)

    task = asyncio.create_task(read())
    try:
        while (item := await queue.get()) is not None:
            yield item
    finally:
        task.cancel()
        await stream.aclose()


async def hand_over_without_a_bound(stream, maxsize):
    queue: asyncio.Queue[Any] = asyncio.Queue()

    async def read():
        try:
            async for item in stream:
                queue.put_nowait((item, None))
        except Exception as error:
            queue.put_nowait((None, error))
        queue.put_nowait((None, StopAsyncIteration()))

    task = asyncio.create_task(read())
    try:
        while True:
            item, error = await queue.get()
            if isinstance(error, StopAsyncIteration):
                return
            if error:
                raise error
            yield item
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stream.aclose()


async def hand_over_directly(stream, maxsize):
    async with aclosing(stream):
        async for item in stream:
            yield item


RIGHT: list[tuple[Any, Any]] = [
    (scale.token_throttle, ThrottleOfParts),
    (scale.stream_cached, cached_with_a_list),
    (scale.stream_cached, cached_when_it_finishes),
    (scale.honest_events, events_of_a_list),
    (scale.sentences, SentencesByLetter),
    (scale.sentences, SentencesBySplit),
    (scale.ask_all, ask_all_with_a_group),
    (scale.ask_all, ask_all_by_workers),
    (scale.hand_over, hand_over_with_marks),
]
WRONG: list[tuple[Any, Any]] = [
    (scale.token_throttle, ThrottleByGrid),
    (scale.token_throttle, ThrottleOfRealTime),
    (scale.token_throttle, ThrottleThatSleeps),
    (scale.token_throttle, ThrottleShared),
    (scale.stream_cached, cached_in_one_piece),
    (scale.stream_cached, cached_for_everyone),
    (scale.stream_cached, cached_as_it_comes),
    (scale.honest_events, events_in_a_finally),
    (scale.honest_events, events_that_stop_at_the_end),
    (scale.honest_events, events_of_text_or_end),
    (scale.honest_events, events_of_everything),
    (scale.sentences, SentencesAtAnySpace),
    (scale.sentences, SentencesOneAtATime),
    (scale.sentences, SentencesWithinAPiece),
    (scale.ask_all, ask_all_in_batches),
    (scale.ask_all, ask_all_without_the_half),
    (scale.ask_all, ask_all_in_a_dict),
    (scale.ask_all, ask_all_shielded),
    (scale.hand_over, hand_over_until_none),
    (scale.hand_over, hand_over_without_a_bound),
    (scale.hand_over, hand_over_directly),
]
