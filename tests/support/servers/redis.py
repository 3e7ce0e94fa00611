"""A Redis server of our own, which tests may kill and start again, empty."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.browser.lab import free_port
from tests.support.watched import PATIENCE


class RedisServer:
    """Debian's redis-server on a port that stays the same, without any file."""

    def __init__(self, folder: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        """It has nothing in it, whatever was there before."""
        settings = f"--port {self.port} --bind 127.0.0.1 --appendonly no --save".split()
        self._process = subprocess.Popen(
            ["redis-server", *settings, "", "--dir", self._folder],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert any("Ready to accept" in line for line in self._process.stdout)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """One that runs; where there is none to run, the test is skipped."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt install redis-server")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()
