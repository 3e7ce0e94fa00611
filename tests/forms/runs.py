"""The ways to call for a stream, each sync and async, as a page writes it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Run:
    """A call of `.stream` or `.astream`, not yet made."""

    runnable: Any
    question: Any
    config: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def stream(self) -> Iterator[Any]:
        return self.runnable.stream(self.question, self.config, **self.options)

    async def astream(self) -> AsyncIterator[Any]:
        """The async stream; to be awaited, since v3 must be."""
        return self.runnable.astream(self.question, self.config, **self.options)


class V3(Run):
    """A call of `stream_events(version="v3")`."""

    def stream(self) -> Any:
        events = self.runnable.stream_events
        return events(self.question, self.config, version="v3", **self.options)

    async def astream(self) -> Any:
        events = self.runnable.astream_events
        return await events(self.question, self.config, version="v3", **self.options)


class Events(Run):
    """A call of `astream_events(version="v2")`, which has no sync twin."""

    def stream(self) -> Any:
        raise NotImplementedError

    async def astream(self) -> Any:
        return self.runnable.astream_events(self.question, self.config, version="v2")
