"""A plain answer behind a proxy: whether it flows, and whether its cut is seen."""

import subprocess
import threading
from dataclasses import dataclass

from tests.support.servers.chat import Worker, running
from tests.support.servers.plain import TOKENS
from tests.support.servers.proxies import program, proxy

FLOWS, COLLECTED = "as it comes", "in one piece, at the end"
SEEN, SILENT = "an error", "a success"
APP = "tests.support.servers.plain:create"


@dataclass
class Behind:
    """A proxy's file, an answer without or with our header, and what becomes of it."""

    conf: str
    path: str  # of `servers/plain.py`: plain or headed
    flows: str
    cuts: str

    def flow(self) -> str:
        """How an answer arrives."""
        lumps, code = self._answer(kill=False)
        assert (b"".join(lumps).count(b"data"), code) == (TOKENS, 0)
        return COLLECTED if len(lumps) == 1 else FLOWS

    def cut(self) -> str:
        """What curl calls half an answer, whose worker has died."""
        lumps, code = self._answer(kill=True)
        assert b"".join(lumps).count(b"data") < TOKENS
        return SEEN if code else SILENT

    def _answer(self, kill: bool) -> tuple[list[bytes], int]:
        plain = Worker("--http", "h11", app=APP)
        with running(plain) as (worker,), proxy(self.conf, worker) as address:
            killer = threading.Timer(0.4, worker.kill)
            if kill:
                killer.start()
            return curl(f"{address}/{self.path}")


def curl(address: str) -> tuple[list[bytes], int]:
    """The pieces of an answer as a program gets them, and what curl says of its end."""
    run = [program("curl"), "-sN", "--noproxy", "*", address]
    with subprocess.Popen(run, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        lumps = []
        while data := reader.stdout.read1():  # type: ignore[attr-defined]
            lumps.append(data)
    return lumps, reader.returncode


BEHIND = [
    Behind("nginx-default.conf", "plain", COLLECTED, SILENT),
    Behind("nginx-default.conf", "headed", FLOWS, SILENT),
    Behind("nginx.conf", "plain", FLOWS, SEEN),
    Behind("haproxy.cfg", "plain", FLOWS, SEEN),
    Behind("Caddyfile", "plain", FLOWS, SILENT),
]
