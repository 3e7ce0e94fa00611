"""sse_response: an honest end; the model stops with its reader."""

import asyncio
import gc
import json
import re
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.exceptions import ModelError
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.output_parsers import JsonOutputParser
from langchain_openai import ChatOpenAI
from openai import OpenAIError

from course_utils.cache import cached
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall
from course_utils.fake.server import FakeServer
from course_utils.own_stream import own_stream
from course_utils.serving import Event, ReplayBuffer, read_sse, sse_response
from tests.support.made_streams import (
    ASK,
    ASYNC,
    LONG,
    SYNC,
    async_streams,
    no_other_tasks,
    pick,
    sync_streams,
)
from tests.support.watched import PATIENCE, WatchedModel

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)


# server-sent events


@given(st.lists(st.tuples(st.sampled_from(["text", "done"]), st.text())))
def test_what_is_written_is_read(events):
    from course_utils.serving.sse import encode

    written = [
        Event(name, json.dumps({"text": text}), str(number))
        for number, (name, text) in enumerate(events, 1)
    ]
    wire = "".join(": comment\n\n" + encode(event) for event in written)
    assert list(read_sse(wire.split("\n"))) == written
    assert list(read_sse(wire.splitlines())) == written  # \x85 and the like are safe


async def test_an_event_cut_off_by_the_end_is_dropped():
    async def lines():
        for line in ["data: one\r\n", "\r\n", "data: two\r\n"]:
            yield line

    assert [event async for event in read_sse(lines())] == [Event(data="one")]


def test_lines_of_one_event_belong_together():
    lines = ["event: text", "data: a", "data:b", "id: 3", "retry: 100", ": x", ""]
    assert list(read_sse(lines)) == [Event("text", "a\nb", "3")]


# Each is a line's text by the standard, or its end; the event's data stands beside it.
ODD_LINES = {
    "a byte order mark": ("\ufeffdata: one\n\n", [Event(data="one")]),
    "a second byte order mark is text": (
        "\ufeffdata: \ufeffone\n\n",
        [Event(data="\ufeffone")],
    ),
    "an event without a name": ("event:\ndata: one\n\n", [Event(data="one")]),
    "returns alone": (
        "data: a\rdata: b\r\rdata: c\r\r",
        [Event(data="a\nb"), Event(data="c")],
    ),
    "a return and a line end": (
        "data: a\r\n\r\ndata: b\r\n\r\n",
        [Event(data="a"), Event(data="b")],
    ),
    "an id with a NUL": ("id: 1\nid: a\0b\ndata: one\n\n", [Event(data="one", id="1")]),
    "an empty id": ("id: 1\nid\ndata: one\n\n", [Event(data="one")]),
    "only a time to come back": ("retry: 10\n\ndata: one\n\n", [Event(data="one")]),
    "no data at all": (
        "event: x\n\nid: 2\n\ndata: one\n\n",
        [Event(data="one", id="2")],
    ),
    "an empty data": ("data\n\n", [Event(data="")]),
    "one space is no text, two are one": ("data:  one\n\n", [Event(data=" one")]),
    **{
        f"U+{ord(sign):04X}": (f"data: a{sign}b\n\n", [Event(data=f"a{sign}b")])
        for sign in "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"
    },
}


@pytest.mark.parametrize(("wire", "events"), ODD_LINES.values(), ids=ODD_LINES.keys())
def test_lines_end_where_the_standard_ends_them(wire, events):
    data = wire.encode()
    assert list(read_sse([data])) == events
    assert list(read_sse(data[i : i + 1] for i in range(len(data)))) == events
    assert list(read_sse(re.split("\r\n|\n|\r", wire))) == events
    assert list(read_sse([wire])) == events


async def test_bytes_may_be_cut_in_a_letter_or_an_end_of_a_line():
    async def pieces():
        for piece in [
            b"data: K\xc3",
            b"\xb6ln\r",
            b"\n\r\n",
            b"data: x\r",
            b"\r",
            b": ",
        ]:
            yield piece

    found = [event async for event in read_sse(pieces())]
    assert found == [Event(data="Köln"), Event(data="x")]


# sse_response


async def served(stream, **options):
    """The events of a response, as a client would read them."""
    response = sse_response(stream, **options)
    text = "".join([part async for part in response.body_iterator])
    return [
        (event.event, json.loads(event.data)) for event in read_sse(text.split("\n"))
    ]


def texts(events):
    return "".join(fields["text"] for name, fields in events if name == "text")


@pytest.mark.parametrize("kind", SYNC)
@pytest.mark.parametrize("streams", [sync_streams, async_streams])
async def test_a_whole_answer_ends_with_done(kind, streams):
    model = FakeStreamingChatModel(replies="One two three.")
    events = await served(pick(streams(model), kind))
    assert texts(events) == "One two three."
    assert events[-1][0] == "done"
    assert events[-1][1]["finish_reason"] == "stop"
    await no_other_tasks()


@pytest.mark.parametrize("kind", SYNC)
@pytest.mark.parametrize("streams", [sync_streams, async_streams])
async def test_a_cut_answer_ends_with_cut(kind, streams):
    model = FakeStreamingChatModel(replies=Reply("One two three.", cut_after=2))
    events = await served(pick(streams(model), kind))
    assert texts(events) == "One two"
    assert events[-1][0] == "cut" and events[-1][1]["finish_reason"] is None


@pytest.mark.parametrize("kind", SYNC)
@pytest.mark.parametrize("streams", [sync_streams, async_streams])
async def test_a_broken_answer_ends_with_an_error_that_tells_no_secrets(kind, streams):
    reply = Reply("One two three.", drop_after=2)
    events = await served(pick(streams(FakeStreamingChatModel(replies=reply)), kind))
    assert texts(events) == "One two"
    facts = {"type": "ModelConnectionError", "message": "The answer broke off."}
    unknown = {"finish_reason": None, "usage": None}
    assert events[-1] == ("error", facts | unknown)


async def test_an_error_can_be_explained():
    model = FakeStreamingChatModel(replies=Reply(status=429))
    events = await served(model.astream("Hi"), explain=lambda error: "Come back later.")
    assert [event[1]["message"] for event in events] == ["Come back later."]


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_done_tells_the_finish_reason(reason):
    reply = Reply("One two.", finish_reason=reason)
    events = await served(FakeStreamingChatModel(replies=reply).astream("Hi"))
    assert events[-1][1]["finish_reason"] == reason
    assert events[-1][1]["usage"]["output_tokens"] == 3


async def test_a_server_that_never_sends_a_reason_can_be_trusted():
    model = FakeStreamingChatModel(replies=Reply("One two.", cut_after=3))
    events = await served(model.astream("Hi"), require_finish=False)
    assert events[-1] == ("done", {"finish_reason": None, "usage": None})


async def test_a_stream_without_any_model_ends_with_done():
    async def stream():
        yield "One"
        yield {"two": 2}

    assert await served(stream()) == [
        ("text", {"text": "One"}),
        ("data", {"two": 2}),
        ("done", {"finish_reason": None, "usage": None}),
    ]


async def test_a_structured_answer_is_sent_as_data():
    model = FakeStreamingChatModel(replies='{"a": 1}')
    events = await served((model | JsonOutputParser()).astream("Hi"))
    assert ("data", {"a": 1}) in events
    assert events[-1][1]["finish_reason"] == "stop"


async def test_an_agent_sends_its_tool_calls_and_results():
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"Rain in {city}."

    call = Reply(tool_calls=[ToolCall("weather", {"city": "Rome"})])
    model = FakeStreamingChatModel(replies=[call, "It rains."])
    agent = create_agent(model, [weather])
    events = await served(agent.astream(ASK, stream_mode="messages"))
    calls = [fields for name, fields in events if name == "tool_call"]
    assert calls[0]["name"] == "weather"
    assert json.loads("".join(call["args"] or "" for call in calls)) == {"city": "Rome"}
    results = [fields["text"] for name, fields in events if name == "tool_result"]
    assert results == ["Rain in Rome."]
    assert texts(events) == "It rains."
    assert events[-1][1]["finish_reason"] == "stop"


async def test_an_agent_cut_after_its_tools_ends_with_an_error():
    def now() -> str:
        """The time."""
        return "noon"

    call = Reply(tool_calls=[ToolCall("now", {})])
    model = FakeStreamingChatModel(replies=[call, Reply("It is noon.", cut_after=1)])
    agent = create_agent(model, [now])
    events = await served(agent.astream(ASK, stream_mode="messages"))
    assert events[-1][0] == "cut"


async def test_whole_messages_are_served_too():
    async def stream():
        yield ToolMessage("noon", name="now", tool_call_id="1")
        yield AIMessage("Hi", response_metadata={"finish_reason": "stop"})

    names = [name for name, _ in await served(stream())]
    assert names == ["tool_result", "text", "done"]


async def test_proxies_are_told_to_pass_everything_on():
    response = sse_response(FakeStreamingChatModel().astream("Hi"))
    assert response.headers["x-accel-buffering"] == "no"
    assert "no-cache" in response.headers["cache-control"]
    assert "no-transform" in response.headers["cache-control"]
    assert response.headers["content-type"].startswith("text/event-stream")
    async for _ in response.body_iterator:
        pass


async def test_silence_is_filled_with_comments():
    go_on = asyncio.Event()

    async def stream():
        yield "One"
        await go_on.wait()
        yield "Two"

    response = sse_response(stream(), heartbeat=0.02)
    parts = []
    async for part in response.body_iterator:
        parts.append(part)
        if parts.count(": still here\n\n") == 3:
            go_on.set()
    events = list(read_sse("".join(parts).split("\n")))
    assert [event.event for event in events] == ["text", "text", "done"]


async def test_a_timeout_of_the_stream_is_not_taken_for_silence():
    async def stream():
        yield "One"
        raise TimeoutError("no chunk for 120 s")

    events = await served(stream(), heartbeat=1000)
    assert events[-1][1]["type"] == "TimeoutError"


async def test_what_is_no_stream_is_not_served():
    with pytest.raises(TypeError, match=r"sse_response\(\) needs a stream"):
        sse_response(FakeStreamingChatModel())


# coming back for the rest


async def read_until(response, count):
    """Read so many events, then leave as a web server does."""
    events = []
    body = response.body_iterator
    async for part in body:
        events += read_sse(part.split("\n"))
        if len(events) == count:
            break
    await body.aclose()
    return events


async def test_a_reader_who_comes_back_gets_exactly_the_rest():
    model = FakeStreamingChatModel(replies="One two three four five.")
    replay = ReplayBuffer()
    first = await read_until(sse_response(model.astream("Hi"), replay=replay), 2)
    again = sse_response(model.astream("Hi"), replay=replay, last_event_id=first[-1].id)
    rest = await read_until(again, 1000)
    assert texts((e.event, json.loads(e.data)) for e in first + rest) == (
        "One two three four five."
    )
    assert rest[-1].event == "done"
    assert len(model.log) == 1


async def test_two_readers_follow_one_answer():
    model = FakeStreamingChatModel(replies="One two three.")
    replay = ReplayBuffer()
    first = await read_until(sse_response(model.astream("Hi"), replay=replay), 1)
    both = await asyncio.gather(
        *(
            read_until(
                sse_response(model.astream(""), replay=replay, last_event_id=event.id),
                1000,
            )
            for event in first * 2
        )
    )
    assert both[0] == both[1]
    assert len(model.log) == 1


@pytest.mark.parametrize("last", ["nobody.3", "rubbish", ".", "nobody.x"])
async def test_an_unknown_event_has_no_rest(last):
    model = FakeStreamingChatModel()
    response = sse_response(
        model.astream("Hi"), replay=ReplayBuffer(), last_event_id=last
    )
    assert response.status_code == 204
    assert model.log == []


async def test_a_browser_that_comes_back_after_the_end_is_sent_away():
    model = FakeStreamingChatModel(replies="Hi.")
    replay = ReplayBuffer()
    events = await read_until(sse_response(model.astream("Hi"), replay=replay), 1000)
    response = sse_response(
        model.astream("Hi"), replay=replay, last_event_id=events[-1].id
    )
    assert response.status_code == 204


async def test_a_stream_that_nobody_comes_back_for_is_stopped_and_forgotten():
    model = WatchedModel(replies=Reply(LONG, stall_after=5))
    replay = ReplayBuffer(clock=VirtualClock())  # any time passes at once
    await read_until(sse_response(model.astream("Hi"), replay=replay), 2)
    assert await asyncio.to_thread(model.wait_closed)
    await no_other_tasks()
    await asyncio.sleep(0.01)  # a timer of the loop, not a task
    assert len(replay) == 0


# through a real server


@contextmanager
def running(app):
    """The address of a uvicorn that serves `app`, on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        ready = threading.Event()
        startup = server.startup

        async def started(*args, **kwargs):
            await startup(*args, **kwargs)
            ready.set()

        server.startup = started
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        assert ready.wait(PATIENCE)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
        assert not thread.is_alive()


def app_with(model, **options):
    app = FastAPI()

    @app.get("/async/{kind}")
    async def serve_async(kind: str, request: Request):
        last = request.headers.get("last-event-id")
        stream = pick(async_streams(model), kind)
        return sse_response(stream, last_event_id=last, **options)

    @app.get("/sync/{kind}")
    def serve_sync(kind: str):
        return sse_response(pick(sync_streams(model), kind), **options)

    return app


@pytest.mark.parametrize("kind", SYNC)
@pytest.mark.parametrize("how", ["async", "sync"])
def test_when_the_browser_leaves_the_model_stops(how, kind):
    # 500 tokens last 10 real seconds: a model that goes on is noticed.
    model = WatchedModel(replies=LONG, per_token=0.4)
    with running(app_with(model)) as address:
        with httpx2.stream("GET", f"{address}/{how}/{kind}") as response:
            assert response.status_code == 200
            events = read_sse(response.iter_lines())
            for _ in range(5):
                assert next(events).event == "text"
        assert model.wait_closed()
    assert model.log[0].outcome == "closed by reader"
    assert model.log[0].tokens_sent < 100


def test_a_browser_gets_the_whole_answer_and_its_end():
    model = FakeStreamingChatModel(replies="One two three.")
    with running(app_with(model)) as address:
        response = httpx2.get(f"{address}/async/agent")
    events = list(read_sse(response.text.split("\n")))
    assert texts((e.event, json.loads(e.data)) for e in events) == "One two three."
    assert json.loads(events[-1].data)["finish_reason"] == "stop"


def test_a_browser_that_lost_its_connection_gets_the_rest():
    model = FakeStreamingChatModel(replies="One two three four.", per_token=0.2)
    replay = ReplayBuffer()
    with running(app_with(model, replay=replay)) as address:
        url = f"{address}/async/agent"
        with httpx2.stream("GET", url) as response:
            events = read_sse(response.iter_lines())
            first = [next(events), next(events)]
        headers = {"Last-Event-ID": first[-1].id}
        rest = list(read_sse(httpx2.get(url, headers=headers).text.split("\n")))
        end = {"Last-Event-ID": rest[-1].id}
        assert httpx2.get(url, headers=end).status_code == 204
    assert texts((e.event, json.loads(e.data)) for e in first + rest) == (
        "One two three four."
    )
    assert len(model.log) == 1


# the real client, over HTTP


def eventually(true):
    """Wait for what happens on the other side of a connection."""
    pause = threading.Event()
    return any(true() or pause.wait(0.02) for _ in range(PATIENCE * 50))


@pytest.fixture
def server():
    with FakeServer(replies=Reply(LONG, per_token=0.4)) as server:
        yield server


def openai(server):
    return ChatOpenAI(
        model="fake", base_url=server.url, api_key="offline", max_retries=0
    )


@pytest.mark.parametrize("kind", SYNC)
def test_leaving_a_sync_stream_closes_the_connection(server, kind):
    with own_stream(pick(sync_streams(openai(server)), kind)) as items:
        for _ in range(3):
            next(items)
    assert eventually(lambda: server.log[-1].outcome == "closed by reader")


@pytest.mark.parametrize("kind", ASYNC)
async def test_leaving_an_async_stream_closes_the_connection(server, kind):
    async with own_stream(pick(async_streams(openai(server)), kind)) as items:
        for _ in range(3):
            await anext(items)
    closed = await asyncio.to_thread(
        eventually, lambda: server.log[-1].outcome == "closed by reader"
    )
    assert closed


FILES = Path("/proc/self/fd")


def open_files():
    return len(list(FILES.iterdir()))


FAULTS = [{}, {"drop_after": 2}, {"cut_after": 2}, {"error_after": 2}]
BREAKS = (ModelError, OpenAIError, httpx2.HTTPError)
STALLED = {"stall_after": 2}  # a sync chain would wait for its model's timeout


async def leave_async(model):
    """Async streams of every kind: broken, and left in mid-answer."""
    for kind in ASYNC:
        with suppress(*BREAKS):
            async with own_stream(pick(async_streams(model), kind)) as items:
                for _ in range(2):
                    await anext(items)


async def leave_sync(model):
    """Sync streams of every kind: broken, and left in mid-answer."""
    for kind in SYNC:
        stream = pick(sync_streams(model), kind)
        with suppress(*BREAKS), own_stream(stream) as items:
            next(items)


@pytest.mark.slow
@pytest.mark.skipif(not FILES.is_dir(), reason="counts the files in /proc")
@pytest.mark.parametrize("around", [lambda model: model, cached], ids=["", "cached"])
@pytest.mark.parametrize("leave", [leave_async, leave_sync])
async def test_nothing_is_left_of_abandoned_and_broken_streams(leave, around):
    faults = [*FAULTS, STALLED] if leave is leave_async else FAULTS
    replies = [Reply("One two three four.", **fault) for fault in faults]
    with FakeServer(replies=replies) as server:
        model = openai(server)
        await leave(around(model))  # opens pools and threads that stay for good
        await no_other_tasks()
        gc.collect()
        before = open_files(), threading.active_count()
        asked = len(server.log)
        for _ in range(15):
            await leave(around(model))  # a new cache has no answer yet
        assert len(server.log) >= asked + 15
        await no_other_tasks()
        gc.collect()
        assert eventually(lambda: open_files() <= before[0] + 3)
        assert threading.active_count() <= before[1] + 3
