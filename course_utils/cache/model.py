"""A cache that streams: the second time, the same answer comes at once, in chunks.

It stands around a chat model and is one itself. What it keeps goes into any of
LangChain's caches; who asks the same at the same time shares one call.

    model = cached(ChatOpenAI(...), SQLiteStreamCache("answers.db"))
"""

from collections.abc import Callable
from typing import Any, ClassVar, get_args

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.language_models import BaseChatModel
from pydantic import Field

from course_utils.cache.kept import Delivery
from course_utils.cache.key import Question, Unkeyable
from course_utils.cache.redis import RedisStreamCache
from course_utils.cache.source import Asking, aanswer, answer, desk_of
from course_utils.cache.sqlite import SQLiteStreamCache
from course_utils.clock import Clock, course_clock
from course_utils.model_call import AsyncChunks, Chunks, Request, call
from course_utils.own_stream.off_loop import acall_off_loop
from course_utils.settings import settings
from course_utils.wrapped_model.model import Reader, WrappedChatModel

__all__ = [
    "CachedChatModel",
    "InMemoryCache",
    "RedisStreamCache",
    "SQLiteStreamCache",
    "cached",
]

MAX_ANSWERS = 1000  # in a memory cache that nobody else chose


@settings(replay="delivery")
def cached(
    model: BaseChatModel,
    cache: BaseCache | None = None,
    *,
    delivery: Delivery = "chunks",
    clock: Clock = course_clock,
) -> "CachedChatModel":
    """The same chat model, which answers a repeated question from a cache.

    LangChain's own caches never see a stream; this one stands in it. The question is
    the conversation, the model and its options; timeouts, retries and the like are
    not part of it. Only finished answers are kept: none that was cut, met its limit
    or was filtered, and none to a question with an option that is no plain data. Who
    asks while the same answer is on its way gets it live, from the one call of all
    threads or of this event loop; only the asker who began it is told its usage.

    >>> from course_utils.fake.model import FakeStreamingChatModel
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
        delivery: How a kept answer comes: its `chunks` at once; `paced`, with the gaps
            they had; or `whole`, in one chunk.
        clock: What measures the gaps and waits for them.

    A kept answer carries no usage, and `response_metadata["cached"]` is True. If the
    call that an answer was shared with is interrupted, the others ask again; one who
    has shown text already gets a `ModelConnectionError`.

    Raises:
        TypeError: `model` is not a chat model, or `cache` not a cache.
        ValueError: `delivery` is none of the three.
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
    if delivery not in get_args(Delivery):
        raise ValueError(
            f"delivery is chunks, paced or whole, got {delivery!r}: "
            'write cached(model, delivery="paced").'
        )
    store = _memory() if cache is None else cache
    return CachedChatModel(inner=model, store=store, delivery=delivery, clock=clock)


def _memory() -> InMemoryCache:
    return InMemoryCache(maxsize=MAX_ANSWERS)


class CachedChatModel(WrappedChatModel):
    """What `cached` returns: a chat model around a chat model and a cache."""

    store: BaseCache = Field(default_factory=_memory, exclude=True, repr=False)
    delivery: Delivery = "chunks"
    clock: Clock = Field(default=course_clock, exclude=True, repr=False)
    cache: BaseCache | bool | None = False  # LangChain's own would answer in one lump
    inherited: ClassVar[tuple[str, ...]] = tuple(
        name for name in WrappedChatModel.inherited if name != "cache"
    )

    @property
    def _llm_type(self) -> str:
        return "cached"

    # The answer: from the store, from a call that is under way, or from the model

    def _answer(self, request: Request, reader: Reader) -> Chunks:
        asking = self._asking(request, call)
        if asking is None:
            return call(self.inner, request)
        return answer(desk_of(self.store), asking)

    def _aanswer(self, request: Request, reader: Reader) -> AsyncChunks:
        asking = self._asking(request, acall_off_loop)
        if asking is None:
            return acall_off_loop(self.inner, request)
        return aanswer(desk_of(self.store), asking)

    def _asking(self, request: Request, how: Callable[..., Any]) -> Asking | None:
        """How to ask store and model; None if only the model can be asked."""
        try:
            key = Question(**vars(request)).key(self.inner)
        except Unkeyable as error:
            desk_of(self.store).store.tell_once(error)
            return None
        return Asking(
            self.store,
            key,
            lambda: how(self.inner, request),
            request.whole,
            self.delivery,
            self.clock,
        )
