"""Notebook 6: its exercises, its questions and what it looks at."""

from course_utils.lessons.inside_the_architecture.bad_day import score
from course_utils.lessons.inside_the_architecture.costs import cost_per_chunk, outline
from course_utils.lessons.inside_the_architecture.exercises import (
    echo,
    event_order,
    hide_numbers,
    production_app,
    production_chat,
)
from course_utils.lessons.inside_the_architecture.questions import (
    layers,
    parser_starts,
    quiz,
    redacted_stream,
)
from course_utils.lessons.inside_the_architecture.standard_suite import standard_suite

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "event_order",
    "echo",
    "hide_numbers",
    "production_chat",
    "production_app",
    "cost_per_chunk",
    "outline",
    "layers",
    "parser_starts",
    "quiz",
    "redacted_stream",
    "score",
    "standard_suite",
]
