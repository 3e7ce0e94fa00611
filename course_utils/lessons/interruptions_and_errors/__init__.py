"""Notebook 4: its exercises, its questions and the proxy it looks at."""

from course_utils.lessons.interruptions_and_errors.agents import (
    close_open_calls,
    decide,
    safe_tool_calls,
)
from course_utils.lessons.interruptions_and_errors.exercises import (
    is_whole,
    keep_partial,
    stream_with_retry,
    with_full_response,
)
from course_utils.lessons.interruptions_and_errors.proxy import Proxy
from course_utils.lessons.interruptions_and_errors.questions import (
    after_a_break,
    comments,
    half_a_call,
    half_by_mode,
    leaving,
    multiply,
    person_mode,
    person_types,
    proxy_breaks,
    quiz,
    retries,
    stopped_history,
    thinks_long,
)
from course_utils.lessons.interruptions_and_errors.stopping import read_until

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "keep_partial",
    "is_whole",
    "with_full_response",
    "decide",
    "close_open_calls",
    "safe_tool_calls",
    "stream_with_retry",
    "read_until",
    "after_a_break",
    "proxy_breaks",
    "half_a_call",
    "retries",
    "multiply",
    "comments",
    "leaving",
    "person_mode",
    "person_types",
    "stopped_history",
    "thinks_long",
    "half_by_mode",
    "quiz",
    "Proxy",
]
