"""The proxies of `notebooks/chat/deploy`, each with its file, in front of workers."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import free_port
from tests.support.servers.chat import ROOT
from tests.support.watched import PATIENCE

DEPLOY = ROOT / "notebooks/chat/deploy"
PROGRAMS = {
    "nginx.conf": "nginx",
    "nginx-default.conf": "nginx",
    "haproxy.cfg": "haproxy",
    "Caddyfile": "caddy",
}
# What includes the file: in a container the image's own; here without privileges.
NGINX = """worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 512; }}
http {{ access_log off; include {folder}/chat.conf;
client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; }}
"""
CADDY = "{\n\tadmin off\n\tauto_https off\n}\n\n"


def program(name: str) -> str:
    """Where a program is; without it the test is skipped."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed: apt install {name}")
    return found


def adapted(name: str, port: int, workers: list[int]) -> str:
    """The file as it is, but for addresses: those of this machine."""
    text = (DEPLOY / name).read_text("utf-8")
    for number, worker in enumerate((workers * 2)[:2], 1):
        text = text.replace(f"chat-{number}:8000", f"127.0.0.1:{worker}")
    text = re.sub(
        r"(listen |bind |http://)(\*?:)?8080", rf"\g<1>127.0.0.1:{port}", text
    )
    assert f"127.0.0.1:{port}" in text
    assert "8080" not in text.replace(str(port), "")
    return text


def command(name: str, text: str, folder: Path) -> list[str]:
    """How to run the program in the foreground with this text."""
    path = folder / "chat.conf"
    path.write_text(CADDY + text if name == "Caddyfile" else text, "utf-8")
    run = program(PROGRAMS[name])
    if run.endswith("nginx"):
        main = folder / "nginx.conf"
        main.write_text(NGINX.format(folder=folder), "utf-8")
        return [run, "-e", str(folder / "log"), "-c", str(main)]
    if run.endswith("haproxy"):
        return [run, "-db", "-f", str(path)]
    return [run, "run", "--config", str(path), "--adapter", "caddyfile"]


@contextmanager
def proxy(name: str, *workers: Any) -> Iterator[str]:
    """The address of this proxy in front of these workers."""
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        text = adapted(name, port, [worker.port for worker in workers])
        run = command(name, text, folder)
        home = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), place)
        with (folder / "out").open("w") as out:
            server = subprocess.Popen(
                run, env=os.environ | home, stdout=out, stderr=out
            )
        try:
            _wait(port, server, folder)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(2)  # some wait for open answers
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(PATIENCE)


def _wait(port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        if server.poll() is not None:
            raise RuntimeError((folder / "out").read_text())
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            pause.wait(0.05)
        else:
            return
    raise RuntimeError("the proxy did not start")
