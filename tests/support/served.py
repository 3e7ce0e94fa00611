"""An app behind a real server, on a free port of this machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.support.watched import PATIENCE


@contextmanager
def running(app: Any, lifespan: Any = "off") -> Iterator[str]:
    """The address of a uvicorn that serves `app`, on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="critical", lifespan=lifespan)
        server = uvicorn.Server(config)
        ready = threading.Event()
        startup = server.startup

        async def started(*args: Any, **kwargs: Any) -> None:
            await startup(*args, **kwargs)
            ready.set()

        server.startup = started  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        assert ready.wait(PATIENCE)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
        assert not thread.is_alive()
