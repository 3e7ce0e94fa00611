"""A model that says when its stream has been closed, however that came about."""

import threading

from course_utils.fake import FakeStreamingChatModel

PATIENCE = 20  # real seconds before a test gives up waiting for what must come


class WatchedModel(FakeStreamingChatModel):
    """Says when its stream has been closed, however that came about."""

    def model_post_init(self, context, /):
        super().model_post_init(context)
        self._closed = threading.Event()

    def _stream(self, *args, **kwargs):
        try:
            yield from super()._stream(*args, **kwargs)
        finally:
            self._closed.set()

    async def _astream(self, *args, **kwargs):
        items = super()._astream(*args, **kwargs)
        try:
            async for chunk in items:
                yield chunk
        finally:
            await items.aclose()
            self._closed.set()

    def wait_closed(self):
        """Return True once it has been closed; fail if it never is."""
        assert self._closed.wait(PATIENCE), "the model's stream is still open"
        return True
