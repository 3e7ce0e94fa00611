"""DSPy: `streamify`

packages: dspy
asks: field
"""

import asyncio
import os

import dspy

dspy.configure(
    lm=dspy.LM("openai/gpt-4o", api_base=os.environ["OPENAI_BASE_URL"], cache=False)
)


async def main() -> None:
    listener = dspy.streaming.StreamListener(signature_field_name="answer")
    ask = dspy.streamify(
        dspy.Predict("question -> answer"), stream_listeners=[listener]
    )
    async for part in ask(question="Hi"):
        if isinstance(part, dspy.streaming.StreamResponse):
            print(part.chunk, end="", flush=True)


asyncio.run(main())
