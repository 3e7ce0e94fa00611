"""chatlas

packages: chatlas openai
asks: chat
"""

import os

from chatlas import ChatOpenAICompletions

chat = ChatOpenAICompletions(model="m", base_url=os.environ["OPENAI_BASE_URL"])
for text in chat.stream("Hi", echo="none"):
    print(text, end="", flush=True)
