"""A cache on a Redis server, for all machines that reach it.

Any Redis will do, without modules: `apt install redis-server` and `redis-server`
start one, on port 6379, which should be closed to strangers.

    model = cached(ChatOpenAI(...), RedisStreamCache("redis://localhost:6379"))
"""

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.outputs import Generation

from course_utils.cache.kept import Kept, unpack
from course_utils.cache.seal import Seal
from course_utils.cache.serialization import from_text, lazily, name_of, to_text
from course_utils.cache.sqlite import check_above_zero
from course_utils.settings import need, settings


@settings()
class RedisStreamCache(BaseCache):
    """Answers on a Redis server, shared by every process that reaches it.

    It is a LangChain cache like any other, and needs only plain Redis. A server that
    is down fails within `timeout`; `cached(...)` then answers without it, and leaves
    it alone for a while. How many answers there may be is a setting of the server:
    `maxmemory`, with `maxmemory-policy allkeys-lru`.

    Args:
        redis: The server's address, `redis://host:port/0`, or a client of the `redis`
            package with settings of your own.
        timeout: Seconds to wait for the server; a client of your own has its own.
        ttl: Seconds an answer is kept; None keeps it until Redis needs the room.
        prefix: What the names of the keys begin with.
        secret: Programs that give the same share tool calls, too. Without one, a kept
            tool call is served to the process that kept it, and words to all.

    Raises:
        TypeError: `redis` is neither an address nor a client that is not async.
        ValueError: `timeout` or `ttl` is not above zero.
    """

    def __init__(
        self,
        redis: Any,
        *,
        timeout: float = 1.0,
        ttl: float | None = None,
        prefix: str = "course-cache:",
        secret: str | None = None,
    ) -> None:
        check_above_zero("timeout", timeout, "seconds to wait", "1.0")
        better = "3600 for an hour, or None to keep it"
        check_above_zero("ttl", ttl, "seconds an answer is kept", better)
        self.client = _client(redis, timeout)
        self.timeout = timeout
        self.ttl = ttl
        self.prefix = prefix
        self.secret = secret

    def __repr__(self) -> str:
        return f"RedisStreamCache(prefix={self.prefix!r})"  # an address has a password

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """The answer to this question, or None."""
        name = self.prefix + name_of(prompt, llm_string)
        found = self.client.get(name)
        return None if found is None else from_text(found, Seal(self.secret, name))

    def kept(self, prompt: str, llm_string: str) -> Kept | None:
        """The answer to this question, to be unpacked as it is read, or None."""
        name = self.prefix + name_of(prompt, llm_string)
        found = self.client.get(name)
        return None if found is None else unpack(lazily(found, Seal(self.secret, name)))

    def update(
        self, prompt: str, llm_string: str, return_val: Sequence[Generation]
    ) -> None:
        """Keep the answer to this question."""
        name = self.prefix + name_of(prompt, llm_string)
        life = None if self.ttl is None else max(1, round(self.ttl * 1000))
        self.client.set(name, to_text(return_val, Seal(self.secret, name)), px=life)

    def clear(self, **kwargs: Any) -> None:
        """Forget all answers, and nothing else that is on the server."""
        for name in self.client.scan_iter(match=f"{_plain(self.prefix)}*", count=1000):
            self.client.delete(name)


def _plain(prefix: str) -> str:
    """A pattern of Redis that means just this text."""
    return re.sub(r"([*?\[\]^\\-])", r"\\\1", prefix)


def _client(redis: Any, timeout: float) -> Any:
    if isinstance(redis, str):
        need("RedisStreamCache", "redis", "redis")
        from redis import Redis  # only who uses it pays for it

        return Redis.from_url(
            redis, socket_timeout=timeout, socket_connect_timeout=timeout
        )
    if hasattr(redis, "__aenter__"):
        raise TypeError(
            "RedisStreamCache needs a client that is not async, got "
            f"{type(redis).__module__}.{type(redis).__name__}: pass redis.Redis(...), "
            "or the address; async models ask it on a thread of its own."
        )
    if hasattr(redis, "get") and hasattr(redis, "scan_iter"):
        return redis
    raise TypeError(
        f"RedisStreamCache needs an address or a client, got {type(redis).__name__}: "
        'write RedisStreamCache("redis://localhost:6379").'
    )
