"""Who answers: the one place to change for an agent, a chain or a model of your own."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langgraph.types import Command

from chat.sessions import thread
from chat.settings import Settings
from course_utils import FakeStreamingChatModel, cached, reliable

# A question in, a stream out, of any form that `sse_events` reads.
Ask = Callable[[str], AsyncIterable[Any]]


def asking(settings: Settings) -> Ask:
    """Ask the model of the settings, as one does in production."""
    others = [model_called(settings.fallback, settings)] if settings.fallback else []
    model = reliable(
        model_called(settings.model, settings),
        others,
        after_first_token="continue",
        first_token_timeout=30,
        between_tokens_timeout=15,
    )
    return cached(model).astream


def model_called(name: str, settings: Settings) -> BaseChatModel:
    """The fake, or a provider's model; `reliable` does the retries."""
    if name == "fake":
        return FakeStreamingChatModel(per_token=settings.per_token)
    model: BaseChatModel = init_chat_model(name, max_retries=0)
    return model


def asking_agent(agent: Any) -> Ask:
    """Ask an agent that remembers, and may ask back.

    Where it waits for a person, what comes next is the answer to its question.

    Args:
        agent: A graph with a checkpointer, such as `create_agent(..., checkpointer=)`.
    """

    async def ask(text: str) -> AsyncIterator[Any]:
        config = {"configurable": {"thread_id": thread.get()}}
        waits = (await agent.aget_state(config)).interrupts
        question = {"messages": [("user", text)]}
        given: Any = Command(resume=text) if waits else question
        modes = ["messages", "updates"]
        async for item in agent.astream(given, config, stream_mode=modes):
            yield item

    return ask
