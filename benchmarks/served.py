"""The same answer served in several ways, for `serving.py`: one server has them all.

The model's tokens come at fixed moments, and each says in its text when it was due. So
a reader on the same machine knows how late it is, and needs no other clock.

    uvicorn benchmarks.served:serve
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import count
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from benchmarks.readers import GAP
from chat.app import create
from chat.models import cache_of
from chat.settings import Settings
from course_utils import (
    RedisReplay,
    ReplayBuffer,
    TextParser,
    cached,
    reliable,
    sse_events,
    sse_response,
    tune_gc,
)
from course_utils.serving import Replay

SSE = "text/event-stream"


async def due_times(tokens: int) -> AsyncIterator[str]:
    """So many tokens, each the moment when it is due, at its moment."""
    begin = time.monotonic()
    for number in range(tokens):
        due = begin + number * GAP
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        yield f"{due:.4f} "


class Timed(BaseChatModel):
    """Answers with as many tokens as the question's first word says."""

    @property
    def _llm_type(self) -> str:
        return "timed"

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("-"))])

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for text in due_times(int(messages[-1].text.split()[0])):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
            if run_manager:
                await run_manager.on_llm_new_token(text, chunk=chunk)
            yield chunk
        end = AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=end)


MODEL = Timed()
CHAIN = MODEL | StrOutputParser()
RELIABLE = reliable(MODEL)
MESSAGES = cached(RELIABLE)
STACK = MESSAGES | TextParser()


def line(text: str) -> str:
    return f"data: {json.dumps({'text': text})}\n\n"


async def plain(question: str) -> AsyncIterator[str]:
    """What most people write first."""
    async for chunk in MODEL.astream(question):
        yield line(chunk.text)


async def text_events(question: str) -> AsyncIterator[str]:
    """`astream_events`, of which only the text goes out."""
    async for event in CHAIN.astream_events(question, version="v2"):
        if event["event"] == "on_chat_model_stream":
            yield line(event["data"]["chunk"].text)


async def whole_events(question: str) -> AsyncIterator[str]:
    """`astream_events` as it is, in JSON."""
    async for event in CHAIN.astream_events(question, version="v2"):
        yield f"data: {json.dumps(event, default=lambda thing: thing.model_dump())}\n\n"


def response(body: Callable[[str], AsyncIterator[str]]) -> Callable[[str], Response]:
    return lambda question: StreamingResponse(body(question), media_type=SSE)


KEEP = 1.0  # seconds an answer is kept after its end
MEMORY = ReplayBuffer(keep=KEEP)


def redis_url() -> str:
    """The server of this run; there is none, say, where none is installed."""
    return os.environ.get("REDIS", "")


async def replayed(replay: Replay, question: str) -> AsyncIterator[str]:
    """The same, kept for readers who come back."""
    name = await replay.start(sse_events(MESSAGES.astream(question)))
    if body := await replay.body(name):
        async for text in body:
            yield text


WAYS: dict[str, Callable[[str], Response]] = {
    "plain": response(plain),
    "text-events": response(text_events),
    "whole-events": response(whole_events),
    "model": lambda question: sse_response(MODEL.astream(question)),
    "reliable": lambda question: sse_response(RELIABLE.astream(question)),
    "messages": lambda question: sse_response(MESSAGES.astream(question)),
    "stack": lambda question: sse_response(STACK.astream(question)),
    "memory": response(partial(replayed, MEMORY)),
}
if redis_url():
    IN_REDIS = RedisReplay(redis_url(), keep=KEEP)
    WAYS["redis"] = response(partial(replayed, IN_REDIS))
_asked = count()  # no question twice: else the cache answers

app = FastAPI()


@app.get("/cpu")
async def cpu() -> PlainTextResponse:
    """Seconds of processor time so far, of all threads."""
    return PlainTextResponse(str(time.process_time()))


@app.get("/{way}")
async def serve_way(way: str, tokens: int) -> Response:
    """An answer of so many tokens, in this way."""
    return WAYS[way](f"{tokens} tokens, number {next(_asked)}")


harmless: dict[str, Any] = {"max_streams": 100_000, "rate": "100000/second"}
harmless |= {"keep": KEEP}
app.mount("/app", create(Settings(**harmless), MESSAGES.astream))
if redis_url():
    shared = Settings(**harmless, redis=redis_url())
    model = cached(RELIABLE, cache_of(shared))
    app.mount("/app-redis", create(shared, model.astream))


async def raw(scope: Any, send: Any) -> None:
    """What the server itself costs: no framework, no model."""
    tokens = int(scope["query_string"].partition(b"=")[2])
    headers = [(b"content-type", SSE.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for text in due_times(tokens):
        body = line(text).encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """The app that uvicorn runs."""
    if scope["type"] == "http" and scope["path"] == "/raw":
        await raw(scope, send)
    else:
        await app(scope, receive, send)


if os.environ.get("COLLECTOR") == "tuned":
    tune_gc()
