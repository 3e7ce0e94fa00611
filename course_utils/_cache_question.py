"""A question to a model: asking it, and telling whether it was asked before.

Whatever changes the answer is part of the key. How the request travels is not, nor is
what earlier answers in the conversation cost.

    prompt, llm_string = question.key(model)
"""

import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from course_utils._cache_key import key_of


@dataclass(frozen=True)
class Question:
    """The messages and options of one call; `whole` asks for a full response."""

    messages: list[BaseMessage]
    stop: list[str] | None
    options: Mapping[str, Any]
    whole: bool = False

    def key(self, model: BaseChatModel) -> tuple[str, str]:
        """The prompt and the model, as LangChain's `BaseCache` wants them."""
        return key_of(model, self.messages, self.stop, self.options)

    def streams(self, model: BaseChatModel, async_api: bool) -> bool:
        """Whether this is asked as a stream."""
        asked = {**self.sent, "stream": True}
        return not self.whole and model._should_stream(async_api=async_api, **asked)

    @property
    def sent(self) -> dict[str, Any]:
        """The options as the model's own methods take them."""
        return {name: self.options[name] for name in self.options if name != "stream"}


# Asked below the model's callbacks, so that a handler hears each token once.


def ask(
    model: BaseChatModel, question: Question
) -> Generator[ChatGenerationChunk, None, None]:
    """The chunks of one answer; closing them closes the model's own stream."""
    if model.rate_limiter:
        model.rate_limiter.acquire(blocking=True)
    messages, stop, options = question.messages, question.stop, question.sent
    if question.streams(model, async_api=False):
        yield from model._stream(messages, stop=stop, **options)
    else:
        yield _chunk_of(model._generate(messages, stop=stop, **options))


async def aask(
    model: BaseChatModel, question: Question
) -> AsyncGenerator[ChatGenerationChunk, None]:
    """The chunks of one answer; closing them closes the model's own stream."""
    if model.rate_limiter:
        await model.rate_limiter.aacquire(blocking=True)
    messages, stop, options = question.messages, question.stop, question.sent
    if not question.streams(model, async_api=True):
        yield _chunk_of(await model._agenerate(messages, stop=stop, **options))
        return
    chunks: Any = model._astream(messages, stop=stop, **options)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk


def _chunk_of(result: ChatResult) -> ChatGenerationChunk:
    """A full response as a stream of one chunk."""
    generation = result.generations[0]
    message: Any = generation.message
    told = {**(result.llm_output or {}), **(generation.generation_info or {})}
    chunk = AIMessageChunk(
        content=message.content,
        additional_kwargs=message.additional_kwargs,
        response_metadata={**told, **message.response_metadata},
        usage_metadata=message.usage_metadata,
        tool_call_chunks=_fragments(message),
        id=message.id,
        name=message.name,
    )
    return ChatGenerationChunk(message=chunk)


def _fragments(message: Any) -> list[Any]:
    """Tool calls as a stream has them; adding chunks loses those in any other form."""
    calls = [(call, json.dumps(call["args"])) for call in message.tool_calls]
    calls += [(call, call["args"] or "") for call in message.invalid_tool_calls]
    return [
        {**_named(call), "args": args, "index": index, "type": "tool_call_chunk"}
        for index, (call, args) in enumerate(calls)
    ]


def _named(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": call["name"], "id": call["id"]}
