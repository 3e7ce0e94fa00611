"""requests: `iter_lines()`

packages: requests
asks: chat
"""

import json
import os

import requests

URL = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
KEY = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}

with requests.post(URL, json=BODY, headers=KEY, stream=True) as response:
    for line in response.iter_lines(decode_unicode=True):
        data = line.removeprefix("data: ")
        if data and data != "[DONE]":
            [choice] = json.loads(data)["choices"]
            print(choice["delta"].get("content") or "", end="", flush=True)
