"""LlamaIndex

packages: llama-index-llms-openai-like
asks: chat
"""

import os

from llama_index.llms.openai_like import OpenAILike

url, key = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
model = OpenAILike(model="m", api_base=url, api_key=key, is_chat_model=True)
for part in model.stream_complete("Hi"):
    print(part.delta or "", end="", flush=True)
