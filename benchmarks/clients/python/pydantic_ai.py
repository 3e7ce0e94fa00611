"""Pydantic AI

packages: pydantic-ai-slim[openai]
asks: tool
"""

import asyncio

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

agent = Agent(OpenAIChatModel("m"))


@agent.tool_plain
def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


async def main() -> None:
    async with agent.run_stream("The weather in Bern?") as run:
        async for text in run.stream_text(delta=True, debounce_by=None):
            print(text, end="", flush=True)


asyncio.run(main())
