"""Notebook 4: its exercises, its questions and what it looks at."""

from course_utils.lessons.interruptions_and_errors.breaking import (
    cancel_after,
    interrupted,
    read_some,
)
from course_utils.lessons.interruptions_and_errors.exercises import (
    is_whole,
    keep_partial,
    read_until,
    safe_tool_calls,
    stream_with_retry,
    with_full_response,
)
from course_utils.lessons.interruptions_and_errors.proxy import Proxy
from course_utils.lessons.interruptions_and_errors.questions import (
    completes,
    half_a_call,
    quiz,
    retries,
)

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "keep_partial",
    "is_whole",
    "stream_with_retry",
    "with_full_response",
    "read_until",
    "safe_tool_calls",
    "cancel_after",
    "interrupted",
    "read_some",
    "completes",
    "half_a_call",
    "quiz",
    "retries",
    "Proxy",
]
