"""The course stays on this machine: no proxy stands in its way, nothing is traced.

A lesson asks for this when it is imported. Whoever takes a part of the package home
keeps his own proxies and his own tracing: importing that part changes nothing.

    stay_offline()
"""

import os
import sys
from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

LOOPBACK = ("127.0.0.1", "localhost")
# LangSmith reads each of these, and the ones with V2 first.
TRACING = tuple(
    f"{brand}_TRACING{version}"
    for brand in ("LANGSMITH", "LANGCHAIN")
    for version in ("", "_V2")
)

# What the lessons ask is on this machine, whatever proxy the shell names.
open_local = build_opener(ProxyHandler({})).open


def stay_offline() -> None:
    """Send nothing to a tracing service, and reach this machine past any proxy.

    It holds for this process and those that it starts, whatever the shell says, also
    if LangSmith is at work already.
    """
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = past_proxies(os.environ.get(name, ""))
    for name in filter(unusable_proxy, list(os.environ)):
        del os.environ[name]
    for name in TRACING:
        os.environ[name] = "false"
    os.environ.pop("LANGCHAIN_HANDLER", None)  # the oldest way to ask for traces
    if langsmith := sys.modules.get("langsmith.utils"):
        langsmith.get_env_var.cache_clear()  # it remembers what the shell said


def unusable_proxy(name: str) -> bool:
    """Whether this variable names a proxy that httpx can't speak to.

    It refuses to make any client then, also one that would never use the proxy.
    """
    named = name.upper() in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
    return named and not _can_be_used(os.environ[name])


def _can_be_used(proxy: str) -> bool:
    known = {"http", "https"}
    if find_spec("socksio") is not None:
        known |= {"socks5", "socks5h"}
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return parts.scheme in known and parts.port != 0
    except ValueError:  # brackets without an end, a port that is no number
        return False


def past_proxies(hosts: str) -> str:
    """The hosts that no proxy may touch, with this machine among them.

    >>> past_proxies("example.org,localhost")
    'example.org,localhost,127.0.0.1'
    """
    named = [host for host in hosts.split(",") if host]
    return ",".join(named + [host for host in LOOPBACK if host not in named])
