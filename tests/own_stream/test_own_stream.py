"""own_stream: the model stops with its reader, however that one leaves."""

import asyncio
import threading
from contextlib import suppress

import anyio
import pytest
from langchain_core.exceptions import ModelConnectionError
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda, RunnableParallel

from course_utils.cache import cached
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.own_stream import own_stream
from tests.support.asking import no_threads_left
from tests.support.made_streams import (
    ASYNC,
    LONG,
    SYNC,
    async_streams,
    no_other_tasks,
    pick,
    sync_streams,
)
from tests.support.watched import WatchedModel

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)


# What the models underneath said of their ends

ENDS = {
    "whole": (Reply("One two three."), True, "stop"),
    "length": (Reply("One two three.", length_after=2), False, "length"),
    "filtered": (Reply("One two three.", filter_after=2), False, "content_filter"),
    "cut": (Reply("One two three.", cut_after=2), False, None),
    "broken": (Reply("One two three.", drop_after=2), False, None),
}
each_end = pytest.mark.parametrize("end", ENDS)


def judged(items, end):
    decisive = items.ends.decisive
    assert (items.ends.whole, decisive and decisive.reason) == ENDS[end][1:]


@each_end
@pytest.mark.parametrize("around", [lambda m: m, cached], ids=["", "cached"])
@pytest.mark.parametrize("kind", SYNC)
def test_an_owner_knows_how_each_model_of_a_sync_stream_ended(kind, around, end):
    model = around(FakeStreamingChatModel(replies=[ENDS[end][0]]))
    with (
        suppress(ModelConnectionError),
        own_stream(pick(sync_streams(model), kind)) as items,
    ):
        for _ in items:
            pass
    judged(items, end)


@each_end
@pytest.mark.parametrize("around", [lambda m: m, cached], ids=["", "cached"])
# Whoever leaves a v3 run at the end of its text leaves before the model said its end.
@pytest.mark.parametrize("kind", [kind for kind in ASYNC if kind != "v3"])
async def test_an_owner_knows_how_each_model_of_an_async_stream_ended(
    kind, around, end
):
    model = around(FakeStreamingChatModel(replies=[ENDS[end][0]]))
    with suppress(ModelConnectionError):
        async with own_stream(pick(async_streams(model), kind)) as items:
            async for _ in items:
                pass
    judged(items, end)


# own_stream, sync


@pytest.mark.parametrize("kind", SYNC)
def test_an_owned_sync_stream_yields_what_the_stream_yields(kind):
    model = FakeStreamingChatModel(replies="One two three.")
    expected = [str(item) for item in pick(sync_streams(model), "chain")]
    with own_stream(pick(sync_streams(model), kind)) as items:
        texts = [text_in(item) for item in items]
    assert "".join(texts) == "".join(expected)


def text_in(item):
    item = item[0] if isinstance(item, tuple) else item
    return item if isinstance(item, str) else item.text


@pytest.mark.parametrize("kind", SYNC)
def test_leaving_a_sync_stream_stops_its_model(kind):
    model = WatchedModel(replies=LONG, per_token=0.1)
    with own_stream(pick(sync_streams(model), kind)) as items:
        for number, _ in enumerate(items):
            if number == 4:
                break
    assert model.wait_closed()
    assert model.log[0].outcome == "closed by reader"
    assert model.log[0].tokens_sent < 10


def test_an_error_in_the_block_stops_the_model_and_goes_on():
    model = WatchedModel(replies=LONG)
    stream = (model | StrOutputParser()).stream("Hi")
    with pytest.raises(ZeroDivisionError), own_stream(stream) as items:
        next(items)
        _ = 1 / 0
    assert model.log[0].tokens_sent < 10


def test_a_stopped_model_is_not_asked_again():
    clock = VirtualClock()
    model = FakeStreamingChatModel(replies=LONG, clock=clock)
    backup = FakeStreamingChatModel(replies="backup", clock=clock)
    chain = model.with_retry().with_fallbacks([backup]) | StrOutputParser()
    with own_stream(chain.stream("Hi")) as items:
        next(items)
    assert len(model.log) == 1
    assert backup.log == []


def test_a_sync_agent_waits_for_its_reader():
    model = FakeStreamingChatModel(replies=LONG, per_token=0.02)
    with own_stream(pick(sync_streams(model), "agent")) as items:
        for _ in range(5):
            next(items)
        model.clock.sleep(4.0)  # the model's thread could send 200 tokens meanwhile
        assert model.log[0].tokens_sent < 50


def test_a_sync_stream_that_fails_fails_in_the_block():
    model = FakeStreamingChatModel(replies=Reply("One two", drop_after=1))
    with pytest.raises(ModelConnectionError), own_stream(model.stream("Hi")) as items:
        list(items)


def test_a_stream_inside_a_stream_stops_with_the_outer_one():
    model = WatchedModel(replies=LONG)

    def inner():
        with own_stream((model | StrOutputParser()).stream("Hi")) as items:
            yield from items

    with own_stream(inner()) as items:
        next(items)
    assert model.wait_closed()
    assert model.log[0].tokens_sent < 10


def test_no_threads_are_left_by_abandoned_sync_streams():
    model = FakeStreamingChatModel(replies=LONG)
    for kind in SYNC:
        with own_stream(pick(sync_streams(model), kind)) as items:
            next(items)
    with no_threads_left():
        for kind in SYNC * 20:
            with own_stream(pick(sync_streams(model), kind)) as items:
                next(items)


# own_stream, async


@pytest.mark.parametrize("kind", ASYNC)
async def test_an_owned_async_stream_yields_what_the_stream_yields(kind):
    model = FakeStreamingChatModel(replies="One two three.")
    expected = [item async for item in pick(async_streams(model), kind)]
    async with own_stream(pick(async_streams(model), kind)) as items:
        got = [item async for item in items]
    assert len(got) == len(expected)
    await no_other_tasks()


@pytest.mark.parametrize("kind", ASYNC)
async def test_leaving_an_async_stream_stops_its_model_in_mid_stall(kind):
    model = WatchedModel(replies=Reply(LONG, stall_after=20))
    async with own_stream(pick(async_streams(model), kind)) as items:
        for _ in range(4):
            await anext(items)
    assert await asyncio.to_thread(model.wait_closed)
    assert model.log[0].outcome == "closed by reader"
    await no_other_tasks()


@pytest.mark.parametrize("kind", ASYNC)
async def test_models_wait_for_their_reader(kind):
    model = FakeStreamingChatModel(replies=LONG)
    async with own_stream(pick(async_streams(model), kind)) as items:
        for _ in range(8):
            await anext(items)
        for _ in range(1000):  # time enough for the whole answer
            await asyncio.sleep(0)
        assert model.log[0].tokens_sent <= 14
        rest = [item async for item in items]
    assert len(rest) > 400


@pytest.mark.parametrize("kind", ASYNC)
async def test_a_cancel_scope_stops_the_model(kind):
    # What a web server does when its client leaves; LangGraph alone does not stop.
    model = WatchedModel(replies=Reply(LONG, stall_after=20))
    started = asyncio.Event()

    async def serve():
        async with own_stream(pick(async_streams(model), kind)) as items:
            async for _ in items:
                started.set()

    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        await started.wait()
        group.cancel_scope.cancel()
    assert await asyncio.to_thread(model.wait_closed)
    await no_other_tasks()


async def test_a_cancelled_reader_stops_the_model():
    model = WatchedModel(replies=Reply(LONG, stall_after=3))
    started = asyncio.Event()

    async def read():
        async with own_stream(pick(async_streams(model), "agent")) as items:
            async for _ in items:
                started.set()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert await asyncio.to_thread(model.wait_closed)
    await no_other_tasks()


async def test_an_async_stream_that_fails_fails_in_the_block():
    model = FakeStreamingChatModel(replies=Reply("One two", drop_after=1))
    with pytest.raises(ModelConnectionError):
        async with own_stream(model.astream("Hi")) as items:
            [item async for item in items]


async def test_a_stream_that_cancels_itself_does_not_hang_its_reader():
    async def stream():
        yield "One"
        raise asyncio.CancelledError

    seen = []
    with pytest.raises(asyncio.CancelledError):
        async with own_stream(stream()) as items:
            async for item in items:
                seen.append(item)
    assert seen == ["One"]


async def test_an_ended_stream_stays_ended():
    async with own_stream(FakeStreamingChatModel(replies="Hi").astream("Hi")) as items:
        assert [item async for item in items]
        assert [item async for item in items] == []


async def test_a_stream_must_be_entered_first():
    model = FakeStreamingChatModel()
    with pytest.raises(RuntimeError, match="has not begun: write `async with"):
        await anext(own_stream(model.astream("Hi")))
    with pytest.raises(RuntimeError, match="has not begun: write `with"):
        next(own_stream(model.stream("Hi")))


def test_a_forgotten_sync_agent_does_not_wait_for_ever():
    model = WatchedModel(replies=LONG, per_token=0.02)
    items = own_stream(pick(sync_streams(model), "agent")).__enter__()
    next(items)
    del items  # as when a cell is run again, without the block's end
    assert model.wait_closed()
    assert model.log[0].tokens_sent < 50


async def test_an_owned_stream_that_was_left_has_ended():
    async with own_stream(FakeStreamingChatModel().astream("Hi")) as items:
        await anext(items)
    assert [item async for item in items] == []


async def test_a_queue_may_hold_more_items():
    model = FakeStreamingChatModel(replies=LONG)
    async with own_stream(model.astream("Hi"), maxsize=50) as items:
        await anext(items)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert 50 <= model.log[0].tokens_sent <= 55


@pytest.mark.parametrize("stream", [None, "text", FakeStreamingChatModel(), {}])
def test_what_is_no_stream_is_refused_at_the_door(stream):
    with pytest.raises(TypeError, match=r"own_stream\(\) needs a stream, got"):
        own_stream(stream)


def test_a_queue_for_nothing_is_refused():
    with pytest.raises(ValueError, match="got 0: use 1"):
        own_stream(iter([]), maxsize=0)


async def test_a_sync_model_under_an_async_stream_stops_at_its_next_token():
    model = WatchedModel(replies=LONG, per_token=0.02)
    heard = threading.Event()

    def call(question):
        for _ in model.stream(question):
            heard.set()
        return "never"

    async with own_stream(RunnableLambda(call).astream("Hi")):
        await asyncio.to_thread(heard.wait)
    assert await asyncio.to_thread(model.wait_closed)
    assert model.log[0].tokens_sent < 400


async def test_parallel_models_share_one_stream_without_a_deadlock():
    models = {
        name: FakeStreamingChatModel(replies=LONG) | StrOutputParser() for name in "ab"
    }
    async with own_stream(RunnableParallel(models).astream("Hi")) as items:
        parts = [item async for item in items]
    assert "".join(part.get("a", "") for part in parts) == LONG
