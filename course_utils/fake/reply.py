"""What a scripted model says, how fast, and where it breaks, as plain data.

A `Reply` is one answer with its waits and at most a few faults. The in-process model
and the server play the same plan of it, so both say the same.

    Reply("Nice to meet you.", first_token=2.0, cut_after=2)
"""

from dataclasses import dataclass, fields, replace
from itertools import takewhile
from math import inf
from typing import Any

from course_utils.fake.plan import plan
from course_utils.fake.reply_fields import ReplyFields
from course_utils.settings import settings

LONGEST_REPR = 60


@settings()
@dataclass(frozen=True, repr=False)
class Reply(ReplyFields):
    """One scripted answer: its thoughts, text or tool calls, its timing, its faults.

    Every `*_after` counts the tokens sent before the fault, pieces of reasoning, of
    text and of tool arguments alike; a negative number counts from the end. Times are
    seconds.

    >>> Reply("a b c", cut_after=2).sent()
    'a b'
    >>> Reply("a b c", reasoning="Hm.", cut_after=3)
    Reply('a b c', reasoning='Hm.', cut_after=3)

    Attributes:
        text: What the model says.
        tool_calls: Tools it wants called: `ToolCall`s or dicts with name and args.
        reasoning: What it thinks before it speaks. The first token is then a thought.
        refusal: What it says instead of an answer it will not give.
        logprobs: Log probability of each piece of the text, for who asks for them;
            where the list ends the model is as good as sure.
        interleave: Whether fragments of several tool calls take turns, as some servers
            send them; the Responses API always sends one call after the other.
        first_token: Wait before the first token.
        per_token: Wait before each later token.
        jitter: Spread of these waits (sigma of a log-normal); 0 is exact.
        preset: Name of a `course_utils.latency` preset instead.
        headers_after: Wait before the headers of the answer.
        stall_after: Where the stream goes silent, for `stall` seconds.
        keep_alive: Whether comments keep coming during the stall.
        finish_reason: Instead of `stop` (or `tool_calls`).
        status: Refuse with this HTTP status; `retry_after` seconds go with it.
        reset: Break the connection before any answer.
        drop_after: Break the connection.
        truncate_after: End the body before its announced end.
        cut_after: End the body tidily, with no finish reason: the silent cut.
        no_done: Leave out the end mark.
        error_after: Send an error event.
        garble_after: Send an event that is not JSON.
        split_utf8: Send every byte on its own, so that letters arrive in halves.
        huge_after: Send an event of a megabyte (its text is as short as ever).
        duplicate_after: Send the next token twice.
        length_after: End with the finish reason `length`.
        filter_after: End with the finish reason `content_filter`.
        exception: Raise this instead of answering.

    Raises:
        TypeError, ValueError: A field holds what it cannot mean.
    """

    def sent(self) -> str:
        """The text that gets out before this reply ends, breaks or falls silent."""
        silent = replace(self, keep_alive=False)  # comments carry no text
        steps = takewhile(lambda step: step.wait < inf, plan(silent))
        return "".join(step.text for step in steps if step.kind == "text")

    def __repr__(self) -> str:
        shown = [_short(self.text)] if self.text else []
        for field in sorted(fields(self), key=lambda field: bool(field.kw_only)):
            value = getattr(self, field.name)
            if field.name != "text" and value != field.default:
                shown.append(f"{field.name}={_short(value)}")
        return f"Reply({', '.join(shown)})"


def _short(value: Any) -> str:
    text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= LONGEST_REPR else f"{text[:LONGEST_REPR]}..."
