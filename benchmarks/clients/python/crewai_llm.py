"""CrewAI: `LLM`

packages: crewai
asks: chat
"""

import io
import os
import sys
from contextlib import redirect_stdout

from crewai import LLM
from crewai.events import BaseEventListener, LLMStreamChunkEvent


class Listener(BaseEventListener):
    def setup_listeners(self, bus: object) -> None:
        @bus.on(LLMStreamChunkEvent)
        def show(source: object, event: LLMStreamChunkEvent) -> None:
            print(event.chunk, end="", flush=True, file=sys.__stdout__)


listener = Listener()
model = LLM("openai/gpt-4o", base_url=os.environ["OPENAI_BASE_URL"], stream=True)
with redirect_stdout(io.StringIO()):  # CrewAI draws a frame around each answer
    model.call("Hi")
