"""The exercises of notebook 5: right answers pass, wrong ones are told why."""

import asyncio
import re
from contextlib import nullcontext, suppress
from typing import Any, ClassVar

from fastapi import FastAPI
from langchain_core.exceptions import ModelConnectionError

from course_utils.clock import VirtualClock
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.lessons import production_scale as lesson
from course_utils.replies import Reply
from course_utils.serving import sse_response
from tests.exercise_rules import (
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


class ListThrottle:
    def __init__(self, seconds: Any, clock: Any) -> None:
        self.seconds, self.clock = seconds, clock
        self.parts: list[str] = []
        self.last: float | None = None

    def push(self, text: Any) -> Any:
        self.parts.append(text)
        now = self.clock.now()
        if self.last is None or now - self.last >= self.seconds:
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
    cancel: bool = True,
    awaited: bool = True,
    close: bool = True,
) -> Any:
    """An answer to the fourth exercise that is right but for one slip."""

    async def hand_over(stream: Any, maxsize: Any) -> Any:
        queue: asyncio.Queue[Any] = asyncio.Queue(size(maxsize))
        end = None if until_empty else object()

        async def fill() -> None:
            try:
                async for item in stream:
                    await queue.put(item.text if texts else item)
            except Exception as error:
                await queue.put(error)
            await queue.put(end)

        task = asyncio.create_task(fill())
        TASKS.append(task)
        try:
            while True:
                item = await queue.get()
                if item is end or (until_empty and not item):
                    return
                if isinstance(item, Exception):
                    raise item
                yield item
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
    end = ("error", "cut")
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
    yield ("done", reason) if reason else ("error", "cut")


async def collects_first(stream: Any) -> Any:
    for event in [event async for event in keeps_the_last_reason(stream)]:
        yield event


async def catches_everything(stream: Any) -> Any:
    end = ("error", "cut")
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
    end = ("error", "cut")
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
    end = ("error", "cut")
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
    end = ("error", "cut")
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
    yield ("done", reason) if reason else ("error", "cut")


RIGHT = [
    (lesson.token_throttle, ListThrottle),
    (lesson.sentences, BySplitting),
    (lesson.stream_cached, keeps_tuples),
    (lesson.hand_over, with_a_sentinel),
    (lesson.hand_over, by_polling),
    (lesson.hand_over, hands_over()),
    (lesson.honest_events, keeps_the_last_reason),
]
WRONG = [
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
    (lesson.stream_cached, keeps(spent=True), "The third time, the text"),
    (lesson.stream_cached, keeps(elsewhere={}), "The store has no 'Which way?'"),
    (lesson.hand_over, passes_through, "nothing was read ahead"),
    (lesson.hand_over, queue_without_end, "read ahead"),
    (lesson.hand_over, loses_the_error, "broken stream"),
    (lesson.hand_over, hands_over(lambda m: 2 * m), "3 were read ahead. At most 1"),
    (lesson.hand_over, hands_over(lambda m: m + 1), "3 were read ahead. At most 1"),
    (lesson.hand_over, hands_over(lambda m: 4), "5 were read ahead. At most 1"),
    (lesson.hand_over, hands_over(lambda m: 1), "only 2 were read ahead, 10 may be"),
    (lesson.hand_over, hands_over(until_empty=True), "ended after 0"),
    (lesson.hand_over, skips_the_first, "came out as [0, None, 'x']"),
    (lesson.hand_over, never_says_that_it_broke, "its reader still waits"),
    (lesson.hand_over, hands_over(texts=True), "raised AttributeError"),
    (lesson.hand_over, hands_over(cancel=False), "your task runs on: cancel it"),
    (lesson.hand_over, hands_over(close=False), "the stream is still open"),
    (lesson.hand_over, hands_over(awaited=False), "Await the cancelled task"),
    (lesson.honest_events, always_done, "the last event"),
    (lesson.honest_events, two_ends, "the last event"),
    (lesson.honest_events, text_or_reason, "' left' had the finish reason, too"),
    (lesson.honest_events, collects_first, "after 20 tokens of 20"),
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
    monkeypatch.setattr(lesson, "MEASURED", tmp_path / "live.md")
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
