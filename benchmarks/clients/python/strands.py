"""Strands Agents

packages: strands-agents[openai]
asks: tool
"""

import asyncio

from strands import Agent, tool
from strands.models.openai import OpenAIModel


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


async def main() -> None:
    model = OpenAIModel(model_id="m")
    agent = Agent(model=model, tools=[weather], callback_handler=None)
    async for event in agent.stream_async("The weather in Bern?"):
        print(event.get("data") or "", end="", flush=True)


asyncio.run(main())
