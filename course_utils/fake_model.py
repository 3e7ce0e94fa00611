"""A chat model that says what you script, as fast as you say, and breaks on demand.

It runs in this process, needs no key and no network, and behaves like a real one:
word pieces, an empty first chunk, usage and a finish reason at the end, tool calls in
fragments. Underneath it only plays the steps of its replies.

    model = FakeStreamingChatModel(replies=["Hello.", Reply("Slow.", first_token=2)])
"""

import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, Literal

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr

from course_utils.clock import Clock, course_clock
from course_utils.latency import Latency, preset
from course_utils.replies import Reply, Step
from course_utils.responder import Request
from course_utils.script import Call, Script

REFUSALS: dict[int, type[Exception]] = {
    400: ModelInvalidRequestError,
    401: ModelAuthenticationError,
    403: ModelPermissionDeniedError,
    404: ModelNotFoundError,
    429: ModelRateLimitError,
}
BREAKS: dict[str, tuple[type[Exception], str]] = {
    "reset": (ModelConnectionError, "The connection was reset before any answer."),
    "drop": (ModelConnectionError, "The connection was reset in mid-answer."),
    "truncate": (ModelConnectionError, "The answer's body ended before its end."),
    "error": (ModelAPIError, "The server had an error in mid-answer."),
    "garble": (ModelAPIError, "The server sent an event that is not JSON."),
}


class FakeStreamingChatModel(BaseChatModel):
    """A scripted chat model that streams like a real one, offline and for free.

    >>> model = FakeStreamingChatModel(replies="Nice to meet you.")
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
        fault_rate: Share of replies that break, as on a bad day.
        clock: What waits; a `VirtualClock` does not really wait.

    Errors are LangChain's own `ModelError` family, the same for every provider.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    replies: Any = Field(default=None, exclude=True, repr=False)
    model: str = "fake"
    preset: Literal["fast", "frontier", "reasoning", "overloaded"] | None = None
    first_token: float = 0.0
    per_token: float = 0.0
    seed: str = ""
    fault_rate: float = 0.0
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    max_retries: int | None = None
    stop: list[str] | None = None
    clock: Clock = Field(default=course_clock, exclude=True, repr=False)
    _script: Script = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Make the script that says which reply comes next."""
        super().model_post_init(context)
        latency = Latency(self.first_token, self.per_token)
        if self.preset is not None:
            latency = preset(self.preset)
        self._script = Script(self.replies, latency, self.seed, self.fault_rate)

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
        return Request(
            messages,
            tools=[tool["function"] for tool in options.get("tools") or ()],
            tool_choice="required" if choice in ("any", True) else choice,
            stop=stop or self.stop or (),
            max_tokens=options.get("max_tokens", self.max_tokens),
            model=options.get("model", self.model),
        )

    def _begin(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Any
    ) -> tuple[Reply, Call, Generator[Step]]:
        reply, call = self._script.next(self._request(messages, stop, options))
        if reply.exception is not None:
            call.outcome = type(reply.exception).__name__
            raise reply.exception
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


def chunk_of(step: Step, reply: Reply, call: Call) -> ChatGenerationChunk | None:
    """The chunk that a step sends, if it sends one; a fault raises its error."""
    if step.kind == "text":  # nearly every step
        return ChatGenerationChunk(message=AIMessageChunk(content=step.text))
    if step.kind == "refuse":
        raise refusal(reply)
    if step.kind in BREAKS:
        error, words = BREAKS[step.kind]
        raise error(words)
    message = _message(step, call)
    return None if message is None else ChatGenerationChunk(message=message)


def refusal(reply: Reply) -> Exception:
    """The error of a refused request; `retry_after` is on it when the reply has one."""
    status = reply.status or 500
    error = REFUSALS.get(status, ModelAPIError)(f"The model refused: status {status}.")
    error.retry_after = reply.retry_after  # type: ignore[attr-defined]  # as SDKs do
    return error


def _message(step: Step, call: Call) -> AIMessageChunk | None:
    match step.kind:
        case "role":
            return AIMessageChunk(content="")
        case "tool":
            return _tool_chunk(step, step.text, "")
        case "args":
            return _tool_chunk(step, None, step.text)
        case "finish":
            return AIMessageChunk(content="", response_metadata=_ending(step, call))
        case "usage":
            return AIMessageChunk(content="", usage_metadata=_usage(step))
    return None


def _tool_chunk(step: Step, name: str | None, args: str) -> AIMessageChunk:
    fragment: dict[str, Any] = {
        "name": name,
        "args": args,
        "id": step.tool_id if name else None,
        "index": step.index,
        "type": "tool_call_chunk",
    }
    return AIMessageChunk(content="", tool_call_chunks=[fragment])  # type: ignore[list-item]  # a TypedDict by hand


def _ending(step: Step, call: Call) -> dict[str, Any]:
    return {"finish_reason": step.text, "model_name": call.request.model}


def _usage(step: Step) -> Any:
    taken, given = step.usage
    return {
        "input_tokens": taken,
        "output_tokens": given,
        "total_tokens": taken + given,
    }


def whole(steps: list[Step], reply: Reply, call: Call) -> ChatResult:
    """The answer in one piece, as a call without streaming gets it."""
    if steps[-1].kind == "cut":  # without streaming, half a body is no JSON: it shows
        raise ModelConnectionError("The answer's body ended before its end.")
    for step in steps:
        chunk_of(step, reply, call)
    by_kind = {step.kind: step for step in steps}
    message = AIMessage(
        content="".join(step.text for step in steps if step.kind == "text"),
        response_metadata=_ending(by_kind["finish"], call),
        usage_metadata=_usage(by_kind["usage"]),
        **_tool_calls(steps),
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def _tool_calls(steps: list[Step]) -> dict[str, Any]:
    """Tool calls, parsed strictly: half an argument is an invalid call."""
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    for call in (step for step in steps if step.kind == "tool"):
        mine = [s.text for s in steps if s.kind == "args" and s.index == call.index]
        named = {"name": call.text, "id": call.tool_id}
        try:
            good.append({**named, "args": json.loads("".join(mine))})
        except json.JSONDecodeError as error:
            bad.append({**named, "args": "".join(mine), "error": str(error)})
    return {"tool_calls": good, "invalid_tool_calls": bad}
