"""Mirascope

packages: mirascope[openai]
asks: chat
"""

from mirascope import llm


@llm.call("openai/gpt-4o:completions")
def ask() -> str:
    return "Hi"


for text in ask.stream().text_stream():
    print(text, end="", flush=True)
