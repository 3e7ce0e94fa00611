"""own_stream in loops that end, under cancels that are swallowed, on stuck threads."""

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableParallel
from langchain_openai import ChatOpenAI

from course_utils.clock import Alarm, Clock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.fake.server import FakeServer
from course_utils.own_stream import own_stream
from course_utils.own_stream.off_thread import stepped, within_seconds
from course_utils.own_stream.threads import in_threads
from course_utils.reliability import StreamTimeout, reliable
from tests.support.asking import PATIENCE, no_threads_left
from tests.support.callers import chat

HELD_IN_A_VARIABLE = """
import asyncio
from course_utils.fake import FakeStreamingChatModel
from course_utils import own_stream, sse_response

fake = FakeStreamingChatModel(replies="One two three four five six seven.")

async def owned():
    async with own_stream(fake.astream("Hi")) as items:
        async for item in items:
            yield item

def served():
    return sse_response(fake.astream("Hi")).body_iterator

async def main():
    held = {make}()
    async for item in held:
        if "One" in str(item):
            raise ZeroDivisionError("my own")

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("make", ["owned", "served"])
def test_a_loop_that_fails_in_mid_stream_ends_with_its_own_traceback(make):
    program = HELD_IN_A_VARIABLE.replace("{make}", make)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stderr.rstrip().endswith("ZeroDivisionError: my own")


@pytest.mark.parametrize("turns", range(10))
async def test_its_pump_can_be_cancelled_at_any_await(turns):
    model = FakeStreamingChatModel(replies="One two three four five.")
    async with own_stream(model.astream("Hi")) as items:
        await anext(items)
        for _ in range(turns):
            await asyncio.sleep(0)
        items._task.cancel()  # as the end of a loop does
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([items._task])
            with pytest.raises(asyncio.CancelledError):
                async for _ in items:
                    pass


async def test_a_cancel_that_is_swallowed_stops_the_stream_all_the_same():
    # Python 3.11's wait_for loses a cancel that comes in the tick of a chunk, so that
    # a bare task goes on to the end; an owned stream stops at the next item.
    sent = []

    async def swallowing():
        for number in range(100):
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                if number > 10:
                    raise
            sent.append(number)
            yield number

    async with own_stream(swallowing()) as items:
        await anext(items)
    assert len(sent) < 10


class Odd(BaseException):
    """Neither an error nor an interruption."""


LEFT: dict[str, Callable[[ChatOpenAI], Any]] = {
    "chat": lambda model: model.astream("Hi"),
    "chain": lambda model: (model | StrOutputParser()).astream("Hi"),
    "events": lambda model: model.astream_events("Hi", version="v2"),
    "retried": lambda model: model.with_retry().astream("Hi"),
    "agent": lambda model: create_agent(model, []).astream(
        {"messages": [("user", "Hi")]}, stream_mode="messages"
    ),
}


async def leave(stream: Any, at: int, noise: list[Any]) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda loop, it: noise.append(it))
    async with own_stream(stream) as items:
        async for _ in items:
            if (at := at - 1) == 0:
                break


@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
@pytest.mark.parametrize("kind", LEFT)
def test_leaving_early_makes_no_noise(kind, responses, caplog):
    noise: list[Any] = []
    with FakeServer("One two three four five. " * 20) as server:
        for at in range(1, 13):
            model = chat(server, use_responses_api=responses)
            asyncio.run(leave(LEFT[kind](model), at, noise))
    assert [record.getMessage() for record in caplog.records] == []
    assert noise == []


def test_leaving_the_branches_of_a_chain_at_any_await_logs_nothing(caplog):
    model = FakeStreamingChatModel(replies="One two three four five. " * 20)
    branch = model | StrOutputParser()

    async def reads() -> None:
        stream = RunnableParallel(a=branch, b=branch).astream("Hi")
        async with own_stream(stream) as items:
            [item async for item in items]

    async def leaves(turns: int) -> None:
        task = asyncio.create_task(reads())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    for turns in range(10, 60, 2):
        asyncio.run(leaves(turns))
        gc.collect()  # a task tells of its error when it is forgotten
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("kind", [Odd, SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_whatever_an_async_stream_raises_reaches_its_reader(kind):
    async def stream():
        yield "One"
        raise kind

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(kind):
            async with own_stream(stream()) as items:
                [item async for item in items]


async def test_a_stream_can_be_ended_for_its_reader_with_an_honest_error():
    model = FakeStreamingChatModel(replies=Reply("One two three.", stall_after=1))
    seen = []
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionError, match="shuts down"):
            async with own_stream(model.astream("Hi")) as items:
                async for item in items:
                    seen.append(item.text)
                    if item.text:
                        items.fail(ConnectionError("the server shuts down"))
    assert "".join(seen) == "One"


async def test_a_sync_stream_needs_no_place_in_the_loops_executor():
    loop = asyncio.get_running_loop()
    let_go = threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    stuck = loop.run_in_executor(None, let_go.wait)
    model = FakeStreamingChatModel(replies="One two.")
    try:
        async with asyncio.timeout(PATIENCE):
            items = [item.text async for item in in_threads(model.stream("Hi"))]
    finally:
        let_go.set()
        await stuck
    assert "".join(items) == "One two."


async def test_a_step_that_stops_an_iteration_is_no_end_without_a_word():
    def odd():
        yield "One"
        raise StopIteration

    steps = odd()
    with pytest.raises(RuntimeError):
        [item async for item in stepped(steps, steps.close)]


def test_what_is_stuck_is_waited_for_so_long_and_no_longer():
    let_go = threading.Event()
    with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
        within_seconds(0.01, let_go.wait)
    let_go.set()
    assert within_seconds(PATIENCE, let_go.wait)


def test_an_alarm_ends_a_sleep_and_all_later_ones():
    alarm, slept = Alarm(), []

    def sleep():
        alarm_context = copy_context()
        alarm.set_in(alarm_context)
        for _ in range(3):
            alarm_context.run(Clock().sleep, 3600.0)
        slept.append(True)

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    alarm.ring()
    thread.join(PATIENCE)
    assert slept


def test_tries_that_were_given_up_leave_no_threads():
    stuck = Reply("One two.", stall_after=0)
    model = FakeStreamingChatModel(replies=[stuck])
    sturdy = reliable(model, attempts=3, wait_initial=0, first_token_timeout=0.2)
    with no_threads_left(), pytest.raises(StreamTimeout):
        sturdy.invoke("Hi")
