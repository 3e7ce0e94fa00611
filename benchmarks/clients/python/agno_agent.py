"""Agno

packages: agno openai
asks: tool
"""

from agno.agent import Agent
from agno.models.openai import OpenAIChat


def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


agent = Agent(model=OpenAIChat("m"), tools=[weather], telemetry=False)
for event in agent.run("The weather in Bern?", stream=True):
    print(event.content or "", end="", flush=True)
