"""A chat model that survives its stream: it retries, falls back, goes on, gives up.

It stands around a chat model and is one itself, so chains, events and agents get it
unchanged. `recovery` decides; the players here only ask, wait and pass chunks on.

    model = reliable(ChatOpenAI(max_retries=0), fallbacks=[backup], first_token=10)
"""

import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, closing
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field, PrivateAttr

from course_utils._asking import Answer, RunManager, aask, ask
from course_utils._in_time import AsyncChunks, Chunks, awithin, within
from course_utils._policy import AfterFirstToken, Attempt, Policy, Reader
from course_utils.clock import Clock, course_clock
from course_utils.deadlines import Deadlines, Timer
from course_utils.recovery import Recovery


def reliable(
    model: BaseChatModel,
    fallbacks: Sequence[BaseChatModel] = (),
    *,
    attempts: int = 3,
    wait_initial: float = 0.5,
    wait_max: float = 8.0,
    after_first_token: AfterFirstToken = "raise",
    require_finish: bool = True,
    first_token: float | None = None,
    between_tokens: float | None = None,
    total: float | None = None,
    clock: Clock = course_clock,
) -> "ReliableChatModel":
    """The same chat model, whose streams end whole or with an error that says so.

    Until the first visible token a failure stays unseen: the request is made again,
    then made to the fallbacks. All times are seconds.

    >>> from course_utils.fake_model import FakeStreamingChatModel, Reply
    >>> replies = [Reply("Nice to meet you.", cut_after=2), " meet you."]
    >>> model = FakeStreamingChatModel(replies=replies)
    >>> stream = reliable(model, after_first_token="continue").stream("Hi")
    >>> "".join(chunk.text for chunk in stream)
    'Nice to meet you.'

    Args:
        model: Whom to ask. Its own retries belong off (`max_retries=0`), or they
            multiply with these.
        fallbacks: Whom to ask when the model gives up.
        attempts: Requests to each model, at most.
        wait_initial: The first wait is drawn from 0 to this; later ones from twice as
            much each time. A server's `Retry-After` is obeyed instead.
        wait_max: Waits are drawn from no more than this; a server that asks for more
            gives way to the next fallback, if there is one.
        after_first_token: What to do when text was shown already. `raise` the error,
            with the text as its `partial`. `continue`: ask for the rest, in the same
            message. `restart`: begin anew, announced by an empty chunk with
            `response_metadata["restart"]` and a new message id. `full`: ask for a
            full response and send its rest, or restart with it if it differs.
        require_finish: Whether an answer without a finish reason is truncated. Pass
            False for an endpoint that never sends one.
        first_token: Time for the first token of each attempt.
        between_tokens: Time for each later one. Comments and empty chunks do not count.
        total: Time for everything, waits and attempts included.
        clock: What waits and measures.

    Errors are all `ModelError`s, each with `partial`, the message as far as it came:
    `StreamTruncated`, `StreamTimeout`, the provider's own, or `StreamBroken` with the
    cause. An answer that ended early for a reason (`length`, `content_filter`) is no
    error: `response_metadata["incomplete"]` says why. Tool calls come when they are
    whole; half of one comes as an invalid call. Usage is that of the last request.

    `restart` and `full` need a reader that sees chunks: before a parser use `raise` or
    `continue`, and in protocol events (v3) they raise. With `invoke` nobody has seen
    anything, so every failure is retried; with a token deadline it listens to the
    stream.
    """
    models = [_checked(one) for one in (model, *_listed(fallbacks))]
    return ReliableChatModel(
        models=models,
        policy=Policy(
            attempts, wait_initial, wait_max, after_first_token, require_finish
        ),
        deadlines=Deadlines(first_token, between_tokens, total),
        clock=clock,
        **{name: getattr(model, name) for name in _KEPT},
    )


# What callers of the model rely on, so that the wrapper has it too.
_KEPT = ("cache", "callbacks", "metadata", "output_version", "profile", "tags")


def _checked(model: Any) -> BaseChatModel:
    if isinstance(model, BaseChatModel):
        return model
    raise TypeError(
        f"reliable() stands around a chat model, got {type(model).__name__}: "
        "write reliable(ChatOpenAI(...)), and bind tools or add stages after it."
    )


def _listed(fallbacks: Any) -> Sequence[Any]:
    if isinstance(fallbacks, Sequence):
        return fallbacks
    raise TypeError(
        f"fallbacks is a list of chat models, got {type(fallbacks).__name__}: "
        "write fallbacks=[backup]."
    )


class ReliableChatModel(BaseChatModel):
    """What `reliable` returns: a chat model around chat models."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    models: list[BaseChatModel]
    policy: Policy = Field(default_factory=Policy)
    deadlines: Deadlines = Field(default_factory=Deadlines)
    clock: Clock = Field(default=course_clock, exclude=True, repr=False)
    _draw: random.Random = PrivateAttr(default_factory=random.Random)

    @property
    def _llm_type(self) -> str:
        return "reliable"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"models": [dict(model._identifying_params) for model in self.models]}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return self.models[0]._get_ls_params(stop=stop, **kwargs)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A copy of this model that may call these tools, whichever model answers."""
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        bound: list[Any] = [model.bind_tools(tools, **kwargs) for model in self.models]
        first, *others = [binding.kwargs for binding in bound]
        if any(other != first for other in others):
            first = {**first, "fallback_options": [(list(first), o) for o in others]}
        return self.bind(**first)

    # Streams

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        # Only protocol events (v3) pass a run manager; they have no word for a restart.
        recovery = self._recovery(messages, "events" if run_manager else "chunks")
        with closing(self._play(recovery, stop, kwargs)) as chunks:
            for chunk in chunks:
                if run_manager is not None:
                    run_manager.on_llm_new_token(_text(chunk), chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        recovery = self._recovery(messages, "events" if run_manager else "chunks")
        async with aclosing(self._aplay(recovery, stop, kwargs)) as chunks:
            async for chunk in chunks:
                if run_manager is not None:
                    await run_manager.on_llm_new_token(_text(chunk), chunk=chunk)
                yield chunk

    # Full responses; with a handler that listens to tokens, from the stream

    def _should_stream(
        self,
        *,
        async_api: bool,
        run_manager: RunManager | None = None,
        **kwargs: Any,
    ) -> bool:
        """Invoke never streams by itself: `_generate` can drop what was replaced."""
        return run_manager is None and super()._should_stream(
            async_api=async_api, **kwargs
        )

    def _listened(self, run_manager: Any, async_api: bool, kwargs: Any) -> bool:
        if getattr(self.models[0], "streaming", False):
            return True
        return super()._should_stream(
            async_api=async_api, run_manager=run_manager, **kwargs
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        listened = self._listened(run_manager, False, kwargs)
        answer = Answer(run_manager)
        recovery = self._recovery(messages, "chunks" if listened else "nobody")
        with closing(self._play(recovery, stop, kwargs)) as chunks:
            for chunk in chunks:
                answer.add(chunk)
                if listened and run_manager:
                    run_manager.on_llm_new_token(_text(chunk), chunk=chunk)
        return answer.result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        listened = self._listened(run_manager, True, kwargs)
        answer = Answer(run_manager)
        recovery = self._recovery(messages, "chunks" if listened else "nobody")
        async with aclosing(self._aplay(recovery, stop, kwargs)) as chunks:
            async for chunk in chunks:
                answer.add(chunk)
                if listened and run_manager:
                    await run_manager.on_llm_new_token(_text(chunk), chunk=chunk)
        return answer.result()

    # The players: ask, wait, pass on

    def _recovery(self, messages: list[BaseMessage], reader: Reader) -> Recovery:
        whole = reader == "nobody" and not self.deadlines.for_tokens
        first = Attempt(messages, whole=whole)
        return Recovery(self.policy, first, len(self.models), self._draw, reader)

    def _play(self, recovery: Recovery, stop: list[str] | None, kwargs: Any) -> Chunks:
        timer = Timer(self.deadlines, self.clock)
        attempt: Attempt | None = recovery.attempt
        while attempt is not None:
            self.clock.sleep(attempt.wait)
            timer.begin()
            source = within(ask(*self._asked(attempt, stop, kwargs)), timer)
            try:
                for chunk in source:
                    yield from recovery.push(chunk)
                yield from recovery.end()
                return
            except Exception as error:
                attempt = recovery.failed(error, timer.total_left)
            finally:
                source.close()

    async def _aplay(
        self, recovery: Recovery, stop: list[str] | None, kwargs: Any
    ) -> AsyncChunks:
        timer = Timer(self.deadlines, self.clock)
        attempt: Attempt | None = recovery.attempt
        while attempt is not None:
            await self.clock.asleep(attempt.wait)
            timer.begin()
            source = awithin(aask(*self._asked(attempt, stop, kwargs)), timer)
            try:
                async for chunk in source:
                    for ready in recovery.push(chunk):
                        yield ready
                for ready in recovery.end():
                    yield ready
                return
            except Exception as error:
                attempt = recovery.failed(error, timer.total_left)
            finally:
                await source.aclose()

    def _asked(
        self, attempt: Attempt, stop: list[str] | None, kwargs: Any
    ) -> tuple[BaseChatModel, Attempt, list[str] | None, Any]:
        """The model to ask, with the options that are meant for it."""
        options = {k: v for k, v in kwargs.items() if k not in _OURS}
        others = kwargs.get("fallback_options")
        if attempt.model and others:
            without, instead = others[attempt.model - 1]
            options = {k: v for k, v in options.items() if k not in without} | instead
        return self.models[attempt.model], attempt, stop, options


_OURS = ("fallback_options", "stream")


def _text(chunk: ChatGenerationChunk) -> str:
    return str(chunk.message.text)
