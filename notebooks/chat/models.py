"""Who answers: the one place to change for an agent, a chain or a model of your own."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.caches import BaseCache
from langchain_core.language_models import BaseChatModel
from langgraph.types import Command

from chat.settings import Settings
from course_utils import (
    FakeStreamingChatModel,
    RedisStreamCache,
    cached,
    reliable,
    your_model,
)

# A question in, a stream out, of any form that `sse_events` reads.
Ask = Callable[[str], AsyncIterable[Any]]


class Agent:
    """Asks an agent whose runs may wait for a person; each run has a thread.

    Its checkpointer must be one that all workers share, if there are several.
    """

    def __init__(self, agent: Any) -> None:
        self.agent = agent

    def ask(self, text: str, thread: str) -> AsyncIterable[Any]:
        """Begin a run."""
        return self._stream({"messages": [("user", text)]}, thread)

    def go_on(self, value: Any, thread: str) -> AsyncIterable[Any]:
        """Go on with a run that waits, with what the person has said."""
        return self._stream(Command(resume=value), thread)

    async def waits(self, thread: str) -> bool:
        """Whether this run waits for a person."""
        state = await self.agent.aget_state(self._config(thread))
        return bool(state.interrupts)

    def _stream(self, given: Any, thread: str) -> AsyncIterable[Any]:
        modes = ["messages", "updates"]
        stream: AsyncIterable[Any] = self.agent.astream(
            given, self._config(thread), stream_mode=modes
        )
        return stream

    def _config(self, thread: str) -> Any:
        return {"configurable": {"thread_id": thread}}


def asking(settings: Settings, tell: Callable[[bool], None] = lambda kept: None) -> Ask:
    """Ask the model of the settings, as one does in production.

    Args:
        settings: The model, its fallback, and where answers are kept.
        tell: Told of each answer that ends by itself whether the cache gave it.
    """
    others = [model_called(settings.fallback, settings)] if settings.fallback else []
    model: BaseChatModel = reliable(
        model_called(settings.model, settings),
        others,
        after_first_token="continue",
        first_token_timeout=30,
        between_tokens_timeout=15,
    )
    if settings.cache:
        model = cached(model, cache_of(settings))
    return lambda text: watched(model.astream(text), tell)


def cache_of(settings: Settings) -> BaseCache | None:
    """What all workers share; None is a memory of this one's own."""
    if settings.redis is None:
        return None
    return RedisStreamCache(settings.redis, timeout=0.5, ttl=settings.cache)


async def watched(chunks: Any, tell: Callable[[bool], None]) -> AsyncIterator[Any]:
    """The same chunks; in the end it is told whether the cache gave them."""
    kept = False
    async with aclosing(chunks):
        async for chunk in chunks:
            kept = kept or "cached" in chunk.response_metadata
            yield chunk
    tell(kept)


def model_called(name: str, settings: Settings) -> BaseChatModel:
    """The fake or your `COURSE_MODEL`, or a provider's; `reliable` does the retries."""
    if name == "fake":
        fake = FakeStreamingChatModel(per_token=settings.per_token)
        return your_model(fake, max_retries=0)
    model: BaseChatModel = init_chat_model(name, max_retries=0)
    return model
