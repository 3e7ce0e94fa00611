"""smolagents: `OpenAIModel`

packages: smolagents[openai]
asks: chat
"""

import os

from smolagents import OpenAIModel

model = OpenAIModel("m", api_base=os.environ["OPENAI_BASE_URL"])
for delta in model.generate_stream([{"role": "user", "content": "Hi"}]):
    print(delta.content or "", end="", flush=True)
