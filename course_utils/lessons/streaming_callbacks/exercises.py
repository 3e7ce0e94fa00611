"""Exercises of notebook 3, *Streaming callbacks*.

Each exercise is a check of behaviour, some hints, and a solution that the tests run.

    from course_utils.lessons import streaming_callbacks as lesson
"""

from course_utils.lessons.streaming_callbacks import solutions
from course_utils.lessons.streaming_callbacks.agents import (
    check_read_parts,
    check_report,
    check_spent,
)
from course_utils.lessons.streaming_callbacks.listening import (
    check_audit,
    check_listeners,
)
from course_utils.lessons.streaming_callbacks.outbox import check_outbox
from course_utils.lessons.streaming_callbacks.redaction import check_redact
from course_utils.lessons.streaming_callbacks.stopwatches import (
    check_by_run,
    check_first_token,
)
from course_utils.teaching.exercise import Exercise

EMAIL = solutions.EMAIL

first_token = Exercise(
    "first_token",
    check=check_first_token,
    hints=[
        "You need two events: `on_chat_model_start` and `on_llm_new_token`. Give both "
        "`**kwargs`.",
        "At the start, note `self.clock.now()` and set `self.seconds = None`. At a "
        "token, `chunk.text` says whether there is text.",
        "Only the first token with text counts: look whether `self.seconds` is still "
        "`None`.",
    ],
    solution=solutions.FirstToken,
    minutes=12,
)

by_run = Exercise(
    "by_run",
    check=check_by_run,
    hints=[
        "One attribute holds one start. Several calls need a dictionary: the start of "
        "each call, under its `run_id`.",
        "Name `run_id` in the method, between `*` and `**kwargs`: `on_llm_end(self, "
        "response, *, run_id, **kwargs)`.",
        "A call ends in one of two events: `on_llm_end` or `on_llm_error`. Take the "
        "start out of the dictionary with `pop`.",
    ],
    solution=solutions.Stopwatch,
    minutes=8,
)

outbox = Exercise(
    "outbox",
    check=check_outbox,
    hints=[
        "In `__init__`, make a `queue.Queue()` and start a `threading.Thread` that "
        "takes texts out of it and draws them. `on_llm_new_token` only puts.",
        "The thread needs a signal to end, such as `None`: the loop above shows how "
        "it stops at one.",
        "Put the signal when the call ends, in `on_llm_end` and in `on_llm_error`, "
        "and then wait with `join()`.",
    ],
    solution=solutions.Outbox,
    limit=10.0,  # it waits for threads, on a busy machine too
    minutes=12,
)

listeners = Exercise(
    "listeners",
    check=check_listeners,
    hints=[
        "Return a list of two handlers. `on_token` makes the one for the screen.",
        "The log needs a class: count in `on_llm_new_token`, write in `on_llm_end` "
        "and in `on_llm_error`.",
        "Count with `bool(chunk.text)`, so that empty tokens add nothing.",
    ],
    solution=solutions.listeners,
    minutes=12,
)

audit = Exercise(
    "audit",
    check=check_audit,
    hints=[
        "A handler hears a token before the reader does: write in `on_llm_new_token`.",
        "One attribute of the class decides whether LangChain swallows its errors.",
        "Write `chunk.text`, and only where there is some.",
    ],
    solution=solutions.Audit,
    minutes=8,
)

redact = Exercise(
    "redact",
    check=check_redact,
    hints=[
        "An address has no space in it. So hold what follows the last space.",
        'Find the last space with `self.held.rfind(" ")`; it gives -1 if there is '
        "none. Redact what goes on, not what is held.",
        "`flush` redacts the rest, returns it and holds nothing afterwards.",
    ],
    solution=solutions.Redact,
    minutes=12,
)

read_parts = Exercise(
    "read_parts",
    check=check_read_parts,
    hints=[
        'Go through the parts once. `part["type"]` says which mode told it; what '
        '`part["data"]` holds depends on that.',
        'Text: of `messages`, if `part["ns"]` is empty and the message is an '
        "`AIMessageChunk`. A tool's result is a `ToolMessage`.",
        "Question: of `updates`, under `__interrupt__`, a tuple. Take the `.value` of "
        "its first item.",
    ],
    solution=solutions.read_parts,
    minutes=12,
)

report = Exercise(
    "report",
    check=check_report,
    hints=[
        "`get_stream_writer()` gives a function: call it with what you want to say.",
        "Outside of a graph it is `get_stream_writer()` that raises, and the cell "
        "above shows which errors. Catch these two and no others.",
        "Only that call belongs inside the `try`: an error of the writer itself has to "
        "be seen.",
    ],
    solution=solutions.report,
    minutes=6,
)

spent = Exercise(
    "spent",
    check=check_spent,
    hints=[
        "All chunks of one answer have the same `message.id`, and a dictionary keeps "
        "the order in which you fill it.",
        "Every answer gets its place, `None` at first. Only an `AIMessageChunk` is a "
        "part of an answer.",
        "`message.usage_metadata` is None for most chunks. Where it is not, add its "
        "`total_tokens` to what is there.",
    ],
    solution=solutions.spent,
    minutes=8,
)
