"""The exercises of notebook 5: right answers pass, wrong ones are told why."""

import asyncio
import re
from typing import Any

from fastapi import FastAPI

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


async def leaves_the_task(stream: Any, maxsize: Any) -> Any:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize)

    async def fill() -> None:
        try:
            async for item in stream:
                await queue.put(item)
            await queue.put(None)
        except Exception as error:
            await queue.put(error)

    task = asyncio.create_task(fill())
    TASKS.append(task)
    while (item := await queue.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield item


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
    (lesson.honest_events, keeps_the_last_reason),
]
WRONG = [
    (lesson.token_throttle, WaitsForTheFirst, "push('a')"),
    (lesson.token_throttle, LosesWhatItHolds, "push('d')"),
    (lesson.token_throttle, NeverCounts, "push('b') at 0.125 s` gave 'b': too early"),
    (lesson.token_throttle, WaitsALittleMore, "push('d')"),
    (lesson.token_throttle, KeepsWhatItFlushes, "is the buffer empty"),
    (lesson.sentences, EndsAtTheDot, "push"),
    (lesson.sentences, LooksAtThePieceOnly, "push"),
    (lesson.sentences, NeverFlushes, "flush()"),
    (lesson.stream_cached, keeps_everything, "after a cut"),
    (lesson.stream_cached, keeps_limited_answers, "after a token limit"),
    (lesson.stream_cached, replays_in_one_piece, "The pieces differ"),
    (lesson.stream_cached, never_keeps, "second time"),
    (lesson.hand_over, passes_through, "Nothing was read ahead"),
    (lesson.hand_over, queue_without_end, "read ahead"),
    (lesson.hand_over, loses_the_error, "broken stream"),
    (lesson.hand_over, leaves_the_task, "The reader left"),
    (lesson.honest_events, always_done, "the last event"),
    (lesson.honest_events, two_ends, "the last event"),
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
