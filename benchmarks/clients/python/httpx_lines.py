"""httpx: `iter_lines()`

packages: httpx
asks: chat
"""

import json
import os

import httpx

URL = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
KEY = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}

with httpx.stream("POST", URL, json=BODY, headers=KEY) as response:
    for line in response.iter_lines():
        data = line.removeprefix("data: ")
        if data and data != "[DONE]":
            [choice] = json.loads(data)["choices"]
            print(choice["delta"].get("content") or "", end="", flush=True)
