"""A server that shuts down: no answer holds it up, and none ends without a word."""

import asyncio
import json
import threading

import httpx2
import pytest

from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.serving import (
    ReplayBuffer,
    end_answers,
    own_stream,
    read_sse,
    sse_response,
)
from tests.serving.test_response import PATIENCE, app_with, running

STUCK = Reply("One two three four.", stall_after=2, stall=10_000)


class Reading(threading.Thread):
    """Reads an answer as a browser does."""

    def __init__(self, url):
        super().__init__()
        self.url, self.begun, self.events = url, threading.Event(), []

    def run(self):
        with httpx2.stream("GET", self.url, timeout=PATIENCE) as response:
            for event in read_sse(response.iter_lines()):
                self.events.append(event)
                self.begun.set()


@pytest.mark.parametrize("replay", [None, "kept"])
@pytest.mark.parametrize("path", ["async/model", "async/agent", "sync/model"])
def test_an_open_answer_ends_with_an_error_and_holds_up_no_shutdown(path, replay):
    options = {"replay": ReplayBuffer()} if replay else {}
    model = FakeStreamingChatModel(replies=STUCK)
    with running(app_with(model, shutdown_grace=4, **options)) as address:
        readers = [Reading(f"{address}/{path}") for _ in range(3)]
        for reader in readers:
            reader.start()
        assert all(reader.begun.wait(PATIENCE) for reader in readers)
    for reader in readers:  # the server has ended, else `running` would have failed
        reader.join(PATIENCE)
        *_, last = reader.events
        told = json.loads(last.data)
        assert (last.event, told["type"]) == ("error", "ServerShutdown")
        assert told["message"] == "The server shuts down. Ask again."


def test_an_answer_that_ends_within_the_grace_is_whole():
    model = FakeStreamingChatModel(replies=Reply("One two three.", per_token=4))
    with running(app_with(model, shutdown_grace=10_000)) as address:
        reader = Reading(f"{address}/async/model")
        reader.start()
        assert reader.begun.wait(PATIENCE)
    reader.join(PATIENCE)
    assert reader.events[-1].event == "done"


async def read(response):
    return list(
        read_sse("".join([p async for p in response.body_iterator]).split("\n"))
    )


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_another_server_ends_its_answers_with_one_call(way):
    model = FakeStreamingChatModel(replies=STUCK)
    stream = model.stream("Hi") if way == "sync" else model.astream("Hi")
    reading = asyncio.create_task(read(sse_response(stream)))
    while not (model.log and model.log[0].tokens_sent == 2):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    async with asyncio.timeout(PATIENCE):
        await end_answers(grace=0.01)
        events = await reading
    assert events[-1].event == "error" and "ServerShutdown" in events[-1].data
    assert "".join(json.loads(e.data)["text"] for e in events[:-1]) == "One two"


async def test_with_no_answer_open_there_is_nothing_to_wait_for():
    async with asyncio.timeout(PATIENCE):
        await end_answers()
        async with own_stream(FakeStreamingChatModel(replies="Hi").astream("Hi")):
            await end_answers()
