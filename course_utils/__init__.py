"""The helper package of the course *Streaming in production with LangChain*.

Everything a notebook needs, by name; where a name lives is the folder's listing.

    from course_utils import FakeStreamingChatModel, show
"""

from course_utils.buffering import (
    SentenceBuffer,
    SizeBuffer,
    TextParser,
    Throttle,
    WordBuffer,
    buffered,
)
from course_utils.cache import RedisStreamCache, SQLiteStreamCache, cached
from course_utils.callbacks import PartialRecorder, on_token
from course_utils.clock import Clock, VirtualClock, course_clock
from course_utils.fake import FakeServer, FakeStreamingChatModel, Reply, ToolCall
from course_utils.live import StreamView, race, show
from course_utils.own_stream import own_stream
from course_utils.plots import curve, table, timeline
from course_utils.reliability import (
    StreamBroken,
    StreamTimeout,
    StreamTruncated,
    reliable,
)
from course_utils.serving import (
    ReplayBuffer,
    read_sse,
    sse_body,
    sse_events,
    sse_response,
    tune_gc,
)
from course_utils.teaching import Exercise, Predict, Quiz, progress
from course_utils.timing import StreamTiming, measure

__all__ = [
    "Clock",
    "Exercise",
    "FakeServer",
    "FakeStreamingChatModel",
    "PartialRecorder",
    "Predict",
    "Quiz",
    "RedisStreamCache",
    "ReplayBuffer",
    "Reply",
    "SQLiteStreamCache",
    "SentenceBuffer",
    "SizeBuffer",
    "StreamBroken",
    "StreamTimeout",
    "StreamTiming",
    "StreamTruncated",
    "StreamView",
    "TextParser",
    "Throttle",
    "ToolCall",
    "VirtualClock",
    "WordBuffer",
    "buffered",
    "cached",
    "course_clock",
    "curve",
    "measure",
    "on_token",
    "own_stream",
    "progress",
    "race",
    "read_sse",
    "reliable",
    "show",
    "sse_body",
    "sse_events",
    "sse_response",
    "table",
    "timeline",
    "tune_gc",
]
