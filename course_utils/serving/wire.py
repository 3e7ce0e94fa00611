"""From a stream to its events, and from events to the body of a response.

An app that keeps events, counts them or follows them again stands between the two;
who only serves a stream takes `sse_response`.

    events = sse_events(chain.astream(question))
    StreamingResponse(sse_body(events), media_type=MEDIA_TYPE, headers=HEADERS)
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import nullcontext
from math import inf
from typing import Any

from course_utils.own_stream.owned import own_stream
from course_utils.own_stream.threads import in_threads
from course_utils.passages import Reader
from course_utils.serving.answer_events import AnswerEvents
from course_utils.serving.shutdown import ServerShutdown, ends_with_server
from course_utils.serving.sse import HEARTBEAT, Event, encode
from course_utils.settings import settings
from course_utils.streams import check_stream

log = logging.getLogger(__name__)

MEDIA_TYPE = "text/event-stream"
# Without these, a proxy may hold tokens back, keep them, or compress them in lumps.
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

END: Any = object()  # of a stream
BROKE_OFF = "The answer broke off."


def say_little(error: Exception) -> str:
    """What a stranger may know of an error: its name is told beside it."""
    return BROKE_OFF


def log_whole(error: Exception) -> None:
    """Write an error to the log, with its text, which may quote the question."""
    log.warning("A stream broke while it was served", exc_info=error)


@settings()
def sse_events(
    stream: Any,
    *,
    require_finish: bool = True,
    explain: Callable[[Exception], str] = say_little,
    note: Callable[[Exception], None] = log_whole,
) -> AsyncGenerator[Event, None]:
    """The events of a stream, as `sse_response` sends them; the last says how it ended.

    Closing them stops the models underneath. They have no ids: `ReplayBuffer` gives
    them some.

    Args:
        stream: What `.astream(...)` returned, or a sync stream, read on threads.
        require_finish: Whether an answer without a finish reason counts as cut.
        explain: What the reader is told of an error.
        note: What this side keeps of an error; by default all of it, in the log.

    Raises:
        TypeError: `stream` is not a stream.
        ValueError: It is a graph's, with a `stream_mode` that there is not.
    """
    return events_of("sse_events", stream, require_finish, explain, note)


def events_of(
    name: str,
    stream: Any,
    require_finish: bool,
    explain: Callable[[Exception], str],
    note: Callable[[Exception], None] = log_whole,
    grace: float | None = None,
    heartbeat: float = inf,
) -> AsyncGenerator[Any, None]:
    """The same, for whoever is called `name` in its errors.

    With a `grace`, an answer that is open when uvicorn is to exit has so many real
    seconds left. An app with a replay ends its answers itself. After each `heartbeat`
    of silence comes None instead of an event.
    """
    check_stream(name, stream)
    answer = AnswerEvents(Reader(stream, name), require_finish)
    return _events(stream, answer, explain, note, grace, heartbeat)


async def _events(
    stream: Any,
    answer: AnswerEvents,
    explain: Callable[[Exception], str],
    note: Callable[[Exception], None],
    grace: float | None,
    heartbeat: float,
) -> AsyncGenerator[Event | None, None]:
    items = stream if hasattr(stream, "__aiter__") else in_threads(stream)
    async with own_stream(items) as owned:
        hearing = owned.pressure.hearing
        try:
            with nullcontext() if grace is None else ends_with_server(owned, grace):
                while (item := await owned.get(heartbeat, END)) is not END:
                    if item is None and heartbeat < inf:
                        yield None
                        continue
                    for event in answer.read(item):
                        yield event
            last = answer.last(hearing)
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            last = answer.stopped(hearing.usage)  # the stream was; its reader is here
        except Exception as error:
            words = _told(error, explain, note)
            last = answer.failed(type(error).__name__, words, hearing.usage)
        for event in (*answer.rest(), last):
            yield event


def _told(
    error: Exception,
    explain: Callable[[Exception], str],
    note: Callable[[Exception], None],
) -> str:
    """What the reader is told of an error; a shutdown is ours, and no secret."""
    if isinstance(error, ServerShutdown):
        return f"{error} Ask again."
    note(error)
    return str(explain(error))


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


@settings()
async def sse_body(
    events: AsyncIterable[Event], heartbeat: float = 15.0
) -> AsyncGenerator[str, None]:
    """Events as the text of a response, with a comment whenever there was silence.

    When its reader leaves, the events are closed.

    Args:
        events: What `sse_events` gave, or what a replay follows.
        heartbeat: Real seconds of silence after which a comment keeps the line open.
    """
    async with own_stream(events) as owned:
        while (event := await owned.get(heartbeat, END)) is not END:
            yield HEARTBEAT if event is None else encode(event)
