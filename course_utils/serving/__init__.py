"""A stream on its way to a browser: server-sent events, replayed after a break.

Every stream ends in `done` or in `error`, and a reader who leaves stops the model.

    return sse_response(chain.stream(question))
"""

from course_utils.own_stream.owned import own_stream
from course_utils.serving.answer_events import error_event
from course_utils.serving.collector import tune_gc
from course_utils.serving.replay import (
    LAST,
    LEFT,
    LOST,
    STOPPED,
    RedisReplay,
    Replay,
    ReplayAway,
    ReplayBuffer,
    position_of,
)
from course_utils.serving.response import sse_response
from course_utils.serving.shutdown import end_answers
from course_utils.serving.sse import Event, read_sse
from course_utils.serving.wire import HEADERS, MEDIA_TYPE, sse_body, sse_events

__all__ = [
    "HEADERS",
    "LAST",
    "LEFT",
    "LOST",
    "MEDIA_TYPE",
    "STOPPED",
    "Event",
    "RedisReplay",
    "Replay",
    "ReplayAway",
    "ReplayBuffer",
    "end_answers",
    "error_event",
    "own_stream",
    "position_of",
    "read_sse",
    "sse_body",
    "sse_events",
    "sse_response",
    "tune_gc",
]
