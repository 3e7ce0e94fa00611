"""magentic

packages: magentic
asks: chat
"""

from magentic import OpenaiChatModel, StreamedStr, prompt


@prompt("Hi", model=OpenaiChatModel("m"))
def ask() -> StreamedStr: ...


for text in ask():
    print(text, end="", flush=True)
