"""A chat model that says what you script, as fast as you say, and breaks on demand.

It runs in this process, needs no key and no network, and behaves like a real one:
word pieces, an empty first chunk, usage and a finish reason at the end, tool calls in
fragments. Underneath it only plays the steps of its replies.

    model = FakeStreamingChatModel(replies=["Hello.", Reply("Slow.", first_token=2)])
"""

from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterator,
    Sequence,
)
from contextlib import closing
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Literal

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.exceptions import ModelInvalidRequestError
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr, ValidationError

from course_utils.clock import Clock, course_clock
from course_utils.fake.chunks import chunk_of, whole
from course_utils.fake.history import fault_in
from course_utils.fake.latency import Latency, preset
from course_utils.fake.plan import Step
from course_utils.fake.reply import Reply
from course_utils.fake.responder import Request
from course_utils.fake.schema.parts import Unanswerable
from course_utils.fake.script import Call, Script
from course_utils.wrapped_model.fields import set_fields

# What a real model is given and a scripted one has no use for: it may stay in a call.
NEEDLESS = {"api_key", "base_url", "streaming", "stream_usage"}


class FakeStreamingChatModel(BaseChatModel):
    """A scripted chat model that streams like a real one, offline and for free.

    >>> model = FakeStreamingChatModel("Nice to meet you.")
    >>> [chunk.text for chunk in model.stream("Hi") if chunk.text]
    ['Nice', ' to', ' meet', ' you', '.']

    Args:
        replies: Text, a `Reply`, an exception, a function of the messages, or a list
            of these, consumed in turn and then from the start again. Without replies
            the model gives a sensible answer to any prompt, always the same.
        preset: Timing named `fast`, `frontier`, `reasoning` or `overloaded`.
        first_token: Seconds before the first token.
        per_token: Seconds before each later token.
        seed: Draws other waits from the same preset.
        strict: Refuse a tool call without its result, as OpenAI and the server do.
        clock: What waits; a `VirtualClock` does not really wait.

    Errors are LangChain's own `ModelError` family, the same for every provider. A
    setting that is none is a TypeError, a value it does not take a ValueError.
    """

    # Strict: a time that is written as text is a slip, told where it is made.
    model_config = ConfigDict(arbitrary_types_allowed=True, strict=True)

    replies: Any = Field(default=None, exclude=True, repr=False)
    model: str = "fake"
    preset: Literal["fast", "frontier", "reasoning", "overloaded"] | None = None
    first_token: float = 0.0
    per_token: float = 0.0
    seed: str = ""
    strict: bool = False
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    max_retries: int | None = None
    stop: list[str] | None = None
    clock: Clock = Field(default=course_clock, exclude=True, repr=False)
    _script: Script = PrivateAttr()

    def __init__(self, replies: Any = None, **settings: Any) -> None:
        known = type(self).model_fields
        for name in settings.keys() - known.keys() - NEEDLESS:
            raise TypeError(_no_such_setting(name, known))
        try:
            super().__init__(**{"replies": replies, **settings})
        except ValidationError as error:
            raise _wrong_setting(error) from None

    def model_post_init(self, context: Any, /) -> None:
        """Make the script that says which reply comes next."""
        super().model_post_init(context)
        latency = Latency(self.first_token, self.per_token)
        if self.preset is not None:
            latency = preset(self.preset)
        self._script = Script(self.replies, latency, self.seed)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from set_fields(self, BaseChatModel)

    @property
    def log(self) -> list[Call]:
        """Every request to this model, with what became of it."""
        return self._script.log

    @property
    def _llm_type(self) -> str:
        return "fake-streaming"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A copy of this model that may call these tools."""
        formatted = [convert_to_openai_tool(tool) for tool in tools]
        if tool_choice:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=formatted, **kwargs)

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Any
    ) -> Request:
        choice = options.get("tool_choice") or "auto"
        form = options.get("response_format") or {}
        return Request(
            messages,
            tools=[tool["function"] for tool in options.get("tools") or ()],
            tool_choice="required" if choice in ("any", True) else choice,
            schema=(form.get("json_schema") or {}).get("schema"),
            json_mode=form.get("type") == "json_object",
            stop=stop or self.stop or (),
            max_tokens=options.get("max_tokens", self.max_tokens),
            model=options.get("model", self.model),
        )

    def _begin(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Any
    ) -> tuple[Reply, Call, Generator[Step]]:
        request = self._request(messages, stop, options)
        if self.strict and (words := _refused(request)) is not None:
            raise ModelInvalidRequestError(words)
        try:
            reply, call = self._script.next(request)
        except Unanswerable as error:
            raise ModelInvalidRequestError(str(error)) from error
        if reply.exception is not None:
            call.outcome = type(reply.exception).__name__
            raise reply.exception
        # Comments mean nothing in this process, and a stall may have no end of them.
        reply = replace(reply, keep_alive=False)
        return reply, call, self._script.play(reply, call)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply, call, steps = self._begin(messages, stop, kwargs)
        due = self.clock.now()
        with closing(steps):
            for step in steps:
                if step.wait:
                    due += step.wait
                    self.clock.sleep_until(due)
                chunk = chunk_of(step, reply, call)
                if chunk is not None:
                    if run_manager:
                        run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
                    yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply, call, steps = self._begin(messages, stop, kwargs)
        due = self.clock.now()
        with closing(steps):
            for step in steps:
                if step.wait:
                    due += step.wait
                    await self.clock.asleep_until(due)
                chunk = chunk_of(step, reply, call)
                if chunk is not None:
                    if run_manager:
                        text = str(chunk.text)
                        await run_manager.on_llm_new_token(text, chunk=chunk)
                    yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply, call, steps = self._begin(messages, stop, kwargs)
        played = list(steps)
        self.clock.sleep(sum(step.wait for step in played))
        return whole(played, reply, call)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply, call, steps = self._begin(messages, stop, kwargs)
        played = list(steps)
        await self.clock.asleep(sum(step.wait for step in played))
        return whole(played, reply, call)


def _refused(request: Request) -> str | None:
    """OpenAI's words for a request that it refuses."""
    if (fault := fault_in(request.messages)) is not None:
        return fault.message
    limit, choice = request.max_tokens, request.tool_choice
    if limit is not None and limit < 1:
        return (
            "Invalid 'max_tokens': integer below minimum value. "
            f"Expected a value >= 1, but got {limit} instead."
        )
    names = [tool["name"] for tool in request.tools]
    if choice not in ("auto", "none", "required", *names):
        return f"Tool choice '{choice}' not found in 'tools' parameter."
    return None


def _no_such_setting(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    ours = "replies, preset, first_token, per_token, seed, strict, clock"
    advice = f"write {near[0]}=" if near else f"there are {ours}"
    return f"FakeStreamingChatModel() has no such setting, got {name}=...: {advice}."


def _wrong_setting(error: ValidationError) -> ValueError:
    first = error.errors()[0]
    name, said = first["loc"][0] if first["loc"] else "...", first["msg"]
    return ValueError(
        f"FakeStreamingChatModel({name}=...) does not take this, got "
        f"{first['input']!r}: {said[:1].lower()}{said[1:]}."
    )
