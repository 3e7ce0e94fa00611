"""openai: chat completions, async

packages: openai
asks: chat
"""

import asyncio

from openai import AsyncOpenAI


async def main() -> None:
    stream = await AsyncOpenAI().chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    async for chunk in stream:
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)


asyncio.run(main())
