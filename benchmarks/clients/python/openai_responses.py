"""openai: Responses

packages: openai
asks: chat
"""

from openai import OpenAI

for event in OpenAI().responses.create(model="m", input="Hi", stream=True):
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)
