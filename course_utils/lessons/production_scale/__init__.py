"""Notebook 5: its exercises, its questions and what it looks at."""

from course_utils.lessons.production_scale.costs import (
    collector_pauses,
    every,
    screen_cost,
    wire_bytes,
)
from course_utils.lessons.production_scale.exercises import (
    hand_over,
    honest_events,
    sentences,
    stream_cached,
    token_throttle,
)
from course_utils.lessons.production_scale.further_questions import (
    collector,
    dead_worker,
    default_proxy,
    event_queue,
    first_chunk,
    one_fails,
    reader_left,
    users_wait,
)
from course_utils.lessons.production_scale.questions import (
    cache_and_stream,
    fifty_ask,
    lost_line,
    quiz,
    right_code,
    slow_reader,
    stream_bytes,
    twice_as_long,
)
from course_utils.lessons.production_scale.saved import (
    display_costs,
    proxy_faults,
    worker_faults,
)
from course_utils.lessons.production_scale.twenty import ask_all
from course_utils.lessons.site import Site, quiet, settled

# In the notebook's order: `progress` names the next exercise by it.
__all__ = [  # noqa: RUF022
    "token_throttle",
    "stream_cached",
    "honest_events",
    "sentences",
    "ask_all",
    "hand_over",
    "stream_bytes",
    "right_code",
    "twice_as_long",
    "cache_and_stream",
    "fifty_ask",
    "slow_reader",
    "lost_line",
    "users_wait",
    "one_fails",
    "event_queue",
    "dead_worker",
    "default_proxy",
    "collector",
    "first_chunk",
    "reader_left",
    "quiz",
    "collector_pauses",
    "display_costs",
    "every",
    "proxy_faults",
    "screen_cost",
    "wire_bytes",
    "worker_faults",
    "Site",
    "quiet",
    "settled",
]
