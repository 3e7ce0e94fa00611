"""A cache that streams: the second time, the same answer comes at once, in chunks.

It stands around a chat model and is one itself. What it keeps goes into any of
LangChain's caches; who asks the same at the same time shares one call.

    model = cached(ChatOpenAI(...), SQLiteStreamCache("answers.db"))
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
    Sequence,
)
from contextlib import aclosing, closing
from typing import Any, get_args

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field

from course_utils._cache_kept import Replay
from course_utils._cache_key import Unkeyable
from course_utils._cache_question import Question, aask, ask
from course_utils._cache_source import Asking, aanswer, answer, desk_of
from course_utils.clock import Clock, course_clock
from course_utils.redis_cache import RedisStreamCache
from course_utils.sqlite_cache import SQLiteStreamCache

__all__ = [
    "CachedChatModel",
    "InMemoryCache",
    "RedisStreamCache",
    "SQLiteStreamCache",
    "cached",
]

MAX_ANSWERS = 1000  # in a memory cache that nobody else chose

Chunks = Generator[ChatGenerationChunk, None, None]
AsyncChunks = AsyncGenerator[ChatGenerationChunk, None]


def cached(
    model: BaseChatModel,
    cache: BaseCache | None = None,
    *,
    replay: Replay = "chunks",
    clock: Clock = course_clock,
) -> "CachedChatModel":
    """The same chat model, which answers a repeated question from a cache.

    LangChain's own caches never see a stream; this one stands in it. The question is
    the conversation, the model and its options; timeouts, retries and the like are
    not part of it. Only finished answers are kept: none that was cut, met its limit
    or was filtered, and none to a question with an option that is no plain data. Who
    asks while the same answer is on its way gets it live, from the one call of all
    threads or of this event loop; only the asker who began it is told its usage.

    >>> from course_utils.fake_model import FakeStreamingChatModel
    >>> fake = FakeStreamingChatModel(replies=["Nice to meet you.", "Another."])
    >>> model = cached(fake)
    >>> ["".join(chunk.text for chunk in model.stream("Hi")) for _ in range(2)]
    ['Nice to meet you.', 'Nice to meet you.']
    >>> len(fake.log)
    1

    Args:
        model: Whom to ask; a `reliable(...)` model, too.
        cache: Where answers are kept: LangChain's `InMemoryCache` (by default a new
            one for 1000 answers), `SQLiteStreamCache`, `RedisStreamCache`, or any
            `BaseCache`. One that is down or holds rubbish costs a call, never an
            answer; one that is stuck costs one wait, and then rests for a while.
        replay: How a kept answer comes: its `chunks` at once; `paced`, with the gaps
            they had; or `whole`, in one chunk.
        clock: What measures the gaps and waits for them.

    A kept answer carries no usage, and `response_metadata["cached"]` is True. If the
    call that an answer was shared with is interrupted, the others ask again; one who
    has shown text already gets a `ModelConnectionError`.

    Raises:
        TypeError: `model` is not a chat model, or `cache` not a cache.
        ValueError: `replay` is none of the three.
    """
    if not isinstance(model, BaseChatModel):
        raise TypeError(
            f"cached() stands around a chat model, got {type(model).__name__}: "
            "write cached(ChatOpenAI(...)), and bind tools or add stages after it."
        )
    if cache is not None and not isinstance(cache, BaseCache):
        raise TypeError(
            f"cache is one of LangChain's caches, got {type(cache).__name__}: "
            "write cached(model, InMemoryCache())."
        )
    if replay not in get_args(Replay):
        raise ValueError(
            f"replay is chunks, paced or whole, got {replay!r}: "
            'write cached(model, replay="paced").'
        )
    store = InMemoryCache(maxsize=MAX_ANSWERS) if cache is None else cache
    kept = {name: getattr(model, name) for name in _KEPT}
    return CachedChatModel(inner=model, store=store, replay=replay, clock=clock, **kept)


# What callers of the model rely on, so that the wrapper has it too.
_KEPT = ("callbacks", "metadata", "output_version", "profile", "tags")


class CachedChatModel(BaseChatModel):
    """What `cached` returns: a chat model around a chat model and a cache."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: BaseChatModel
    store: BaseCache = Field(default_factory=InMemoryCache, exclude=True, repr=False)
    replay: Replay = "chunks"
    clock: Clock = Field(default=course_clock, exclude=True, repr=False)
    cache: BaseCache | bool | None = False  # LangChain's own would answer in one lump

    @property
    def _llm_type(self) -> str:
        return "cached"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return dict(self.inner._get_invocation_params())

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return self.inner._get_ls_params(stop=stop, **kwargs)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A copy of this model that may call these tools."""
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        bound: Any = self.inner.bind_tools(tools, **kwargs)
        return self.bind(**bound.kwargs)

    def _should_stream(self, *, async_api: bool, **kwargs: Any) -> bool:
        always = getattr(self.inner, "streaming", False) is True
        return always or super()._should_stream(async_api=async_api, **kwargs)

    # What LangChain calls

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        question = Question(messages, stop, kwargs)
        with closing(self._answer(question)) as chunks:
            for chunk in chunks:
                if run_manager is not None:
                    run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        question = Question(messages, stop, kwargs)
        async with aclosing(self._aanswer(question)) as chunks:
            async for chunk in chunks:
                if run_manager is not None:
                    await run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
                yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        question = Question(messages, stop, kwargs, whole=True)
        return generate_from_stream(self._answer(question))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        question = Question(messages, stop, kwargs, whole=True)
        async with aclosing(self._aanswer(question)) as answer:
            chunks = [chunk async for chunk in answer]
        return generate_from_stream(iter(chunks))

    # The answer: from the store, from a call that is under way, or from the model

    def _answer(self, question: Question) -> Chunks:
        desk = desk_of(self.store)
        if (asking := self._asking(question, ask)) is None:
            return ask(self.inner, question)
        return answer(desk, asking)

    def _aanswer(self, question: Question) -> AsyncChunks:
        desk = desk_of(self.store)
        if (asking := self._asking(question, aask)) is None:
            return aask(self.inner, question)
        return aanswer(desk, asking)

    def _asking(self, question: Question, how: Callable[..., Any]) -> Asking | None:
        """How to ask store and model; None if only the model can be asked."""
        try:
            key = question.key(self.inner)
        except Unkeyable as error:
            desk_of(self.store).keeper.tell_once(error)
            return None
        return Asking(
            self.store,
            key,
            lambda: how(self.inner, question),
            question.whole,
            self.replay,
            self.clock,
        )
