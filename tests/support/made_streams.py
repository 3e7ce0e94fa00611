"""The streams that people make of a model, sync and async, and their own names."""

import asyncio

from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser

from tests.support.watched import PATIENCE

ASK = {"messages": [("user", "Hi")]}
LONG = "a " * 500


def sync_streams(model):
    agent = create_agent(model, [])
    yield "model", model.stream("Hi")
    yield "chain", (model | StrOutputParser()).stream("Hi")
    yield "agent", agent.stream(ASK, stream_mode="messages")


def async_streams(model):
    agent = create_agent(model, [])

    async def v3():
        run = await model.astream_events("Hi", version="v3")
        async for text in run.text:
            yield text

    async def agent_v3():
        run = await agent.astream_events(ASK, version="v3")
        async for message in run.messages:
            async for text in message.text:
                yield text

    yield "model", model.astream("Hi")
    yield "chain", (model | StrOutputParser()).astream("Hi")
    yield "agent", agent.astream(ASK, stream_mode="messages")
    yield "events", model.astream_events("Hi", version="v2")
    yield "v3", v3()
    yield "agent v3", agent_v3()


SYNC = ["model", "chain", "agent"]
ASYNC = ["model", "chain", "agent", "events", "v3", "agent v3"]


def pick(streams, name):
    return dict(streams)[name]


async def no_other_tasks():
    """Wait until every task but this one has ended."""
    async with asyncio.timeout(PATIENCE):
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
