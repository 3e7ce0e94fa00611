"""Notebook 1: its exercises, its questions and what it looks at."""

from course_utils.lessons.full_responses.exercises import (
    ask_all,
    summaries,
    text_chain,
    waiting_and_writing,
)
from course_utils.lessons.full_responses.questions import (
    at_once,
    ends,
    limited,
    one_fails,
    paid,
    quiz,
    short_answer,
    slower,
)

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "limited",
    "text_chain",
    "slower",
    "waiting_and_writing",
    "at_once",
    "one_fails",
    "paid",
    "summaries",
    "short_answer",
    "ends",
    "ask_all",
    "quiz",
]
