"""A cache on a Redis server, for all machines that reach it.

Any Redis will do, without modules: `apt install redis-server` and `redis-server`
start one, on port 6379, which should be closed to strangers.

    model = cached(ChatOpenAI(...), RedisStreamCache("redis://localhost:6379"))
"""

from collections.abc import Sequence
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.outputs import Generation

from course_utils._cache_text import from_text, name_of, to_text


class RedisStreamCache(BaseCache):
    """Answers on a Redis server, shared by every process that reaches it.

    It is a LangChain cache like any other, and needs only plain Redis. A server that
    is down fails within a second; `cached(...)` then answers without it.

    Args:
        redis: The server's address, `redis://host:port/0`, or a client of the `redis`
            package with settings of your own.
        ttl: Seconds an answer is kept; None keeps it until Redis needs the room.
        prefix: What the names of the keys begin with.

    Raises:
        TypeError: `redis` is neither an address nor a client.
        ValueError: `ttl` is not above zero.
    """

    def __init__(
        self, redis: Any, *, ttl: float | None = None, prefix: str = "course-cache:"
    ) -> None:
        if ttl is not None and ttl <= 0:
            raise ValueError(
                f"ttl is the seconds an answer is kept, got {ttl!r}: "
                "use 3600 for an hour, or None to keep it."
            )
        self.client = _client(redis)
        self.ttl = ttl
        self.prefix = prefix

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """The answer to this question, or None."""
        found = self.client.get(self.prefix + name_of(prompt, llm_string))
        return None if found is None else from_text(found)

    def update(
        self, prompt: str, llm_string: str, return_val: Sequence[Generation]
    ) -> None:
        """Keep the answer to this question."""
        name = self.prefix + name_of(prompt, llm_string)
        life = None if self.ttl is None else max(1, round(self.ttl * 1000))
        self.client.set(name, to_text(return_val), px=life)

    def clear(self, **kwargs: Any) -> None:
        """Forget all answers, and nothing else that is on the server."""
        for name in self.client.scan_iter(match=f"{self.prefix}*", count=1000):
            self.client.delete(name)


def _client(redis: Any) -> Any:
    if isinstance(redis, str):
        from redis import Redis  # only who uses it pays for it

        return Redis.from_url(redis, socket_timeout=1, socket_connect_timeout=1)
    if hasattr(redis, "get") and hasattr(redis, "scan_iter"):
        return redis
    raise TypeError(
        f"RedisStreamCache needs an address or a client, got {type(redis).__name__}: "
        'write RedisStreamCache("redis://localhost:6379").'
    )
