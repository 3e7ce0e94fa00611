"""LiteLLM

packages: litellm
asks: chat
"""

import litellm

messages = [{"role": "user", "content": "Hi"}]
for chunk in litellm.completion("openai/gpt-4o", messages, stream=True):
    print(chunk.choices[0].delta.content or "", end="", flush=True)
