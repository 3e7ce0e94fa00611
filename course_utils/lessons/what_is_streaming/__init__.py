"""Notebook 2: its exercises, its questions and what it looks at."""

from course_utils.lessons.what_is_streaming.exercises import (
    acollect,
    collect,
    plain,
    sse_text,
)
from course_utils.lessons.what_is_streaming.questions import (
    complete_first,
    leave_chain,
    quiz,
    stage,
)

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "collect",
    "acollect",
    "plain",
    "sse_text",
    "leave_chain",
    "stage",
    "quiz",
    "complete_first",
]
