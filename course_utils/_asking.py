"""Ask one model once: for its stream or a full response, as chunks either way.

The model's own streaming methods are called below its callbacks, so that a handler
hears each token once, from the model around it.

    for chunk in ask(model, attempt, stop, options): ...
"""

from contextlib import aclosing
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.utils import message_chunk_to_message
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.utils import LC_ID_PREFIX

from course_utils._in_time import AsyncChunks, Chunks
from course_utils._policy import Attempt
from course_utils.text import is_restart
from course_utils.truncation import WholeResponse, sum_of

RunManager = CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun


def ask(
    model: BaseChatModel, attempt: Attempt, stop: list[str] | None, options: Any
) -> Chunks:
    """The chunks of one answer; closing them closes the model's own stream."""
    if model.rate_limiter:
        model.rate_limiter.acquire(blocking=True)
    if _streams(model, attempt, False, options):
        yield from model._stream(attempt.messages, stop=stop, **options)
    else:
        yield _chunk(model._generate(attempt.messages, stop=stop, **options))


async def aask(
    model: BaseChatModel, attempt: Attempt, stop: list[str] | None, options: Any
) -> AsyncChunks:
    """The chunks of one answer; closing them closes the model's own stream."""
    if model.rate_limiter:
        await model.rate_limiter.aacquire(blocking=True)
    if not _streams(model, attempt, True, options):
        result = await model._agenerate(attempt.messages, stop=stop, **options)
        yield _chunk(result)
        return
    chunks: Any = model._astream(attempt.messages, stop=stop, **options)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk


def _streams(
    model: BaseChatModel, attempt: Attempt, async_api: bool, options: Any
) -> bool:
    asked = not attempt.whole
    return asked and model._should_stream(async_api=async_api, stream=True, **options)


def _chunk(result: ChatResult) -> WholeResponse:
    """A full response as a stream of one chunk."""
    generation = result.generations[0]
    message: Any = generation.message
    metadata = {
        **(result.llm_output or {}),
        **(generation.generation_info or {}),
        **message.response_metadata,
    }
    fields = {name: getattr(message, name) for name in _FIELDS}
    chunk = AIMessageChunk(**fields, response_metadata=metadata)
    return WholeResponse(message=chunk)


_FIELDS = (
    "content",
    "additional_kwargs",
    "tool_calls",
    "invalid_tool_calls",
    "usage_metadata",
    "id",
    "name",
)


class Answer:
    """Collects chunks into the message that stays: a restart drops what was before."""

    def __init__(self, run_manager: RunManager | None) -> None:
        self._id = f"{LC_ID_PREFIX}-{run_manager.run_id}" if run_manager else None
        self._chunks: list[ChatGenerationChunk] = []

    def add(self, chunk: ChatGenerationChunk) -> None:
        """Take the next chunk, and give it the id of its message."""
        message = chunk.message
        message.id = message.id or self._id
        if chunk.generation_info:
            info = chunk.generation_info
            message.response_metadata = {**info, **message.response_metadata}
        if is_restart(chunk):
            self._chunks = []
        else:
            self._chunks.append(chunk)

    def result(self) -> ChatResult:
        """The whole message, as a model returns it."""
        message = message_chunk_to_message(sum_of(self._chunks))
        return ChatResult(generations=[ChatGeneration(message=message)])
