"""langchain: `create_agent`

packages: langchain langchain-openai
asks: tool
"""

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI


def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


agent = create_agent(ChatOpenAI(model="m"), [weather])
question = {"messages": [("user", "The weather in Bern?")]}
for message, _ in agent.stream(question, stream_mode="messages"):
    if message.type == "AIMessageChunk":
        print(message.text, end="", flush=True)
