"""Server-sent events: how a stream is written for a browser, and read again.

An event is a few lines of text and an empty line. `id` lets a reader who was cut off
ask for the rest; a line that begins with a colon is a comment and keeps the line warm.

    encode(Event("text", '{"text": "Hi"}', id="1"))
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, overload

from course_utils.settings import settings

HEARTBEAT = ": still here\n\n"


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event.

    Attributes:
        event: Its type; a browser calls an event without one `message`.
        data: Its text, here always JSON.
        id: What a browser sends as `Last-Event-ID` when it connects again.
    """

    event: str = "message"
    data: str = ""
    id: str = field(default="", repr=False)  # no two runs have the same


def encode(event: Event) -> str:
    r"""The event as it goes over the wire.

    >>> encode(Event("text", "Hi", id="7"))
    'id: 7\nevent: text\ndata: Hi\n\n'
    """
    lines = [f"id: {event.id}"] if event.id else []
    lines.append(f"event: {event.event}")
    lines += [f"data: {line}" for line in event.data.split("\n")]
    return "\n".join(lines) + "\n\n"


class EventReader:
    """Puts lines together to events: push a line, get an event or None."""

    def __init__(self) -> None:
        self._event = "message"
        self._data: list[str] = []
        self._id = ""

    def push(self, line: str) -> Event | None:
        """Take one line, with or without its end."""
        line = line.rstrip("\r\n")
        if not line:
            return self._flush()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value  # and it stays until another comes
        return None

    def _flush(self) -> Event | None:
        event = Event(self._event, "\n".join(self._data), self._id)
        complete = bool(self._data)
        self._event, self._data = "message", []
        return event if complete else None


@overload
def read_sse(lines: AsyncIterable[str]) -> AsyncIterator[Event]: ...
@overload
def read_sse(lines: Iterable[str]) -> Iterator[Event]: ...
@settings()
def read_sse(lines: Any) -> Any:
    """The events in the lines of a response, sync or async.

    An event that the end of the lines cuts off is dropped, as browsers do.

    >>> list(read_sse(["event: text", 'data: {"text": "Hi"}', ""]))
    [Event(event='text', data='{"text": "Hi"}', id='')]
    """
    return _aread(lines) if hasattr(lines, "__aiter__") else _read(lines)


def _read(lines: Iterable[str]) -> Iterator[Event]:
    reader = EventReader()
    for line in lines:
        if event := reader.push(line):
            yield event


async def _aread(lines: AsyncIterable[str]) -> AsyncIterator[Event]:
    reader = EventReader()
    async for line in lines:
        if event := reader.push(line):
            yield event
