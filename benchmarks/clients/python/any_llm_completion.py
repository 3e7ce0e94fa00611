"""any-llm

packages: any-llm-sdk[openai]
asks: chat
"""

import os

from any_llm import completion

for chunk in completion(
    model="m",
    provider="openai",
    api_base=os.environ["OPENAI_BASE_URL"],
    messages=[{"role": "user", "content": "Hi"}],
    stream=True,
):
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
