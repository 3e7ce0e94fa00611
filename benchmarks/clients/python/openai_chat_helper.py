"""openai: `chat.completions.stream()`

packages: openai
asks: chat
"""

from openai import OpenAI

messages = [{"role": "user", "content": "Hi"}]
with OpenAI().chat.completions.stream(model="m", messages=messages) as stream:
    for event in stream:
        if event.type == "content.delta":
            print(event.delta, end="", flush=True)
    stream.get_final_completion()
