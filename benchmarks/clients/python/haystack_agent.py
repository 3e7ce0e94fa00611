"""Haystack: `Agent`

packages: haystack-ai
asks: tool
"""

from typing import Annotated

from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import tool


@tool
def weather(city: Annotated[str, "the city"]) -> str:
    """The weather in a city."""
    return "14 degrees"


def show(chunk: object) -> None:
    if not chunk.tool_call_result:
        print(chunk.content or "", end="", flush=True)


agent = Agent(chat_generator=OpenAIChatGenerator(model="m"), tools=[weather])
question = [ChatMessage.from_user("The weather in Bern?")]
agent.run(messages=question, streaming_callback=show)
