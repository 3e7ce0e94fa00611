"""One way to do each exercise of notebook 6, *Inside the architecture*."""

import re
from collections import Counter
from contextlib import aclosing

from fastapi import FastAPI
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from course_utils.buffering.buffers import WordBuffer
from course_utils.buffering.stage import buffered
from course_utils.cache.model import cached
from course_utils.reliability.model import reliable
from course_utils.serving.answer_events import error_event
from course_utils.serving.response import sse_response
from course_utils.serving.wire import sse_events
from course_utils.timing.stream_timing import StreamTiming


def event_order():
    return [
        "on_chain_start",
        "on_chat_model_start",
        "on_chat_model_stream",
        "on_parser_start",
        "on_parser_stream",
        "on_chain_stream",
        "on_chat_model_end",
        "on_parser_end",
        "on_chain_end",
    ]


class Echo(BaseChatModel):
    model: str = "echo"

    @property
    def _llm_type(self):
        return "echo"

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        words = [f"{word} " for word in messages[-1].text.split()]
        for word in words:
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        count = len(words)
        usage = {"input_tokens": count, "output_tokens": count}
        last = AIMessageChunk(
            content="",
            usage_metadata={**usage, "total_tokens": 2 * count},
            response_metadata={
                "finish_reason": "stop",
                "model_name": self.model,
            },
        )
        yield ChatGenerationChunk(message=last)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        whole = AIMessageChunk(content="")
        for chunk in self._stream(messages, stop, **kwargs):
            whole += chunk.message
        message = AIMessage(
            content=whole.content,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def hide_numbers(chunks):
    held = ""
    for text in chunks:
        held += text
        safe = re.sub(r"\d+\Z", "", held)
        yield re.sub(r"\d{5,}", "[number]", safe)
        held = held[len(safe) :]
    yield re.sub(r"\d{5,}", "[number]", held)


def production_chat(model, backup):
    safe = reliable(
        model,
        fallbacks=[backup],
        first_token_timeout=2,
        between_tokens_timeout=2,
        after_first_token="continue",
    )
    return cached(safe) | StrOutputParser() | buffered(WordBuffer)


def production_app(chat, timings):
    app = FastAPI()

    @app.get("/chat")
    async def answer(question: str):
        timing = StreamTiming(title=question)
        timings.append(timing)
        return sse_response(timing.watch(chat.astream(question)))

    return app


def both_live(run):
    for message in run.messages:
        for event in message:
            delta = event.get("delta", {})
            if delta.get("type") == "reasoning-delta":
                yield "thinking", delta["reasoning"]
            elif delta.get("type") == "text-delta":
                yield "text", delta["text"]


class Chat:
    def __init__(self, ask, store):
        self.ask, self.store, self.ends = ask, store, Counter()

    async def start(self, question):
        events = sse_events(self.ask(question))
        return await self.store.start(events, ended=self.count)

    def count(self, last):
        self.ends[last.event] += 1

    async def read(self, name, after=0):
        events = await self.store.follow(name, after)
        if events is None:
            yield error_event("Gone", "This answer is gone. Ask again.")
            return
        async with aclosing(events):
            async for event in events:
                yield event

    async def stop(self, name):
        return await self.store.stop(name)
