"""Notebook 3: its exercises, its questions and what it looks at."""

from course_utils.lessons.streaming_callbacks.exercises import (
    EMAIL,
    audit,
    first_token,
    listeners,
    redact,
)
from course_utils.lessons.streaming_callbacks.questions import quiz, rewrite, swallowed

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "first_token",
    "listeners",
    "audit",
    "redact",
    "EMAIL",
    "quiz",
    "rewrite",
    "swallowed",
]
