"""AutoGen: `AssistantAgent`

packages: autogen-agentchat autogen-ext[openai]
asks: tool
"""

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ModelClientStreamingChunkEvent
from autogen_ext.models.openai import OpenAIChatCompletionClient


async def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


async def main() -> None:
    agent = AssistantAgent(
        "helper",
        model_client=OpenAIChatCompletionClient(model="gpt-4o"),
        tools=[weather],
        reflect_on_tool_use=True,
        model_client_stream=True,
    )
    async for event in agent.run_stream(task="The weather in Bern?"):
        if isinstance(event, ModelClientStreamingChunkEvent):
            print(event.content, end="", flush=True)


asyncio.run(main())
