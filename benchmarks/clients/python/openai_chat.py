"""openai: chat completions

packages: openai
asks: chat
"""

from openai import OpenAI

messages = [{"role": "user", "content": "Hi"}]
stream = OpenAI().chat.completions.create(model="m", messages=messages, stream=True)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
