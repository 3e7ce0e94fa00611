"""httpx-sse

packages: httpx-sse httpx
asks: chat
"""

import json
import os

import httpx
from httpx_sse import connect_sse

URL = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
KEY = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}

with (
    httpx.Client() as client,
    connect_sse(client, "POST", URL, json=BODY, headers=KEY) as source,
):
    for event in source.iter_sse():
        if event.data != "[DONE]":
            [choice] = json.loads(event.data)["choices"]
            print(choice["delta"].get("content") or "", end="", flush=True)
