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
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

# Parameters of the journey, in the spelling of the common integrations.
TRANSPORT = {
    *("timeout", "request_timeout", "default_request_timeout"),
    *("max_retries", "num_retries", "rate_limiter", "stream_chunk_timeout"),
    *("stream", "streaming", "stream_usage", "stream_options", "disable_streaming"),
    *("http_client", "http_async_client", "openai_proxy"),
    *("api_key", "openai_api_key", "anthropic_api_key"),
}

# Where edition 1 had these models: what is kept under their names is still found.
FIRST_HOMES = {
    "course_utils.cache.model": "course_utils.cache",
    "course_utils.fake.model": "course_utils.fake_model",
    "course_utils.reliability.model": "course_utils.reliability",
}


@dataclass(frozen=True)
class Question:
    """The messages and options of one call; `whole` asks for a full response."""

    messages: list[BaseMessage]
    stop: list[str] | None
    options: Mapping[str, Any]
    whole: bool = False

    def key(self, model: BaseChatModel) -> tuple[str, str]:
        """The prompt and the model, as LangChain's `BaseCache` wants them."""
        prompt = dumps([_asked(message) for message in self.messages])
        answered = [_description(model), _lasting(self.options), self.stop]
        return prompt, json.dumps(answered, sort_keys=True, default=_plain)

    def streams(self, model: BaseChatModel, async_api: bool) -> bool:
        """Whether this is asked as a stream."""
        asked = {**self.sent, "stream": True}
        return not self.whole and model._should_stream(async_api=async_api, **asked)

    @property
    def sent(self) -> dict[str, Any]:
        """The options as the model's own methods take them."""
        return {name: self.options[name] for name in self.options if name != "stream"}


def _asked(message: BaseMessage) -> BaseMessage:
    """The message without what tells only how it came to be."""
    told: dict[str, Any] = {"id": None, "response_metadata": {}}
    if isinstance(message, AIMessage):
        told["usage_metadata"] = None
    return message.model_copy(update=told)


def _description(model: BaseChatModel) -> list[Any]:
    home = type(model).__module__
    kind = f"{FIRST_HOMES.get(home, home)}.{type(model).__qualname__}"
    if not model.is_lc_serializable():
        return [kind, _lasting(model._get_invocation_params())]
    described, _, _ = model._get_llm_string().rpartition("---")
    return [kind, _lasting(json.loads(described).get("kwargs", {}))]


def _lasting(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in TRANSPORT}


def _plain(value: Any) -> Any:
    """A value that JSON does not know; of a class its fields count, not its name."""
    if hasattr(value, "model_json_schema"):
        return value.model_json_schema()
    return repr(value)


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
