"""Notebook 1: its exercises, its questions and what it looks at."""

from course_utils.lessons.full_responses.exercises import (
    ask_all,
    text_chain,
    waiting_and_writing,
)
from course_utils.lessons.full_responses.questions import quiz, slower

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "text_chain",
    "waiting_and_writing",
    "ask_all",
    "quiz",
    "slower",
]
