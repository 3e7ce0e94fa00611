"""Notebook 5: its exercises, its questions and what it looks at."""

from course_utils.lessons.production_scale.costs import (
    display_costs,
    every,
    screen_cost,
    wire_bytes,
)
from course_utils.lessons.production_scale.exercises import (
    hand_over,
    honest_events,
    page,
    sentences,
    stream_cached,
    token_throttle,
)
from course_utils.lessons.production_scale.questions import (
    always_better,
    cache_and_stream,
    quiz,
    twice_as_long,
)
from course_utils.lessons.site import PAGE_SCRIPT, Site, quiet, settled

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "token_throttle",
    "sentences",
    "stream_cached",
    "hand_over",
    "honest_events",
    "display_costs",
    "wire_bytes",
    "screen_cost",
    "every",
    "page",
    "always_better",
    "cache_and_stream",
    "quiz",
    "twice_as_long",
    "PAGE_SCRIPT",
    "Site",
    "quiet",
    "settled",
]
