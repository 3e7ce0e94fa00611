"""llm, Simon Willison's

packages: llm
asks: chat
"""

import os

from llm.default_plugins.openai_models import Chat

model = Chat("m", api_base=os.environ["OPENAI_BASE_URL"])
for text in model.prompt("Hi", key=os.environ["OPENAI_API_KEY"]):
    print(text, end="", flush=True)
