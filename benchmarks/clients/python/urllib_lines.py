"""urllib of Python itself

packages: -
asks: chat
"""

import json
import os
from urllib.request import Request, urlopen

URL = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
KEY = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}

request = Request(URL, json.dumps(BODY).encode(), KEY)
with urlopen(request) as response:
    for line in (line.decode().strip() for line in response):
        data = line.removeprefix("data: ")
        if data and data != "[DONE]":
            [choice] = json.loads(data)["choices"]
            print(choice["delta"].get("content") or "", end="", flush=True)
