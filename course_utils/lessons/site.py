"""A small web site inside a notebook.

site = Site(app).start()
"""

import asyncio
import logging
import socket
import threading
from typing import Any, Self

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.fake.server import FakeServer
from course_utils.offline import open_local


def _is_news(record: logging.LogRecord) -> bool:
    """asyncio warns of every event that is written for a reader who has left."""
    return "socket.send() raised" not in record.getMessage()


class Site:
    """A FastAPI app served from this notebook, on a free port of 127.0.0.1."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._thread: threading.Thread | None = None
        self._server: Any = None
        self.url = ""

    def start(self) -> Self:
        """Serve in a thread until `stop()`; the site answers when this returns."""
        import uvicorn

        logging.getLogger("asyncio").addFilter(_is_news)
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)  # from here on a request waits and is not refused
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(self._app, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        run = self._server.run
        self._thread = threading.Thread(target=run, args=([listening],), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hang up and give the port back."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
            self._thread = None

    def get(self, path: str) -> Any:
        """The response to a GET request; read it, or leave it with `with`."""
        return open_local(self.url + path, timeout=30)


async def settled(model: FakeStreamingChatModel | FakeServer) -> None:
    """Wait until no answer of the model or server is running, at most some seconds."""
    for _ in range(100):
        if all(call.outcome != "running" for call in model.log):
            return
        await asyncio.sleep(0.05)


async def quiet(model: FakeStreamingChatModel) -> None:
    """Let everything on this loop run until the model sends nothing more."""
    sent = -1
    while sent != model.log[-1].tokens_sent:
        sent = model.log[-1].tokens_sent
        for _ in range(200):
            await asyncio.sleep(0)
