"""langchain-openai: `ChatOpenAI.stream()`

packages: langchain-openai
asks: chat
"""

from langchain_openai import ChatOpenAI

for chunk in ChatOpenAI(model="m").stream("Hi"):
    print(chunk.text, end="", flush=True)
