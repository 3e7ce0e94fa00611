"""Server-sent events to read, friendly and hostile, each with its text.

The lines are as chat completions sends them, with every field of the wire.

    kind, lines, text = EVENTS[0]
"""

import json
from collections.abc import Iterable
from typing import Any

from course_utils.lessons.scenes import MANY, NASTY, PIECES

_HEAD = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "fake",
    "service_tier": "default",
    "system_fingerprint": None,
}


def _event(
    *deltas: dict[str, Any],
    reason: str | None = None,
    usage: Any = None,
    blank: str = " ",
) -> list[str]:
    """The lines of one event: a choice for each delta, then an empty line."""
    ending = {"logprobs": None, "finish_reason": reason}
    choices = [{"index": 0, "delta": delta, **ending} for delta in deltas]
    event = {**_HEAD, "choices": choices, "usage": usage}
    return [f"data:{blank}{json.dumps(event)}", ""]


def shown(lines: list[str]) -> str:
    """The lines in few words: without what is the same in each, and not all of many."""
    head = json.dumps(_HEAD)[1:-1]
    said = [f"`{line.replace(head, '...')}`" for line in lines if line]
    more = [f"and {len(said) - 6} more"] if len(said) > 6 else []
    return "\n".join([" The lines were:", *said[:6], *more])


def _texts(pieces: Iterable[str]) -> list[str]:
    """An event for each piece."""
    return [line for piece in pieces for line in _event({"content": piece})]


_COUNTS = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}

ROLE = _event({"role": "assistant", "content": "", "refusal": None})
TEXT = _texts(["Hel", "lo"])
FINISH = _event({}, reason="stop")
USAGE = _event(usage=_COUNTS)  # usage comes with no choice at all
DONE = ["data: [DONE]", ""]
GARBLED = ['data: {"choices": [{"del', ""]
ODD = [*ROLE, *_texts(PIECES), *FINISH, *USAGE, *DONE]

_THOUGHT = _event({"reasoning_content": "Hm.", "content": None})
_CALL = {"index": 0, "id": "call_0", "function": {"name": "pay", "arguments": ""}}
_CALLS = _event({"tool_calls": [_CALL]})
_LAST_TEXT = _event({"content": "lo"}, reason="stop")
_OTHER_FIELDS = ["id: 7", "retry: 3000", ": data: none"]
_ABOUT_ITSELF = _texts(["The end is ", "[DONE]"])

# What to call the lines, the lines, their text.
EVENTS: list[tuple[str, list[str], str]] = [
    ("a plain answer", [*ROLE, *TEXT, *FINISH, *DONE], "Hello"),
    ("usage at the end", [*ROLE, *TEXT, *FINISH, *USAGE, *DONE], "Hello"),
    ("a comment, to keep the line open", [": ping", "", *TEXT, *DONE], "Hello"),
    ("events that have a name", ["event: chunk", *TEXT, *DONE], "Hello"),
    ("no space after the colon", _event({"content": "Hi"}, blank=""), "Hi"),
    ("content that is null", [*_event({"content": None}), *TEXT], "Hello"),
    ("a thought before the text", [*ROLE, *_THOUGHT, *TEXT, *DONE], "Hello"),
    ("a tool call", [*ROLE, *TEXT, *_CALLS, *FINISH, *DONE], "Hello"),
    ("text in the last event", [*TEXT[:2], *_LAST_TEXT, *DONE], "Hello"),
    ("the same text twice", _texts(["no ", "no ", "no"]), "no no no"),
    ("an answer about [DONE]", [*_ABOUT_ITSELF, *DONE], "The end is [DONE]"),
    ("an answer about data:", _texts(["metadata: ", "data: x"]), "metadata: data: x"),
    ("fields that you do not need", [*_OTHER_FIELDS, *TEXT, *DONE], "Hello"),
    ("an empty line as text", _texts(["Hi.", "\n\n", "Hello"]), "Hi.\n\nHello"),
    ("letters beyond English", _event({"content": "naïve 猫"}), "naïve 猫"),
    ("odd text", ODD, NASTY),
    ("a body that ends early", TEXT, "Hello"),
    ("no line at all", [], ""),
    ("three thousand events", _texts(MANY), "".join(MANY)),
]
