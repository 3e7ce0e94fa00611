"""openai: `responses.stream()`

packages: openai
asks: chat
"""

from openai import OpenAI

with OpenAI().responses.stream(model="m", input="Hi") as stream:
    for event in stream:
        if event.type == "response.output_text.delta":
            print(event.delta, end="", flush=True)
    stream.get_final_response()
