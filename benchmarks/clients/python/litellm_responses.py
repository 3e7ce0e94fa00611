"""LiteLLM: Responses

packages: litellm
asks: chat
"""

import litellm

for event in litellm.responses(input="Hi", model="openai/gpt-4o", stream=True):
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)
