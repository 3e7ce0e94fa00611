"""Serve a stream over HTTP: it ends honestly, and the model stops when the reader does.

`own_stream` makes leaving mean stopping. `sse_response` puts an owned stream on the
wire as server-sent events, with a last event that says how it ended.

    @app.get("/chat")
    async def chat(q: str): return sse_response(model.astream(q))
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from course_utils.clock import Clock, course_clock
from course_utils.own_stream.owned import AsyncOwnedStream, OwnedStream, own_stream
from course_utils.serving.replay import ReplayBuffer, position_of
from course_utils.serving.sse import Event, EventReader, encoded, read_sse
from course_utils.serving.wire import (
    HEADERS,
    MEDIA_TYPE,
    events_of,
    say_little,
)
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


@settings()
def sse_response(
    stream: Any,
    *,
    heartbeat: float = 15.0,
    require_finish: bool = True,
    explain: Callable[[Exception], str] = say_little,
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
    if replay is not None and last_event_id and not replay.missed(last_event_id):
        return Response(status_code=204)
    beat, grace = clock.real(heartbeat), clock.real(shutdown_grace)
    fresh = partial(
        events_of, "sse_response", stream, require_finish, explain, grace=grace
    )
    if replay is None:
        body = encoded(fresh(heartbeat=beat))
    elif last_event_id:
        body = _kept(replay, beat, *position_of(last_event_id))
    else:
        body = _kept(replay, beat, events=fresh())
    return StreamingResponse(body, media_type=MEDIA_TYPE, headers=HEADERS)


async def _kept(
    replay: ReplayBuffer,
    heartbeat: float,
    name: str = "",
    after: int = 0,
    events: AsyncGenerator[Event, None] | None = None,
) -> AsyncGenerator[str, None]:
    """The body of an answer that is kept, or of these events, which are from now on."""
    if events is not None:
        name = await replay.start(events)
    if body := await replay.body(name, after, heartbeat):
        async with aclosing(body):
            async for text in body:
                yield text
