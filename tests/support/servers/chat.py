"""The chat as its user starts it: uvicorn processes that can be killed and frozen."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.browser.lab import free_port
from tests.support.watched import PATIENCE

ROOT = Path(__file__).resolve().parents[3]


class Worker:
    """One process with the chat, on a port that stays the same."""

    def __init__(
        self,
        *options: str,
        app: str = "chat.app:create",
        port: int = 0,
        around: Mapping[str, str] | None = None,
        **env: Any,
    ) -> None:
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", "uvicorn", "--factory", app]
        self._command += ["--app-dir", "notebooks", f"--port={self.port}"]
        self._command += ["--no-access-log", *options]
        self._env = {**os.environ, "COURSE_SPEED": "1", "PYTHONPATH": str(ROOT)}
        self._env |= around or {}
        self._env |= {f"CHAT_{key.upper()}": str(value) for key, value in env.items()}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Worker":
        """Start it; `wait` until it is ready."""
        self.process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def wait(self) -> "Worker":
        pause = threading.Event()
        for _ in range(PATIENCE * 20):
            try:
                assert httpx.get(f"{self.address}/ready", timeout=2).status_code == 200
            except httpx.TransportError:
                pause.wait(0.05)
            else:
                return self
        raise RuntimeError("the chat did not start")

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """It and its own workers, if it has some."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)


@contextmanager
def running(*workers: Worker) -> Iterator[tuple[Worker, ...]]:
    """These processes, all ready; none is left."""
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.wait()
        yield workers
    finally:
        for worker in workers:
            worker.kill()
