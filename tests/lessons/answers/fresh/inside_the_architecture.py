"""Right answers in another style, and wrong ones that break the contract."""

import asyncio
import re
from typing import Any

from fastapi import FastAPI
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from course_utils import (
    StreamTiming,
    WordBuffer,
    buffered,
    cached,
    own_stream,
    reliable,
    sse_response,
)
from course_utils.lessons import inside_the_architecture as inside
from course_utils.serving import error_event, sse_events


def live_by_kind(run):
    kinds = {"reasoning-delta": ("thinking", "reasoning"), "text-delta": ("text",) * 2}
    for message in run.messages:
        for event in message:
            delta = event.get("delta") or {}
            if (kind := delta.get("type")) in kinds:
                name, field = kinds[kind]
                yield name, delta[field]


def live_of_the_first(run):
    yield from live_by_kind(_Run([next(iter(run.messages))]))


class _Run:
    def __init__(self, messages):
        self.messages = messages


def live_all_as_text(run):
    for _, piece in live_by_kind(run):
        yield "text", piece


def live_at_the_end(run):
    yield from [*live_by_kind(run)]


class EchoByMessages(BaseChatModel):
    model: str = "echo"

    @property
    def _llm_type(self):
        return "echo"

    def _parts(self, messages):
        words = messages[-1].text.split()
        for word in words:
            yield AIMessageChunk(word + " ")
        used = len(words)
        yield AIMessageChunk(
            "",
            usage_metadata=dict(
                input_tokens=used, output_tokens=used, total_tokens=used + used
            ),
            response_metadata=dict(finish_reason="stop", model_name=self.model),
        )

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for part in self._parts(messages):
            yield ChatGenerationChunk(message=part)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        *parts, last = self._parts(messages)
        message = AIMessage(
            "".join(str(part.text) for part in parts),
            usage_metadata=last.usage_metadata,
            response_metadata=last.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


class EchoOfUpperCase(EchoByMessages):
    def _parts(self, messages):
        for part in super()._parts(messages):
            part.content = part.content.upper()
            yield part


class EchoOfAllMessages(EchoByMessages):
    def _parts(self, messages):
        whole = AIMessage(" ".join(message.text for message in messages))
        yield from super()._parts([whole])


class EchoWithoutAName(EchoByMessages):
    def _parts(self, messages):
        for part in super()._parts(messages):
            part.response_metadata.pop("model_name", None)
            yield part


def hide_by_splitting(chunks):
    held = ""
    for piece in chunks:
        *_, tail = re.split(r"\D", held + piece)
        whole = (held + piece)[: len(held + piece) - len(tail)]
        yield re.sub(r"\d{5,}", "[number]", whole)
        held = tail
    yield re.sub(r"\d{5,}", "[number]", held)


def hide_by_words(chunks):
    held = ""
    for piece in chunks:
        held += piece
        cut = held.rfind(" ") + 1
        yield re.sub(r"\d{5,}", "[number]", held[:cut])
        held = held[cut:]
    yield re.sub(r"\d{5,}", "[number]", held)


def hide_by_boundaries(chunks):
    held = ""
    for piece in chunks:
        held += piece
        safe = re.sub(r"\d+\Z", "", held)
        yield re.sub(r"\b\d{5,}\b", "[number]", safe)
        held = held[len(safe) :]
    yield re.sub(r"\b\d{5,}\b", "[number]", held)


def hide_ascii(chunks):
    held = ""
    for piece in chunks:
        held += piece
        safe = re.sub(r"[0-9]+\Z", "", held)
        yield re.sub(r"[0-9]{5,}", "[number]", safe)
        held = held[len(safe) :]
    yield re.sub(r"[0-9]{5,}", "[number]", held)


def hide_and_forget(chunks):
    held = ""
    for piece in chunks:
        held += piece
        safe = re.sub(r"\d+\Z", "", held)
        yield re.sub(r"\d{5,}", "[number]", safe)
        held = held[len(safe) :]


def chat_of_parts(model, backup):
    steady = reliable(
        model,
        fallbacks=[backup],
        after_first_token="continue",
        first_token_timeout=3.0,
        between_tokens_timeout=1.5,
    )
    chain = cached(steady) | StrOutputParser()
    return chain | buffered(WordBuffer)


def chat_without_a_backup(model, backup):
    steady = reliable(model, first_token_timeout=2, between_tokens_timeout=2)
    return cached(steady) | StrOutputParser() | buffered(WordBuffer)


def chat_that_waits(model, backup):
    steady = reliable(model, fallbacks=[backup], after_first_token="continue")
    return cached(steady) | StrOutputParser() | buffered(WordBuffer)


def chat_that_pays_twice(model, backup):
    steady = reliable(
        model,
        fallbacks=[backup],
        first_token_timeout=2,
        between_tokens_timeout=2,
        after_first_token="continue",
    )
    return steady | StrOutputParser() | buffered(WordBuffer)


def app_of_a_router(chat, timings):
    app = FastAPI()

    async def answer(question: str):
        timings.append(timing := StreamTiming(question))
        return sse_response(timing.watch(chat.astream(question)))

    app.add_api_route("/chat", answer, methods=["GET"])
    return app


def app_of_one_timing(chat, timings):
    app, timing = FastAPI(), StreamTiming("chat")
    timings.append(timing)

    @app.get("/chat")
    async def answer(question: str):
        return sse_response(timing.watch(chat.astream(question)))

    return app


def app_that_reads_first(chat, timings):
    app = FastAPI()

    @app.get("/chat")
    async def answer(question: str):
        timing = StreamTiming(question)
        timings.append(timing)
        texts = [text async for text in timing.watch(chat.astream(question))]

        async def again():
            for text in texts:
                yield text

        return sse_response(again())

    return app


def app_of_one_at_a_time(chat, timings):
    app, room = FastAPI(), asyncio.Semaphore(1)

    @app.get("/chat")
    async def answer(question: str):
        timing = StreamTiming(question)
        timings.append(timing)

        async def waits():
            async with room:
                async for text in timing.watch(chat.astream(question)):
                    yield text

        return sse_response(waits())

    return app


class ChatOfHelpers(inside.FirstTry if hasattr(inside, "FirstTry") else object):
    def __init__(self, ask, store):
        from collections import Counter

        self.ask, self.store, self.ends = ask, store, Counter()

    async def start(self, question):
        return await self.store.start(
            sse_events(self.ask(question)),
            ended=lambda last: self.ends.update([last.event]),
        )

    async def read(self, name, after=0):
        if (events := await self.store.follow(name, after)) is None:
            yield error_event("Gone", "Ask again.")
        else:
            async with own_stream(events) as owned:
                async for event in owned:
                    yield event

    async def stop(self, name):
        return await self.store.stop(name)


class ChatThatForgetsAfter(ChatOfHelpers):
    async def read(self, name, after=0):
        async for event in super().read(name, 0):
            yield event


class ChatThatRaises(ChatOfHelpers):
    async def read(self, name, after=0):
        async for event in await self.store.follow(name, after):
            yield event


class ChatThatCountsReaders(ChatOfHelpers):
    async def start(self, question):
        return await self.store.start(sse_events(self.ask(question)))

    async def read(self, name, after=0):
        last = None
        async for last in super().read(name, after):
            yield last
        if last:
            self.ends[last.event] += 1


class ChatThatAlwaysStops(ChatOfHelpers):
    async def stop(self, name):
        await self.store.stop(name)
        return True


RIGHT: list[tuple[Any, Any]] = [
    (inside.both_live, live_by_kind),
    (inside.echo, EchoByMessages),
    (inside.hide_numbers, hide_by_splitting),
    (inside.production_chat, chat_of_parts),
    (inside.production_app, app_of_a_router),
    (inside.chat, ChatOfHelpers),
]
WRONG: list[tuple[Any, Any]] = [
    (inside.both_live, live_of_the_first),
    (inside.both_live, live_all_as_text),
    (inside.both_live, live_at_the_end),
    (inside.echo, EchoOfUpperCase),
    (inside.echo, EchoOfAllMessages),
    (inside.echo, EchoWithoutAName),
    (inside.hide_numbers, hide_by_words),
    (inside.hide_numbers, hide_by_boundaries),
    (inside.hide_numbers, hide_ascii),
    (inside.hide_numbers, hide_and_forget),
    (inside.production_chat, chat_without_a_backup),
    (inside.production_chat, chat_that_waits),
    (inside.production_chat, chat_that_pays_twice),
    (inside.production_app, app_of_one_timing),
    (inside.production_app, app_that_reads_first),
    (inside.production_app, app_of_one_at_a_time),
    (inside.chat, ChatThatForgetsAfter),
    (inside.chat, ChatThatRaises),
    (inside.chat, ChatThatCountsReaders),
    (inside.chat, ChatThatAlwaysStops),
]
