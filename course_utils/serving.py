"""Serve a stream over HTTP: it ends honestly, and the model stops when the reader does.

`own_stream` makes leaving mean stopping. `sse_response` puts an owned stream on the
wire as server-sent events, with a last event that says how it ended.

    @app.get("/chat")
    async def chat(q: str): return sse_response(model.astream(q))
"""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from course_utils._gate import Gate
from course_utils._own_stream import AsyncOwnedStream, OwnedStream, own_stream
from course_utils._replay_buffer import ReplayBuffer
from course_utils._sse import HEARTBEAT, Event, EventReader, encode, read_sse
from course_utils._streams import check_stream
from course_utils._threaded import in_threads
from course_utils.clock import Clock, course_clock
from course_utils.text import finish_of, message_of, text_of

if TYPE_CHECKING:
    from fastapi.responses import Response

__all__ = [
    "AsyncOwnedStream",
    "Event",
    "EventReader",
    "OwnedStream",
    "ReplayBuffer",
    "own_stream",
    "read_sse",
    "sse_response",
]

log = logging.getLogger(__name__)

# Without these, a proxy may hold tokens back, keep them, or compress them in lumps.
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


def _say_little(error: Exception) -> str:
    return "The answer broke off."


def sse_response(
    stream: Any,
    *,
    heartbeat: float = 15.0,
    require_finish: bool = True,
    explain: Callable[[Exception], str] = _say_little,
    replay: ReplayBuffer | None = None,
    last_event_id: str | None = None,
    clock: Clock = course_clock,
) -> "Response":
    """A response for FastAPI or Starlette that sends a stream as server-sent events.

    `text` events carry `{"text": ...}`, `tool_call` events fragments of a tool call,
    `tool_result` events what a tool returned, `data` events any other dictionary. The
    last one is `done` with the finish reason and the usage, or `error`: when the
    stream failed, and when it ended without a finish reason. A reader who gets neither
    was cut off. When the reader leaves, the model stops.

    Args:
        stream: What `.astream(...)` returned, of a model, a chain or an agent in
            `messages` mode; or a sync stream, which is then read on threads.
        heartbeat: Seconds of silence after which a comment keeps the line open.
        require_finish: Whether an answer without a finish reason counts as cut. Some
            servers never send one.
        explain: What the reader is told of an error. Its own text goes to the log, as
            it may tell more than a stranger should know.
        replay: Where events are kept for readers who come back.
        last_event_id: The `Last-Event-ID` header of one who does; they get the rest
            of that answer, or 204, which tells a browser that there is none.
        clock: What measures the heartbeat.

    Raises:
        TypeError: `stream` is not a stream.
    """
    from fastapi.responses import Response, StreamingResponse  # not for notebook 1

    check_stream("sse_response", stream)
    events: AsyncIterator[Event]
    if replay is not None and last_event_id:
        if not replay.missed(last_event_id):
            return Response(status_code=204)
        events = replay.follow(last_event_id)
    else:
        fresh = _events(stream, require_finish, explain)
        events = fresh if replay is None else replay.record(fresh)
    body = _body(events, clock.real(heartbeat))
    return StreamingResponse(body, media_type="text/event-stream", headers=HEADERS)


async def _body(events: AsyncIterator[Event], silence: float) -> AsyncIterator[str]:
    """The events as text, with a comment whenever there was silence."""
    async with own_stream(events) as owned:
        while True:
            try:
                event = await owned.get(timeout=silence)
            except StopAsyncIteration:
                return
            yield HEARTBEAT if event is None else encode(event)


async def _events(
    stream: Any, require_finish: bool, explain: Callable[[Exception], str]
) -> AsyncGenerator[Event, None]:
    items = stream if hasattr(stream, "__aiter__") else in_threads(stream)
    answer = _Answer(require_finish)
    async with own_stream(items) as owned:
        try:
            async for item in owned:
                for name, fields in answer.read(item):
                    yield _event(name, fields)
        except Exception as error:
            log.warning("A stream broke while it was served", exc_info=error)
            told = {"type": type(error).__name__, "message": explain(error)}
            yield _event("error", told)
        else:
            yield _event(*answer.ending(owned.gate))


def _event(name: str, fields: dict[str, Any]) -> Event:
    # ASCII, since some readers take other characters than \n for the end of a line.
    return Event(name, json.dumps(fields, default=str))


class _Answer:
    """What has gone out of an answer, and so how it ended."""

    def __init__(self, require_finish: bool) -> None:
        self.require_finish = require_finish
        self.finish_reason: str | None = None
        self.saw_message = False
        self.usage: dict[str, int] = {}

    def read(self, item: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events of one item of the stream: their names and fields."""
        message = message_of(item)
        if getattr(message, "type", "") == "tool":
            result = {"name": message.name, "id": message.tool_call_id}
            yield "tool_result", {**result, "text": text_of(message)}
        elif isinstance(message, dict):
            yield "data", message
        else:
            yield from self._read_message(item, message)

    def _read_message(
        self, item: Any, message: Any
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        calls = getattr(message, "tool_call_chunks", ()) or ()
        if text := text_of(item):
            yield "text", {"text": text}
        for call in calls:
            yield "tool_call", {key: call[key] for key in _CALL_KEYS}
        self.saw_message |= hasattr(message, "content")
        if text or calls:
            self.finish_reason = None  # an agent's model speaks again after its tools
        self.finish_reason = finish_of(item) or self.finish_reason
        for kind, count in (getattr(message, "usage_metadata", None) or {}).items():
            if isinstance(count, int):
                self.usage[kind] = self.usage.get(kind, 0) + count

    def ending(self, heard: Gate) -> tuple[str, dict[str, Any]]:
        """The last event; a chain's text tells no reason, but its model was heard."""
        reason = self.finish_reason if self.saw_message else heard.finish_reason
        cut = not reason and (self.saw_message or heard.unfinished)
        if cut and self.require_finish:
            message = "The answer ended without a finish reason: it may be cut."
            return "error", {"type": "StreamTruncated", "message": message}
        return "done", {"finish_reason": reason, "usage": self.usage or None}


_CALL_KEYS = ("index", "id", "name", "args")
