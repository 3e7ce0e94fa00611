"""A stream read in its reader's own task: who is stopped, heard, and takes turns."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser

from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.own_stream.in_task import TaskStream
from course_utils.reliability import reliable
from course_utils.streams import is_model

TEXT = "One two three four five six."


def chain(model: Any) -> Any:
    return (model | StrOutputParser()).astream("Hi")


def agent(model: Any) -> Any:
    asked = {"messages": "Hi"}
    return create_agent(model, []).astream(asked, stream_mode="messages")


def bare(model: Any) -> Any:
    return model.astream("Hi")


async def outcome_of(model: FakeStreamingChatModel) -> str:
    """How the call ended, once the loop has closed what LangChain leaves open."""
    for _ in range(100):
        if model.log[0].outcome != "running":
            break
        await asyncio.sleep(0.01)
    return model.log[0].outcome


@pytest.mark.parametrize("make", [bare, chain, agent])
async def test_leaving_the_block_stops_the_model(make):
    model = FakeStreamingChatModel(replies=TEXT)
    async with TaskStream(make(model)) as items:
        async for _ in items:
            break
    assert await outcome_of(model) == "closed by reader"
    assert model.log[0].tokens_sent < 6


@pytest.mark.parametrize("make", [bare, chain, agent])
async def test_a_cancelled_reader_stops_the_model(make):
    model = FakeStreamingChatModel(replies=Reply(TEXT, stall_after=2))
    begun = asyncio.Event()

    async def read() -> None:
        async with TaskStream(make(model)) as items:
            async for _ in items:
                begun.set()

    reader = asyncio.create_task(read())
    await begun.wait()
    reader.cancel()
    await asyncio.wait([reader])
    assert reader.cancelled()
    del reader  # its error holds on to the frames of the chain
    assert await outcome_of(model) == "closed by reader"


@pytest.mark.parametrize("make", [chain, agent])
async def test_the_ends_of_models_underneath_are_heard(make):
    model = FakeStreamingChatModel(replies=Reply(TEXT, length_after=2))
    async with TaskStream(make(model)) as items:
        async for _ in items:
            pass
        end = items.pressure.hearing.ends.decisive
    assert end is not None
    assert end.meaning == "length"


async def test_a_model_in_another_task_takes_turns_with_the_reader():
    model = FakeStreamingChatModel(replies=TEXT * 20)
    ahead = []
    async with TaskStream(agent(model)) as items:
        async for number, _ in counted(items):
            ahead.append(model.log[0].tokens_sent - number)
    assert max(ahead) < 20


async def counted(items: Any) -> Any:
    number = 0
    async for item in items:
        yield number, item
        number += 1


async def test_the_gate_is_gone_after_the_block():
    model = FakeStreamingChatModel(replies=TEXT)
    async with TaskStream(chain(model)) as items:
        async for _ in items:
            break
    assert len([text async for text in chain(model) if text]) == 7


# LangChain's other side: if its `astream` is made another way, this says so.


async def test_a_models_own_stream_is_known_as_one():
    model = FakeStreamingChatModel(replies=TEXT)
    streams = {"bare": bare(model), "reliable": reliable(model).astream("Hi")}
    others = {"chain": chain(model), "agent": agent(model)}
    known = {name: is_model(stream) for name, stream in (streams | others).items()}
    for stream in (streams | others).values():
        await stream.aclose()
    assert known == {"bare": True, "reliable": True, "chain": False, "agent": False}
