"""Read any stream of LangChain as passages: text, thoughts, calls, results, questions.

The form of a stream shows in its items. A `Reader` takes them one by one and remembers
what was said, so that what comes twice is told once.

    for passage in passages(agent.stream(question, stream_mode="messages")): ...
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, overload

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import Generation

from course_utils.finish import Endings
from course_utils.passages.content.messages import NOTHING, Messages, Passages
from course_utils.passages.events import Events
from course_utils.passages.forms import (
    guess,
    is_event,
    is_part,
    is_raw,
    mode_of,
    parts_of,
)
from course_utils.passages.frame import MODES, Asked, asked_of
from course_utils.passages.graph import Graph, is_data
from course_utils.passages.passage import Passage
from course_utils.passages.protocol import EVENTS, Protocol
from course_utils.passages.refusal import Unreadable, refused
from course_utils.settings import settings
from course_utils.streams import aclose, check_stream, close


@overload
def passages(stream: AsyncIterable[Any]) -> AsyncIterator[Passage]: ...
@overload
def passages(stream: Iterable[Any]) -> Iterator[Passage]: ...
@settings()
def passages(stream: Any) -> Any:
    """What a stream says, one small passage after the other, whatever its form.

    A sync stream gives an iterator, an async one an async iterator. It may be a
    model's, a chain's or a graph's, in any mode and version, or a v3 run. What comes
    twice, by several modes, is told once; what people and prompts say is not told.
    Closing the iterator closes the stream.

    >>> [p.text for p in passages(iter(["Hel", "lo"]))]
    ['Hel', 'lo']

    Raises:
        TypeError: `stream` is no stream, or gave an item that nobody here can read.
        ValueError: It is a graph's, with a `stream_mode` that there is not.
    """
    check_stream("passages", stream)
    reader = Reader(stream)
    if hasattr(stream, "__aiter__"):
        return _aread(reader, stream)
    return _read(reader, stream)


def _read(reader: "Reader", stream: Iterable[Any]) -> Iterator[Passage]:
    items = iter(stream)
    try:
        for item in items:
            yield from reader.read(item)
    finally:
        close(items, stream)


async def _aread(
    reader: "Reader", stream: AsyncIterable[Any]
) -> AsyncIterator[Passage]:
    items = aiter(stream)
    try:
        async for item in items:
            for passage in reader.read(item):
                yield passage
    finally:
        await aclose(items, stream)


class Reader:
    """Reads the items of one stream, as somebody pushes them.

    >>> reader = Reader()
    >>> reader.read(AIMessageChunk("Hi", id="1"))
    (Passage(kind='text', text='Hi', message='1'),)

    Args:
        stream: The stream itself, if it is at hand: it may know its modes.
        name: Who reads, for its errors.

    Raises:
        TypeError: The stream is a part of a v3 run, such as its `messages`.
        ValueError: The stream is a graph's, with a `stream_mode` that there is not.
    """

    def __init__(self, stream: Any = None, name: str = "passages") -> None:
        self.name = name
        self._messages = Messages()
        self._bare = self._messages.voices.bare
        self._protocol = Protocol(self._messages)
        self._graph = Graph(self._messages, self._protocol)
        self._events = Events(self._messages, self._graph)
        if type(stream).__name__ == "StreamChannel":
            raise refused(name, Unreadable(stream))  # a part of a v3 run
        self._modes = asked_of(stream)
        if self._modes is not None:
            check_modes(name, self._modes)
            self._graph.with_messages = "messages" in self._modes.modes

    @property
    def endings(self) -> Endings:
        """How the messages of the answer ended; empty if none came in chunks."""
        return self._messages.voices.endings

    def judges(self, ids: Iterable[str]) -> bool:
        """Whether one of these messages came here, so that `endings` has its end."""
        return self._messages.voices.judge(ids)

    def read(self, item: Any) -> Passages:
        """What one item says: none, one or some passages.

        Raises:
            TypeError: No stream of LangChain gives such an item.
        """
        try:
            if type(item) is AIMessageChunk and self._modes is None:
                return self._messages.chunk(item, self._bare)
            if type(item) is str and self._modes is None:
                return (Passage("text", item),) if item else NOTHING
            if self._modes is not None and not self._modes.v2:
                mode, ns, data = parts_of(item, self._modes)
                return self._graph.read(mode, ns, data)
            return self._read(item)
        except Unreadable as error:
            raise refused(self.name, error) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # It looks like a form that is known, and is none.
            raise refused(self.name, Unreadable(item)) from error

    def _read(self, item: Any) -> Passages:
        if isinstance(item, Passage):
            return (item,)
        if isinstance(item, Mapping):
            return self._read_mapping(item)
        if isinstance(item, tuple):
            return self._graph.read(*mode_of(item))
        return self._read_bare(item)

    def _read_mapping(self, item: Mapping[str, Any]) -> Passages:
        if is_part(item):
            interrupts = item.get("interrupts", ())
            return self._graph.read(item["type"], item["ns"], item["data"], interrupts)
        if is_raw(item):
            params = item["params"]
            ns, interrupts = tuple(params["namespace"]), params.get("interrupts", ())
            self._graph.with_messages = True  # v3 always tells them
            return self._graph.read(item["method"], ns, params["data"], interrupts)
        if is_event(item):
            return self._events.read(item)
        if item.get("event") in EVENTS:
            return self._protocol.read(item, self._bare)
        return self._read_bare(item)

    def _read_bare(self, item: Any) -> Passages:
        """An item that does not say what it is."""
        if isinstance(item, str):
            return (Passage("text", item),) if item else NOTHING
        if isinstance(item, BaseMessage):
            return self._messages.read(item, self._bare)
        if isinstance(item, Generation):
            return self._generation(item)
        if isinstance(item, Mapping):
            return self._read_dictionary(item)
        if item is None:
            return NOTHING
        if isinstance(item, list) and any(isinstance(m, BaseMessage) for m in item):
            return [p for message in item for p in self._read_bare(message)]
        if is_data(item):
            return (Passage("data", value=item),)
        raise Unreadable(item)

    def _generation(self, item: Generation) -> Passages:
        """A chunk as a model makes it, whose end may stand beside the message."""
        message = getattr(item, "message", None) or AIMessageChunk(content=item.text)
        info = item.generation_info
        found = self._messages.read(message, self._bare)
        voice = self._bare.last
        if voice is None or not info:
            return found
        return [*found, *self._messages.closing(voice, None, info)]

    def _read_dictionary(self, item: Mapping[str, Any]) -> Passages:
        if mode := guess(item):
            return self._graph.read(mode, (), item)
        spoken = {k: v for k, v in item.items() if isinstance(v, BaseMessage)}
        if not spoken:
            return (Passage("data", value=item),)
        node = self._messages.voices.node
        return [
            passage
            for key, message in spoken.items()
            for passage in self._messages.read(message, node((), str(key)))
        ]


def check_modes(name: str, request: Asked) -> None:
    """Raise a ValueError if a mode is none: LangGraph would give an empty stream."""
    if request.misspelt or not request.modes:
        wrong = repr(request.misspelt[0]) if request.misspelt else "[]"
        raise ValueError(
            f"{name}() would see nothing: LangGraph has no stream_mode {wrong} and "
            f"does not say so. Take one of {', '.join(sorted(MODES))}."
        )
