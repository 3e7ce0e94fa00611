"""Haystack: `OpenAIChatGenerator`

packages: haystack-ai
asks: chat
"""

from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage


def show(chunk: object) -> None:
    print(chunk.content or "", end="", flush=True)


model = OpenAIChatGenerator(model="m", streaming_callback=show)
model.run([ChatMessage.from_user("Hi")])
