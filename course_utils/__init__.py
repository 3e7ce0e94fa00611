"""The helper package of the course *Streaming in production with LangChain*.

Everything a notebook needs, by name; where a name lives is the folder's listing.

    from course_utils import FakeStreamingChatModel, show
"""

from course_utils.buffering import (
    Buffer,
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
from course_utils.fake import (
    FakeServer,
    FakeStreamingChatModel,
    Reply,
    ToolCall,
    your_model,
)
from course_utils.finish import Finish, add_word, finish_of
from course_utils.live import StreamView, race, show
from course_utils.own_stream import Turn, close_calls, own_stream
from course_utils.passages import Passage, passages
from course_utils.plots import curve, table, timeline
from course_utils.reliability import (
    StreamBroken,
    StreamError,
    StreamTimeout,
    StreamTruncated,
    reliable,
)
from course_utils.serving import (
    RedisReplay,
    ReplayBuffer,
    read_sse,
    sse_body,
    sse_events,
    sse_response,
    tune_gc,
)
from course_utils.teaching import (
    Exercise,
    Predict,
    Quiz,
    join_board,
    leave_board,
    load_progress,
    progress,
    save_progress,
)
from course_utils.timing import StreamTiming, measure

__all__ = [
    "Buffer",
    "Clock",
    "Exercise",
    "FakeServer",
    "FakeStreamingChatModel",
    "Finish",
    "PartialRecorder",
    "Passage",
    "Predict",
    "Quiz",
    "RedisReplay",
    "RedisStreamCache",
    "ReplayBuffer",
    "Reply",
    "SQLiteStreamCache",
    "SentenceBuffer",
    "SizeBuffer",
    "StreamBroken",
    "StreamError",
    "StreamTimeout",
    "StreamTiming",
    "StreamTruncated",
    "StreamView",
    "TextParser",
    "Throttle",
    "ToolCall",
    "Turn",
    "VirtualClock",
    "WordBuffer",
    "add_word",
    "buffered",
    "cached",
    "close_calls",
    "course_clock",
    "curve",
    "finish_of",
    "join_board",
    "leave_board",
    "load_progress",
    "measure",
    "on_token",
    "own_stream",
    "passages",
    "progress",
    "race",
    "read_sse",
    "reliable",
    "save_progress",
    "show",
    "sse_body",
    "sse_events",
    "sse_response",
    "table",
    "timeline",
    "tune_gc",
    "your_model",
]
