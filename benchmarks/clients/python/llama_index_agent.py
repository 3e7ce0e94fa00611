"""LlamaIndex: `FunctionAgent`

packages: llama-index-core llama-index-llms-openai-like
asks: tool
"""

import asyncio
import os

from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.llms.openai_like import OpenAILike

url, key = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]


def weather(city: str) -> str:
    """The weather in a city."""
    return "14 degrees"


async def main() -> None:
    model = OpenAILike(
        model="m",
        api_base=url,
        api_key=key,
        is_chat_model=True,
        is_function_calling_model=True,
    )
    run = FunctionAgent(tools=[weather], llm=model).run("The weather in Bern?")
    async for event in run.stream_events():
        if isinstance(event, AgentStream):
            print(event.delta, end="", flush=True)
    await run


asyncio.run(main())
