"""CrewAI: `LLM`

packages: crewai
asks: chat
"""

import os

from crewai import LLM
from crewai.events import BaseEventListener, LLMStreamChunkEvent

# CrewAI draws a frame around each answer, from a thread of its own.
screen = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Listener(BaseEventListener):
    def setup_listeners(self, bus: object) -> None:
        @bus.on(LLMStreamChunkEvent)
        def show(source: object, event: LLMStreamChunkEvent) -> None:
            print(event.chunk, end="", flush=True, file=screen)


listener = Listener()
model = LLM("openai/gpt-4o", base_url=os.environ["OPENAI_BASE_URL"], stream=True)
model.call("Hi")
