"""The exercises of notebook 5: right answers pass, wrong ones are told why."""

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from fastapi import FastAPI
from langchain_core.exceptions import ModelError

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.lessons import production_scale as lesson
from course_utils.lessons.production_scale import solutions
from course_utils.serving import sse_response
from tests.lessons.answers.production_scale import (
    BySplitting,
    EndsAtTheComma,
    EndsAtTheDot,
    KeepsWhatItFlushes,
    ListThrottle,
    LooksAtThePieceOnly,
    LosesWhatItHolds,
    NeverCounts,
    NeverFlushes,
    OnAFixedGrid,
    RepeatsTheWhole,
    ReturnsNothing,
    SharedByAll,
    StripsTheRest,
    WaitsALittleMore,
    WaitsForTheFirst,
    always_done,
    by_polling,
    catches_everything,
    collects_first,
    ends_in_finally,
    hands_over,
    keeps,
    keeps_everything,
    keeps_limited_answers,
    keeps_the_last_reason,
    keeps_the_model_running,
    keeps_tuples,
    knows_one_error,
    loses_the_error,
    never_keeps,
    never_says_that_it_broke,
    passes_through,
    queue_without_end,
    replays_in_one_piece,
    returns_a_list,
    sends_empty_texts,
    sends_texts_alone,
    skips_the_first,
    takes_the_reason_for_the_end,
    text_or_reason,
    two_ends,
    with_a_sentinel,
)
from tests.lessons.answers.production_scale_at_work import (
    ByNextUpdate,
    ByRfind,
    CountsFromBirth,
    EmptyIsAnUpdate,
    EndsAtAnyBlank,
    EndsBeforeCapitals,
    FlushedForEver,
    JoinsBlanks,
    KnowsOnePause,
    OneFirstText,
    OneSentenceAPush,
    StripsAtAnUpdate,
    caches,
    closes_only_in_peace,
    events,
    keeps_a_message,
    one_behind,
    remembers_reasons,
    renames_the_error,
    shares_a_queue,
    skips_what_is_false,
    tells_the_error_first,
    without_repeats,
)
from tests.lessons.answers.production_scale_twenty import (
    GivenThrottle,
    HalfMended,
    MendedButForTheGrid,
    all_at_once,
    as_they_end,
    by_question,
    by_workers,
    drops_the_half,
    in_a_group,
    in_batches,
    one_by_one,
    raises,
    reads_content,
    room_for_the_call_only,
    runs_on,
    swallows_the_cancel,
    tells_the_name,
)
from tests.support.exercise_rules import (
    ClassStub,
    ExerciseRules,
    async_generator_stub,
    async_stub,
    generator_stub,
)

EXERCISES = [
    lesson.token_throttle,
    lesson.sentences,
    lesson.stream_cached,
    lesson.hand_over,
    lesson.honest_events,
    lesson.ask_all,
]

CUT = ("cut", "no finish reason")


RIGHT = [
    (lesson.ask_all, in_a_group),
    (lesson.ask_all, by_workers),
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
    (lesson.ask_all, one_by_one, "read side by side"),
    (lesson.ask_all, all_at_once, "a slot is free when its stream has ended"),
    (lesson.ask_all, in_batches, "begin the next question as soon as"),
    (lesson.ask_all, drops_the_half, "pair 7 is ('',"),
    (lesson.ask_all, raises, "put the error into its pair"),
    (lesson.ask_all, as_they_end, "not ("),
    (lesson.ask_all, by_question, "the list has 1 of 2 pairs"),
    (lesson.ask_all, room_for_the_call_only, "a slot is free when"),
    (lesson.ask_all, runs_on, "its streams are still open"),
    (lesson.ask_all, swallows_the_cancel, "let that error pass"),
    (lesson.ask_all, tells_the_name, "pair 7"),
    (lesson.ask_all, reads_content, "pair 7"),
    (lesson.token_throttle, HalfMended, "the last update was at 1.375 s"),
    (lesson.token_throttle, MendedButForTheGrid, "too early"),
    (lesson.token_throttle, EmptyIsAnUpdate, "an empty text is no update"),
    (lesson.token_throttle, KnowsOnePause, "With `seconds=1`"),
    (lesson.token_throttle, CountsFromBirth, "and text is due"),
    (
        lesson.token_throttle,
        StripsAtAnUpdate,
        "With `seconds=0` each text goes at once",
    ),
    (lesson.token_throttle, OneFirstText, "so the next one is the first"),
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
    (lesson.hand_over, renames_the_error, "hand on every item, then that error"),
    (lesson.hand_over, skips_what_is_false, "came out as"),
    (lesson.hand_over, tells_the_error_first, "Its reader got []"),
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
    (lesson.sentences, LooksAtThePieceOnly, "one sentence is complete"),
    (lesson.sentences, NeverFlushes, "flush()"),
    (lesson.sentences, EndsAtTheComma, "push"),
    (lesson.sentences, StripsTheRest, "flush()"),
    (lesson.stream_cached, keeps_everything, "after a cut"),
    (lesson.stream_cached, keeps_limited_answers, "after a token limit"),
    (lesson.stream_cached, replays_in_one_piece, "in the pieces"),
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
    (lesson.hand_over, loses_the_error, "and no error: hand on"),
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
    GivenThrottle,
    ClassStub,
    generator_stub,
    async_generator_stub,
    async_generator_stub,
    async_stub,
]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS
    repairs: ClassVar = [lesson.token_throttle]


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


def test_without_its_page_a_saved_table_is_empty(tmp_path) -> None:
    missing = tmp_path / "page.md"
    assert lesson.display_costs(2000, missing).rows == ()
    assert lesson.worker_faults(missing).rows == ()
    assert lesson.proxy_faults(missing).rows == ()


def test_the_faults_of_workers_and_proxies_are_read_from_the_bad_day() -> None:
    faults = {row[0]: row[1] for row in lesson.worker_faults().rows}
    assert faults["Redis is away"] == "done"
    assert "error" in faults["the worker is killed"]
    ends = {(row[0], row[1]): row[3] for row in lesson.proxy_faults().rows}
    assert ends["nginx-default.conf", "plain"] == "a success"
    assert ends["nginx.conf", "plain"] == "an error"


@pytest.mark.slow
def test_after_tuning_a_full_collection_searches_less_in_less_time() -> None:
    before, after = lesson.collector_pauses().rows
    assert (before[1], after[1]) == ("over 100,000", "under 10,000")
    assert float(before[3].removesuffix(" ms")) > 10
    assert after[3] == "under 1 ms"


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
