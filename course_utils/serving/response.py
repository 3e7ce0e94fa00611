"""Serve a stream over HTTP: it ends honestly, and the model stops when the reader does.

`own_stream` makes leaving mean stopping. `sse_response` puts an owned stream on the
wire as server-sent events, with a last event that says how it ended.

    @app.get("/chat")
    async def chat(q: str): return sse_response(model.astream(q))
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from course_utils.clock import Clock, course_clock
from course_utils.own_stream.owned import AsyncOwnedStream, OwnedStream, own_stream
from course_utils.own_stream.threads import in_threads
from course_utils.passages import Reader
from course_utils.passages.ending import heard
from course_utils.serving.answer_events import AnswerEvents, error_event
from course_utils.serving.replay_buffer import ReplayBuffer
from course_utils.serving.shutdown import ServerShutdown, ends_with_server
from course_utils.serving.sse import HEARTBEAT, Event, EventReader, encode, read_sse
from course_utils.settings import need, settings
from course_utils.streams import check_stream

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


@settings()
def sse_response(
    stream: Any,
    *,
    heartbeat: float = 15.0,
    require_finish: bool = True,
    explain: Callable[[Exception], str] = _say_little,
    replay: ReplayBuffer | None = None,
    last_event_id: str | None = None,
    shutdown_grace: float = 5.0,
    clock: Clock = course_clock,
) -> "Response":
    """A response for FastAPI or Starlette that sends a stream as server-sent events.

    `text` events carry `{"text": ...}` with the `message` it belongs to and the
    `source` that speaks; so do `reasoning`, and `aside` for the text of sub-agents.
    `tool_call` events are fragments of a call, `tool_result` events what it returned,
    `progress` events what a tool or node reports, `data` events any other object,
    `interrupt` a question to a person. `restart` takes back all that its `message` has
    said. Objects go out as JSON; what has no JSON form, messages, prompts and ids of
    threads stay here.

    The last event is one of five, each with the finish reason and the usage: `done`;
    `stopped`; `paused` with the questions, when the run waits for a person; `cut`, when
    the answer met a limit or a filter or gave no finish reason; `error`, when the
    stream failed or ended with a word nobody knows. A reader who gets none was cut off,
    too. When the reader leaves, the model stops.

    Args:
        stream: What `.astream(...)` returned, of a model, a chain or an agent in any
            mode; or a sync stream, which is then read on threads.
        heartbeat: Seconds of silence after which a comment keeps the line open.
        require_finish: Whether an answer without a finish reason counts as cut. Some
            servers never send one.
        explain: What the reader is told of an error. Its own text goes to the log, as
            it may tell more than a stranger should know.
        replay: Where events are kept for readers who come back.
        last_event_id: The `Last-Event-ID` header of one who does; they get the rest
            of that answer, or 204, which tells a browser that there is none.
        shutdown_grace: Seconds an open answer may go on when uvicorn is to exit; then
            it ends with an `error`. `end_answers` does it for other servers.
        clock: What measures the heartbeat.

    Raises:
        TypeError: `stream` is not a stream.
        ValueError: It is a graph's, with a `stream_mode` that there is not.
    """
    need("sse_response", "fastapi", "serve")
    from fastapi.responses import Response, StreamingResponse  # not for notebook 1

    check_stream("sse_response", stream)
    events: AsyncIterator[Event]
    if replay is not None and last_event_id:
        if not replay.missed(last_event_id):
            return Response(status_code=204)
        events = replay.follow(last_event_id)
    else:
        answer = AnswerEvents(Reader(stream, "sse_response"), require_finish)
        fresh = _events(stream, answer, explain, clock.real(shutdown_grace))
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
    stream: Any,
    answer: AnswerEvents,
    explain: Callable[[Exception], str],
    grace: float,
) -> AsyncGenerator[Event, None]:
    items = stream if hasattr(stream, "__aiter__") else in_threads(stream)
    async with own_stream(items) as owned:
        try:
            with ends_with_server(owned, grace):
                async for item in owned:
                    for event in answer.read(item):
                        yield event
            for event in answer.rest():
                yield event
            yield answer.last(heard(owned.pressure))
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            yield answer.stopped()  # the stream was, and its reader is still here
        except ServerShutdown as error:
            yield error_event(type(error).__name__, f"{error} Ask again.")
        except Exception as error:
            log.warning("A stream broke while it was served", exc_info=error)
            yield error_event(type(error).__name__, str(explain(error)))


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
