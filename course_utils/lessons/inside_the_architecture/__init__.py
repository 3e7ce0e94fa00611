"""Notebook 6: its exercises, its questions and what it looks at."""

from course_utils.lessons.inside_the_architecture.bad_day import score
from course_utils.lessons.inside_the_architecture.capstone import chat
from course_utils.lessons.inside_the_architecture.costs import cost_per_chunk, outline
from course_utils.lessons.inside_the_architecture.exercises import (
    echo,
    event_order,
    hide_numbers,
    production_app,
    production_chat,
)
from course_utils.lessons.inside_the_architecture.live_runs import both_live
from course_utils.lessons.inside_the_architecture.outages import bad_day
from course_utils.lessons.inside_the_architecture.questions import (
    async_stage,
    guard_price,
    held_loop,
    layers,
    left_reader,
    left_run,
    parser_starts,
    quiz,
    redacted_stream,
    thin_wrapper,
    thinking_first,
)
from course_utils.lessons.inside_the_architecture.standard_suite import standard_suite

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "both_live",
    "chat",
    "event_order",
    "echo",
    "hide_numbers",
    "production_chat",
    "production_app",
    "bad_day",
    "cost_per_chunk",
    "outline",
    "score",
    "standard_suite",
    "layers",
    "redacted_stream",
    "async_stage",
    "thinking_first",
    "left_run",
    "thin_wrapper",
    "left_reader",
    "parser_starts",
    "held_loop",
    "guard_price",
    "quiz",
]
