"""Let handlers listen to a stream, and see what its reader gets.

text, error = listen(model, handler)
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import ChatGenerationChunk

from course_utils.clock import VirtualClock
from course_utils.exercise import NotYet
from course_utils.fake_model import FakeStreamingChatModel


class Blocks(FakeStreamingChatModel):
    """A model whose tokens are lists of blocks, as with the Responses API."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for chunk in super()._stream(*args, **kwargs):
            content = [{"type": "text", "text": str(chunk.text), "index": 0}]
            message = chunk.message.model_copy(update={"content": content})
            yield ChatGenerationChunk(message=message)


class Asked(VirtualClock):
    """A clock that shows another one's time, and counts how often it is asked."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock
        self.times = 0

    def now(self) -> float:
        self.times += 1
        return self.clock.now()


@contextmanager
def quietly() -> Iterator[None]:
    """Without LangChain's warnings, which a check provokes on purpose."""
    logger = logging.getLogger("langchain_core.callbacks.manager")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def listen(
    model: FakeStreamingChatModel, *handlers: Any
) -> tuple[str, Exception | None]:
    """What the reader of a stream gets: the text, and the error that ended it."""
    for handler in handlers:
        if not isinstance(handler, BaseCallbackHandler):
            raise NotYet(
                f"LangChain got a {type(handler).__name__} as a handler: every handler "
                "is a BaseCallbackHandler."
            )
    text = ""
    with quietly():
        try:
            for chunk in model.stream("Hi", {"callbacks": list(handlers)}):
                text += str(chunk.text)
        except Exception as error:
            return text, error
    return text, None


def own_error(error: Exception | None) -> Exception | None:
    """An error that can only come from the learner's code, not from the model."""
    slips = (TypeError, AttributeError, NameError, LookupError, ValueError)
    return error if isinstance(error, slips) else None


def loud(*handlers: Any) -> tuple[Any, ...]:
    """The same handlers; a slip in one is raised, and not a line in a log."""
    for handler in handlers:
        if isinstance(handler, BaseCallbackHandler):
            handler.raise_error = True
    return handlers


def unknown_event(handler: Any) -> str:
    """What to say of a method that LangChain will never call; empty if none."""
    events = [name for name in dir(handler) if name.startswith("on_")]
    unknown = [name for name in events if not hasattr(BaseCallbackHandler, name)]
    return f" LangChain knows no event `{unknown[0]}`." if unknown else ""
