"""Server-sent events: how a stream is written for a browser, and read again.

An event is a few lines of text and an empty line. `id` lets a reader who was cut off
ask for the rest; a line that begins with a colon is a comment and keeps the line warm.

    encode(Event("text", '{"text": "Hi"}', id="1"))
"""

import codecs
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
)
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, overload

from course_utils.settings import settings

HEARTBEAT = ": still here\n\n"
# The standard's ends of a line, and no others: JSON may hold U+2028 or U+0085 as text.
_LINE_END = re.compile(r"\r\n|\n|\r")


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
    begin = f"id: {event.id}\n" if event.id else ""
    data = event.data.replace("\n", "\ndata: ")
    return f"{begin}event: {event.event}\ndata: {data}\n\n"


async def encoded(
    events: AsyncGenerator[Event | None, None],
) -> AsyncGenerator[str, None]:
    """The text of a response of events, with a comment for the None of each silence."""
    async with aclosing(events):
        async for event in events:
            yield HEARTBEAT if event is None else encode(event)


class EventReader:
    """Puts lines together to events: push a line, get an event or None."""

    def __init__(self) -> None:
        self._event = "message"
        self._data: list[str] = []
        self._id = ""
        self._first = True

    def push(self, line: str) -> Event | None:
        """Take one line, with or without its end."""
        line = line.rstrip("\r\n")
        if self._first:
            self._first = False
            line = line.removeprefix("\ufeff")  # a byte order mark is no text
        if not line:
            return self._flush()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value or "message"  # as the standard has it
        elif name == "id" and "\0" not in value:
            self._id = value  # and it stays until another comes
        return None

    def _flush(self) -> Event | None:
        event = Event(self._event, "\n".join(self._data), self._id)
        complete = bool(self._data)
        self._event, self._data = "message", []
        return event if complete else None


class LineReader:
    r"""Cuts bytes into lines where server-sent events end theirs: \n, \r\n and \r.

    Give it what a client hands over as bytes: `iter_lines` of httpx also cuts at
    U+2028 and its like, in the middle of an event's JSON.

    >>> lines = LineReader()
    >>> lines.push(b"data: on"), lines.push(b"e\r\n\r\n"), lines.push(b"da")
    ([], ['data: one', ''], [])
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held: list[str] = []
        self._returned = False  # a \r came last: a \n now belongs to it

    def push(self, data: bytes) -> list[str]:
        """Take bytes, cut anywhere; return the lines that are complete."""
        text = self._decoder.decode(data)
        whole = text.removeprefix("\n") if self._returned else text
        self._returned = text.endswith("\r") if text else self._returned
        first, *more = _LINE_END.split(whole)
        self._held.append(first)
        if not more:
            return []
        lines = ["".join(self._held), *more[:-1]]
        self._held = more[-1:]
        return lines


@overload
def read_sse(lines: AsyncIterable[str | bytes]) -> AsyncIterator[Event]: ...
@overload
def read_sse(lines: Iterable[str | bytes]) -> Iterator[Event]: ...
@settings()
def read_sse(lines: Any) -> Any:
    """The events in a response, sync or async.

    Args:
        lines: Its lines as text; or, better, its bytes as they come, cut anywhere, such
            as `response.iter_bytes()` of httpx, whose `iter_lines()` cuts JSON in two
            at a U+2028.

    An event that the end of the stream cuts off is dropped, as browsers do.

    >>> list(read_sse(["event: text", 'data: {"text": "Hi"}', ""]))
    [Event(event='text', data='{"text": "Hi"}')]
    >>> list(read_sse([b"data: o", b"ne\\n", b"\\n"]))
    [Event(event='message', data='one')]
    """
    return _aread(lines) if hasattr(lines, "__aiter__") else _read(lines)


class _Wire:
    """Events of lines or of bytes, whichever come."""

    def __init__(self) -> None:
        self._lines = LineReader()
        self._events = EventReader()

    def push(self, piece: str | bytes) -> Iterator[Event]:
        lines = self._lines.push(piece) if isinstance(piece, bytes) else _lines(piece)
        for line in lines:
            if event := self._events.push(line):
                yield event


def _lines(text: str) -> list[str]:
    """The lines in a text: one, with or without its end, or several."""
    lines = _LINE_END.split(text)
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _read(lines: Iterable[str | bytes]) -> Iterator[Event]:
    wire = _Wire()
    for piece in lines:
        yield from wire.push(piece)


async def _aread(lines: AsyncIterable[str | bytes]) -> AsyncIterator[Event]:
    wire = _Wire()
    async for piece in lines:
        for event in wire.push(piece):
            yield event
