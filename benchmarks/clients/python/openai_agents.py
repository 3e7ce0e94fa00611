"""openai-agents: Responses

packages: openai-agents
asks: tool
"""

import asyncio

from agents import Agent, Runner, function_tool


@function_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


async def main() -> None:
    agent = Agent("helper", tools=[weather], model="m")
    run = Runner.run_streamed(agent, "The weather in Bern?")
    async for event in run.stream_events():
        data = getattr(event, "data", None)
        if getattr(data, "type", "") == "response.output_text.delta":
            print(data.delta, end="", flush=True)


asyncio.run(main())
