"""aiohttp

packages: aiohttp
asks: chat
"""

import asyncio
import json
import os

import aiohttp

URL = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
KEY = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}


async def main() -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(URL, json=BODY, headers=KEY) as response,
    ):
        async for line in response.content:
            data = line.decode().strip().removeprefix("data: ")
            if data and data != "[DONE]":
                [choice] = json.loads(data)["choices"]
                print(choice["delta"].get("content") or "", end="", flush=True)


asyncio.run(main())
