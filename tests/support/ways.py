"""Every way to ask a model for its text, sync and async; `ask` knows them all."""

import asyncio

from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser

from tests.support.asking import texts

ASK = {"messages": [("user", "Hi")]}

WAYS = {
    "stream": lambda m: "".join(texts(m.stream("Hi"))),
    "invoke": lambda m: m.invoke("Hi").text,
    "chain": lambda m: "".join((m | StrOutputParser()).stream("Hi")),
    "v3": lambda m: "".join(m.stream_events("Hi", version="v3").text),
    "agent": lambda m: create_agent(m, []).invoke(ASK)["messages"][-1].text,
    "agent stream": lambda m: "".join(
        chunk.text
        for chunk, _ in create_agent(m, []).stream(ASK, stream_mode="messages")
    ),
    "agent v3": lambda m: "".join(
        "".join(message.text)
        for message in create_agent(m, []).stream_events(ASK, version="v3").messages
    ),
}


async def astream(m):
    return "".join([chunk.text async for chunk in m.astream("Hi")])


async def ainvoke(m):
    return (await m.ainvoke("Hi")).text


async def aevents(m):
    return "".join(
        [
            event["data"]["chunk"].text
            async for event in m.astream_events("Hi", version="v2")
            if event["event"] == "on_chat_model_stream"
        ]
    )


async def av3(m):
    run = await m.astream_events("Hi", version="v3")
    return "".join([text async for text in run.text])


async def aagent(m):
    stream = create_agent(m, []).astream(ASK, stream_mode="messages")
    return "".join([chunk.text async for chunk, _ in stream])


AWAYS = {f.__name__: f for f in (astream, ainvoke, aevents, av3, aagent)}


async def ask(model, way):
    """The text, asked for in this way."""
    if way in WAYS:
        return await asyncio.to_thread(WAYS[way], model)
    return await AWAYS[way](model)
