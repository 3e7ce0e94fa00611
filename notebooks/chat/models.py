"""Who answers: the one place to change for an agent, a chain or a model of your own."""

from collections.abc import AsyncIterable, Callable
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel

from chat.settings import Settings
from course_utils import FakeStreamingChatModel, cached, reliable, your_model

# A question in, a stream out, of any form that `sse_events` reads. An agent would be
# lambda text: agent.astream({"messages": [("user", text)]}, stream_mode="messages")
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
    """The fake or your `COURSE_MODEL`, or a provider's; `reliable` does the retries."""
    if name == "fake":
        fake = FakeStreamingChatModel(per_token=settings.per_token)
        return your_model(fake, max_retries=0)
    model: BaseChatModel = init_chat_model(name, max_retries=0)
    return model
