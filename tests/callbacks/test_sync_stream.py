"""LangChain's two ways to call a handler can be told apart."""

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler

from course_utils.callbacks.sync_stream import called_from_sync_stream
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel

CHANGED = "LangChain calls its handlers another way now: see callbacks/sync_stream.py"


class Handler(BaseCallbackHandler):
    run_inline = True

    def __init__(self) -> None:
        self.sync: bool | None = None

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> Any:
        self.sync = called_from_sync_stream()


def model() -> tuple[FakeStreamingChatModel, Handler]:
    handler = Handler()
    return FakeStreamingChatModel(clock=VirtualClock(), callbacks=[handler]), handler


def test_a_sync_stream_is_known_as_one():
    fake, handler = model()
    list(fake.stream("Hi"))
    assert handler.sync is True, CHANGED


async def test_an_async_stream_is_not_taken_for_a_sync_one():
    fake, handler = model()
    async for _ in fake.astream("Hi"):
        pass
    assert handler.sync is False, CHANGED
