"""Server-sent events to read, friendly and hostile, each with its text.

kind, lines, text = EVENTS[0]
"""

import json
from typing import Any


def _event(*deltas: dict[str, Any], blank: str = " ") -> list[str]:
    """The lines of one event: a choice for each delta, then an empty line."""
    choices = [{"index": 0, "delta": delta} for delta in deltas]
    return [f"data:{blank}{json.dumps({'choices': choices})}", ""]


ROLE = _event({"role": "assistant", "content": ""})
TEXT = [*_event({"content": "Hel"}), *_event({"content": "lo"})]
FINISH = _event({})
USAGE = _event()  # usage comes with no choice at all
DONE = ["data: [DONE]", ""]
ABOUT_ITSELF = [*_event({"content": "The end is "}), *_event({"content": "[DONE]."})]

ABOUT_DATA = _event({"content": "metadata: "}) + _event({"content": "data: x"})
PARAGRAPHS = [*_event({"content": "Hi."}), *_event({"content": "\n\n"}), *TEXT]
GARBLED = ['data: {"choices": [{"del', ""]

# What to call the lines, the lines, their text.
EVENTS: list[tuple[str, list[str], str]] = [
    ("a plain answer", [*ROLE, *TEXT, *FINISH, *DONE], "Hello"),
    ("usage at the end", [*ROLE, *TEXT, *FINISH, *USAGE, *DONE], "Hello"),
    ("a comment, to keep the line open", [": ping", "", *TEXT, *DONE], "Hello"),
    ("events that have a name", ["event: chunk", *TEXT, *DONE], "Hello"),
    ("no blank after the colon", _event({"content": "Hi"}, blank=""), "Hi"),
    ("content that is null", [*_event({"content": None}), *TEXT], "Hello"),
    ("an answer about [DONE]", [*ABOUT_ITSELF, *DONE], "The end is [DONE]."),
    ("an answer about data:", [*ABOUT_DATA, *DONE], "metadata: data: x"),
    ("an empty line as text", [*PARAGRAPHS, *DONE], "Hi.\n\nHello"),
    ("letters beyond English", _event({"content": "naïve 猫"}), "naïve 猫"),
    ("a body that ends early", TEXT, "Hello"),
    ("no line at all", [], ""),
]
