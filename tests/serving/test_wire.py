"""sse_events and sse_body: what an app builds its own response of."""

import asyncio
import gc
import json
import logging

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda, RunnableParallel

from course_utils.buffering import TextParser, WordBuffer, buffered
from course_utils.cache import cached
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.reliability import reliable
from course_utils.serving import Event, read_sse, sse_body, sse_events, tune_gc
from tests.support.watched import WatchedModel


def fake(reply="One two three."):
    return FakeStreamingChatModel(replies=reply, clock=VirtualClock())


async def told(stream, **options):
    return [
        (event.event, json.loads(event.data))
        async for event in sse_events(stream, **options)
    ]


BEHIND = {
    "a parser": lambda model: model | StrOutputParser(),
    "our parser": lambda model: model | TextParser(),
    "a buffer": lambda model: model | TextParser() | buffered(WordBuffer),
    "reliable": lambda model: reliable(model) | TextParser(),
    "cached": lambda model: cached(reliable(model)) | TextParser(),
    "a function": lambda model: RunnableLambda(lambda q: model.invoke(q).text),
}
behind = pytest.mark.parametrize("wrap", BEHIND.values(), ids=BEHIND.keys())
both = pytest.mark.parametrize("way", ["stream", "astream"])


@behind
@both
async def test_the_last_event_tells_finish_reason_and_usage_behind_anything(wrap, way):
    (_, plain) = (await told(fake().astream("Hi")))[-1]
    assert plain["usage"]["output_tokens"] == 4
    events = await told(getattr(wrap(fake()), way)("Hi"))
    assert events[-1] == ("done", plain)


async def test_the_usage_of_models_that_speak_at_once_is_added_up():
    branches = {name: fake() | TextParser() for name in "ab"}
    (_, one) = (await told(fake().astream("Hi")))[-1]
    events = await told(RunnableParallel(branches).astream("Hi"))
    assert events[-1][1]["usage"] == {k: 2 * n for k, n in one["usage"].items()}


async def test_a_limit_is_told_with_its_usage():
    reply = Reply("One two three.", finish_reason="length")
    events = await told((fake(reply) | TextParser()).astream("Hi"))
    assert events[-1][1]["finish_reason"] == "length"
    assert events[-1][1]["usage"]["output_tokens"] == 4


async def test_a_broken_answer_says_what_is_known_of_its_bill():
    reply = Reply("One two three.", drop_after=2)
    name, fields = (await told((fake(reply) | TextParser()).astream("Hi")))[-1]
    assert (name, fields["type"]) == ("error", "ModelConnectionError")
    assert fields["usage"] is None


async def test_an_app_says_what_becomes_of_an_errors_text(caplog):
    noted = []

    async def stream():
        yield "One"
        raise ValueError("the question was: secret")

    with caplog.at_level(logging.DEBUG):
        events = await told(stream(), note=noted.append, explain=lambda e: "Sorry.")
    assert events[-1][1]["message"] == "Sorry."
    assert [str(error) for error in noted] == ["the question was: secret"]
    assert "secret" not in caplog.text


async def test_closing_the_events_stops_the_model():
    model = WatchedModel(replies="a " * 500, clock=VirtualClock())
    events = sse_events((model | TextParser()).astream("Hi"))
    await anext(events)
    await events.aclose()
    assert await asyncio.to_thread(model.wait_closed)
    assert model.log[0].outcome == "closed by reader"


def test_what_is_no_stream_is_refused_before_anything_is_sent():
    with pytest.raises(TypeError, match=r"sse_events\(\) needs a stream, got str"):
        sse_events("Hi")


async def test_a_body_is_what_the_events_say():
    events = [Event("text", "Hi", "a.1"), Event("done", "{}", "a.2")]

    async def some():
        for event in events:
            yield event

    body = "".join([part async for part in sse_body(some())])
    assert list(read_sse(body.split("\n"))) == events


async def test_leaving_a_body_closes_its_events():
    closed = asyncio.Event()

    async def endless():
        try:
            while True:
                yield Event("text", "Hi")
        finally:
            closed.set()

    body = sse_body(endless())
    await anext(body)
    await body.aclose()
    assert closed.is_set()


def test_a_tuned_collector_leaves_alone_what_start_up_has_made():
    before = gc.get_threshold()
    try:
        tune_gc()
        assert gc.get_freeze_count() > 1000
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
