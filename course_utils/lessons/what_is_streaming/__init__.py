"""Notebook 2: its exercises, its questions and what it looks at."""

from course_utils.lessons.what_is_streaming.exercises import (
    acollect,
    collect,
    plain,
    sse_text,
    stalls,
)
from course_utils.lessons.what_is_streaming.questions import (
    bare_loop,
    cost,
    cut,
    leave_chain,
    pieces,
    quiz,
    rate,
    raw,
    stage,
    stalled,
    thought,
)

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "bare_loop",
    "cost",
    "rate",
    "stalled",
    "stalls",
    "pieces",
    "collect",
    "cut",
    "stage",
    "plain",
    "leave_chain",
    "thought",
    "raw",
    "sse_text",
    "acollect",
    "quiz",
]
