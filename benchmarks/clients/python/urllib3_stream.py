"""urllib3

packages: urllib3
asks: chat
"""

import io
import json
import os

import urllib3

URL = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
KEY = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}

response = urllib3.request("POST", URL, json=BODY, headers=KEY, preload_content=False)
response.auto_close = False
for line in io.TextIOWrapper(response):
    data = line.strip().removeprefix("data: ")
    if data and data != "[DONE]":
        [choice] = json.loads(data)["choices"]
        print(choice["delta"].get("content") or "", end="", flush=True)
