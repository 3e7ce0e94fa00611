"""requests and sseclient-py

packages: sseclient-py requests
asks: chat
"""

import json
import os

import requests
import sseclient

URL = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
KEY = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}

response = requests.post(URL, json=BODY, headers=KEY, stream=True)
for event in sseclient.SSEClient(response).events():
    if event.data != "[DONE]":
        [choice] = json.loads(event.data)["choices"]
        print(choice["delta"].get("content") or "", end="", flush=True)
