"""langchain-openai: Responses

packages: langchain-openai
asks: chat
"""

from langchain_openai import ChatOpenAI

for chunk in ChatOpenAI(model="m", use_responses_api=True).stream("Hi"):
    print(chunk.text, end="", flush=True)
