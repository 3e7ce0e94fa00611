"""Watch the tokens of any call: with a bare function, or with a recorder.

LangChain tells its handlers about every token, wherever the model stands: alone, in a
chain, in an agent. A handler observes; it cannot change the stream.

    chain.stream("Hi", config={"callbacks": [on_token(print)]})
"""

import inspect
from collections.abc import Callable
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from course_utils.callbacks.partial_recorder import PartialRecorder, RunRecord
from course_utils.callbacks.sync_stream import called_from_sync_stream
from course_utils.callbacks.token_text import TokenText
from course_utils.settings import settings

__all__ = ["PartialRecorder", "RunRecord", "on_token"]


@settings()
def on_token(fn: Callable[[str], Any]) -> BaseCallbackHandler:
    """A handler that calls `fn(text)` for every token that carries text.

    It goes wherever LangChain takes callbacks: `config={"callbacks": [...]}` or a
    model's constructor. The text is a string, never a list and never empty. In async
    streams `fn` runs in the task that streams, in order, so keep it short; a coroutine
    function is awaited there, and only there.

    An error in `fn` ends the stream and reaches you. LangChain's own default is to log
    it and go on: set `.raise_error = False` on the handler for that.

    >>> from course_utils.fake.model import FakeStreamingChatModel
    >>> model = FakeStreamingChatModel(replies="Hi there.")
    >>> show = on_token(lambda text: print(repr(text)))
    >>> for chunk in model.stream("Hello", config={"callbacks": [show]}):
    ...     pass
    'Hi'
    ' there'
    '.'

    Raises:
        TypeError: `fn` is not a function. Or it is a coroutine function and the stream
            is a sync one; this shows when the stream starts.
    """
    if not callable(fn) or isinstance(fn, BaseCallbackHandler):
        raise TypeError(
            "on_token() needs a function of the text, got "
            f"{type(fn).__name__}: pass one, on_token(print)."
        )
    call = getattr(fn, "__call__", None)  # noqa: B004  # an object's own async call
    if inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(call):
        return _OnTokenAsync(fn)
    return _OnToken(fn)


class _OnToken(BaseCallbackHandler):
    run_inline = True  # else async streams call it on other threads, at any time
    raise_error = True  # else an error in it is one line in a log, at every token

    def __init__(self, fn: Callable[[str], Any]) -> None:
        self.fn = fn
        self.name = getattr(fn, "__name__", type(fn).__name__)
        self.tokens = TokenText()

    def __repr__(self) -> str:
        return f"on_token({self.name})"

    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any
    ) -> Any:
        self._call(self.tokens.in_token(token, chunk, run_id))

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        self._call(self.tokens.in_event(event, run_id))

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        self.tokens.forget(run_id)

    def on_llm_error(self, error: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        self.tokens.forget(run_id)

    def _call(self, text: str) -> None:
        if text and inspect.iscoroutine(result := self.fn(text)):
            result.close()
            raise TypeError(
                f"on_token() needs a function, {self.name} returned a coroutine: "
                "define it with `async def` and pass it itself."
            )


class _OnTokenAsync(_OnToken):
    """Coroutine functions as LangChain's async dispatch finds and awaits them."""

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse(sync=called_from_sync_stream())

    def on_llm_start(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse(sync=called_from_sync_stream())

    def _refuse(self, sync: bool) -> None:
        if sync:
            raise TypeError(
                f"{self.name} is a coroutine function, the stream is a sync one: "
                "read it with astream(), or pass a plain function to on_token()."
            )

    async def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any
    ) -> Any:
        if text := self.tokens.in_token(token, chunk, run_id):
            await self.fn(text)

    async def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        if text := self.tokens.in_event(event, run_id):
            await self.fn(text)
