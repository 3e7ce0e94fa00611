"""Nothing is left behind by streams that break, stall, are cancelled or abandoned."""

import asyncio
import gc
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from langchain_core.exceptions import ModelError
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI

from course_utils.clock import Clock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.fake.server import FakeServer
from course_utils.reliability import reliable

pytestmark = pytest.mark.slow
TEXT = "Nice to meet you."
DAYS = [
    Reply(TEXT),
    Reply(TEXT, cut_after=2),
    Reply(TEXT, drop_after=0),
    Reply(TEXT, drop_after=3),
    Reply(TEXT, garble_after=1),
    Reply(TEXT, error_after=2),
    Reply(status=500),
    Reply(TEXT, reset=True),
]
SILENCE = Reply(TEXT, stall_after=2, stall=600)
POLICIES = ["raise", "continue", "restart", "full"]
FILES = Path("/proc/self/fd")


def open_files() -> int:
    """Files and sockets open in this process, where the system tells."""
    return len(list(FILES.iterdir())) if FILES.exists() else 0


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.is_alive()}


def settled() -> tuple[int, set[threading.Thread]]:
    """What is open and alive, once workers that are ending have ended."""
    gc.collect()
    for thread in threads():
        if thread.name == "course-deadline":
            thread.join(10)
    return open_files(), threads()


def nothing_more_than(before: tuple[int, set[threading.Thread]]) -> bool:
    """Whether nothing is left; what earlier tests had open may be closed by now."""
    files, alive = settled()
    return files <= before[0] and alive <= before[1]


async def others_end() -> None:
    """Every other task ends by itself, and the loop's own thread when it is told to."""
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        _, left = await asyncio.wait(others, timeout=10)
        assert left == set()
    await asyncio.get_running_loop().shutdown_default_executor()


def steady(model: BaseChatModel, number: int, **limits: Any) -> BaseChatModel:
    policy: Any = POLICIES[number % 4]
    return reliable(
        model, attempts=2, wait_initial=0, after_first_token=policy, **limits
    )


def read(model: BaseChatModel, at_most: int) -> None:
    """Read so many chunks and leave, or fail before."""
    stream = model.stream("Hi")
    try:
        for _ in zip(range(at_most), stream, strict=False):
            pass
    except ModelError:
        pass
    finally:
        stream.close()


async def aread(model: BaseChatModel, at_most: int) -> None:
    stream = model.astream("Hi")
    try:
        async for _ in stream:
            at_most -= 1
            if at_most == 0:
                break
    except ModelError:
        pass
    finally:
        await stream.aclose()


@pytest.mark.parametrize(
    "limits", [{}, {"total_timeout": 600}], ids=["free", "deadline"]
)
def test_500_broken_and_abandoned_streams_leave_nothing(limits: Any):
    before = settled()
    model = FakeStreamingChatModel(replies=DAYS)
    for number in range(500):
        read(steady(model, number, **limits), at_most=1 + number % 9)
    assert nothing_more_than(before)
    assert "running" not in {call.outcome for call in model.log}


@pytest.mark.parametrize(
    "limits", [{}, {"total_timeout": 600}], ids=["free", "deadline"]
)
async def test_500_broken_cancelled_and_abandoned_tasks_leave_nothing(limits: Any):
    before = settled()
    model = FakeStreamingChatModel(replies=DAYS, per_token=0.02)
    for number in range(0, 500, 50):
        many = [
            asyncio.ensure_future(aread(steady(model, n, **limits), at_most=1 + n % 9))
            for n in range(number, number + 50)
        ]
        await asyncio.sleep(0)
        for task in many[::3]:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)
    await others_end()
    assert nothing_more_than(before)
    assert "running" not in {call.outcome for call in model.log}


def chat(server: FakeServer, **clients: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model="fake",
        base_url=server.url,
        api_key="offline",
        max_retries=0,
        **clients,
    )


def test_over_http_no_socket_and_no_thread_is_left():
    before = settled()
    with FakeServer([*DAYS, SILENCE]) as server, httpx2.Client(timeout=60) as client:
        for number in range(90):
            model = chat(server, http_client=client)
            read(
                steady(model, number, between_tokens_timeout=2), at_most=1 + number % 9
            )
        assert "running" not in {call.outcome for call in server.log}
    assert nothing_more_than(before)


async def test_over_http_no_socket_and_no_task_is_left():
    before = settled()
    with FakeServer([*DAYS, SILENCE]) as server:
        async with httpx2.AsyncClient(timeout=60) as client:
            for number in range(90):
                model = chat(server, http_async_client=client)
                stays = steady(model, number, between_tokens_timeout=2)
                await aread(stays, at_most=1 + number % 9)
            assert "running" not in {call.outcome for call in server.log}
    await others_end()
    assert nothing_more_than(before)


def test_a_stall_hangs_up_at_once_not_when_the_server_does():
    with FakeServer(SILENCE) as server, httpx2.Client(timeout=600) as client:
        clock = Clock()
        start = clock.now()
        read(
            reliable(chat(server, http_client=client), between_tokens_timeout=2),
            at_most=99,
        )
        assert clock.now() - start < 300
        assert server.log[0].outcome == "closed by reader"
