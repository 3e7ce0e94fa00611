"""chatlas: a tool

packages: chatlas openai
asks: tool
"""

import os

from chatlas import ChatOpenAICompletions


def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


chat = ChatOpenAICompletions(model="m", base_url=os.environ["OPENAI_BASE_URL"])
chat.register_tool(weather)
for text in chat.stream("The weather in Bern?", echo="none"):
    print(text, end="", flush=True)
