"""How a model is called below its callbacks: one way, as chunks, sync and async alike.

A model around a model asks here. Below the callbacks, so that a handler hears each
token once, from the outermost model; and always as chunks, so that a full response
needs no second way through.

    for chunk in call(model, Request(messages)): ...
"""

import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    InvalidToolCall,
    ToolCall,
)
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.messages.utils import message_chunk_to_message
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from course_utils.chunks import is_restart

Chunks = Generator[ChatGenerationChunk, None, None]
AsyncChunks = AsyncGenerator[ChatGenerationChunk, None]


@dataclass(frozen=True)
class Request:
    """What one call asks of a model.

    Attributes:
        messages: The conversation.
        stop: Words that end the answer.
        options: What the model's own methods take beside these.
        whole: Whether to ask for a full response instead of a stream.
    """

    messages: list[BaseMessage]
    stop: list[str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False

    @property
    def sent(self) -> dict[str, Any]:
        """What the model's own methods take beside the messages."""
        options = dict(self.options)
        if not self.whole:
            options.pop("stream", None)  # that we decide
        return {"stop": self.stop, **options}

    def streams(self, model: BaseChatModel, *, async_api: bool) -> bool:
        """Whether the model answers this as a stream."""
        options = {**self.options, "stream": True}
        return not self.whole and model._should_stream(async_api=async_api, **options)


def call(model: BaseChatModel, request: Request) -> Chunks:
    """The chunks of one answer; closing them closes the model's own stream."""
    if model.rate_limiter:
        model.rate_limiter.acquire(blocking=True)
    if request.streams(model, async_api=False):
        yield from model._stream(request.messages, **request.sent)
    else:
        yield chunk_of(model._generate(request.messages, **request.sent))


async def acall(model: BaseChatModel, request: Request) -> AsyncChunks:
    """The chunks of one answer; closing them closes the model's own stream."""
    if model.rate_limiter:
        await model.rate_limiter.aacquire(blocking=True)
    if not request.streams(model, async_api=True):
        yield chunk_of(await model._agenerate(request.messages, **request.sent))
        return
    chunks: Any = model._astream(request.messages, **request.sent)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk


class WholeResponse(ChatGenerationChunk):
    """A full response as one chunk: it is whole, even if it does not say why."""

    llm_output: dict[str, Any] | None = None  # what it told of the whole call


def chunk_of(result: ChatResult) -> WholeResponse:
    """A full response as a stream of one chunk, with all that its message says.

    Alone it turns into the very same message again. Its tool calls are fragments too,
    as LangChain makes calls from fragments whenever it adds chunks.
    """
    generation = result.generations[0]
    message: Any = generation.message
    metadata = {**(result.llm_output or {}), **(generation.generation_info or {})}
    chunk = AIMessageChunk(
        content=message.content,
        additional_kwargs=message.additional_kwargs,
        response_metadata={**metadata, **message.response_metadata},
        usage_metadata=message.usage_metadata,
        tool_call_chunks=_fragments(message),
        id=message.id,
        name=message.name,
    )
    chunk.tool_calls = list(message.tool_calls)
    chunk.invalid_tool_calls = list(message.invalid_tool_calls)
    return WholeResponse(message=chunk, llm_output=result.llm_output)


def _fragments(message: AIMessage) -> list[ToolCallChunk]:
    calls: list[tuple[ToolCall | InvalidToolCall, str]] = []
    calls += [(call, json.dumps(call["args"])) for call in message.tool_calls]
    calls += [(call, cut_short(call["args"])) for call in message.invalid_tool_calls]
    return [
        ToolCallChunk(
            name=call["name"],
            args=args,
            id=call["id"],
            index=index,
            type="tool_call_chunk",
        )
        for index, (call, args) in enumerate(calls)
    ]


CUT_SHORT = "cut short: "


def cut_short(args: str | None) -> str:
    """Arguments of a tool call that no parser completes, however chunks are added.

    LangChain completes half JSON by guessing: `{"amount": 100` of 10000 would be paid.

    >>> cut_short('{"amount": 100')
    'cut short: {"amount": 100'
    """
    args = args or ""
    return args if args.startswith(CUT_SHORT) else CUT_SHORT + args


# And back: the full response that chunks make


class FirstChunk(ChatGenerationChunk):
    """The first chunk of an answer: a later one may take back what was before it.

    LangChain adds chunks up for the message that a graph keeps and a trace shows.
    """

    def __add__(self, other: Any) -> ChatGenerationChunk:
        """The sum of the chunks since the last restart."""
        others = other if isinstance(other, list) else [other]
        last = since_restart([self, *others])
        if last[0] is self:
            return super().__add__(others)
        return last[0] + last[1:] if last[1:] else last[0]


def since_restart(chunks: list[ChatGenerationChunk]) -> list[ChatGenerationChunk]:
    """The chunks of the answer that stays: of what was taken back, none."""
    for number in range(len(chunks) - 1, -1, -1):
        if is_restart(chunks[number].message):
            return chunks[number + 1 :] or chunks[number:]
    return chunks


def result_of(chunks: list[ChatGenerationChunk]) -> ChatResult:
    """The full response that these chunks make; one that came whole, as it came."""
    last = since_restart(chunks)
    if len(last) != 1:
        return generate_from_stream(iter(last))
    message = message_chunk_to_message(last[0].message)
    info = last[0].generation_info
    return ChatResult(
        generations=[ChatGeneration(message=message, generation_info=info)],
        llm_output=getattr(last[0], "llm_output", None),
    )
