"""Semantic Kernel

packages: semantic-kernel
asks: chat
"""

import asyncio

from openai import AsyncOpenAI
from semantic_kernel.connectors.ai.open_ai import (
    OpenAIChatCompletion,
    OpenAIChatPromptExecutionSettings,
)
from semantic_kernel.contents import ChatHistory


async def main() -> None:
    model = OpenAIChatCompletion("m", async_client=AsyncOpenAI())
    history = ChatHistory()
    history.add_user_message("Hi")
    settings = OpenAIChatPromptExecutionSettings()
    async for part in model.get_streaming_chat_message_content(history, settings):
        print(part.content or "", end="", flush=True)


asyncio.run(main())
