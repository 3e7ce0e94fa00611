"""An answer as events for a browser: what is new, who says it, and how it ends.

A browser is a stranger: it gets the answer and what leads to it, and nothing of the
prompts, of what a model tells a tool, or of what a graph keeps for itself.

    events = AnswerEvents(Reader(stream)); events.read(item); events.last()
"""

import json
import logging
from collections.abc import Iterator
from typing import Any

from course_utils.characters import Characters
from course_utils.finish import Finish
from course_utils.passages import Passage, Reader
from course_utils.passages.ending import Ending, endings_of
from course_utils.serving.public_json import NOTHING, public_json
from course_utils.serving.sse import Event

log = logging.getLogger(__name__)

Told = tuple[str, Any] | None  # the name of an event and its JSON
Usage = dict[str, int] | None  # of models whose stream does not tell it


class AnswerEvents:
    """Makes events of the items of one stream."""

    def __init__(self, reader: Reader, require_finish: bool) -> None:
        self._reader = reader
        self._require_finish = require_finish
        self._ending = Ending()
        self._heard: dict[str, int] | None = None  # of usage, where the stream is mute
        self._characters: dict[Passage, Characters] = {}

    def read(self, item: Any) -> Iterator[Event]:
        """The events of one item of the stream."""
        for passage in self._reader.read(item):
            self._ending.hear(passage)
            if passage.kind in ("text", "reasoning"):
                text = self._whole(passage)
                if text is not passage.text:
                    passage = passage._replace(text=text)
            elif passage.kind == "restart":
                self._characters.clear()  # what they began is taken back
            if words := say(passage):
                yield event(*words)

    def _whole(self, passage: Passage) -> str:
        """The text as far as its last character is whole."""
        if passage.text.isascii() and not self._characters:
            return passage.text  # nearly every chunk
        key = passage._replace(text="")
        if passage.text.isascii() and key not in self._characters:
            return passage.text
        return self._characters.setdefault(key, Characters()).push(passage.text)

    def rest(self) -> Iterator[Event]:
        """What was held back: halves of characters whose other half never came."""
        for passage, characters in self._characters.items():
            if words := say(passage._replace(text=characters.rest())):
                yield event(*words)

    def stopped(self, usage: Usage = None) -> Event:
        """The last event of a stream that was stopped on this side."""
        return event("stopped", self._facts(None, usage))

    def failed(self, kind: str, message: str, usage: Usage = None) -> Event:
        """The last event of a stream that broke."""
        return self._error(kind, message, None, usage)

    def last(self, hearing: Any) -> Event:
        """The last event: `done`, `stopped`, `paused`, `cut` or `error`.

        Args:
            hearing: What the models under the stream told, of which the stream itself
                may tell nothing.
        """
        ends, usage = endings_of(self._reader, hearing), hearing.usage
        end = ends.decisive
        if ends.taken_back:
            return error_event("AnswerReplaced", REPLACED)
        if ends.unended and self._require_finish and not ends.bad:
            return event("cut", {**self._facts(None, usage), "note": UNSAID_NOTE})
        if end is not None and end.meaning in FAULTS:
            name, fact = FAULTS[end.meaning]
            return self._error(name, fact.format(end.reason), end, usage)
        if self._ending.paused or (end and end.meaning == "paused"):
            questions = [public_json(question) for question in self._ending.questions]
            return event("paused", {"questions": questions, **self._facts(end, usage)})
        return event(end.end if end else "done", self._facts(end, usage))

    def _error(
        self, kind: str, message: str, end: Finish | None, usage: Usage
    ) -> Event:
        return error_event(kind, message, **self._billed(end, usage))

    def _billed(self, end: Finish | None, usage: Usage) -> dict[str, Any]:
        return {
            "finish_reason": end.reason if end else None,
            "usage": self._ending.usage or usage,
        }

    def _facts(self, end: Finish | None, usage: Usage) -> dict[str, Any]:
        """What the last event says: never a bare word where nothing was told."""
        facts = self._billed(end, usage)
        if self._ending.open_calls:
            facts["open_calls"] = self._ending.open_calls
        if self._ending.silence:
            facts["note"] = self._ending.silence
        return facts


REPLACED = (
    "The answer began anew, and what was sent of it before cannot be taken back in "
    "a stream of text: ask again."
)
UNSAID_NOTE = "The answer ended without a finish reason: it may be cut."
FAULTS = {
    "broken": ("StreamBroken", "The model's server broke off: {}."),
    "unknown": (
        "UnknownFinish",
        "The answer ended with a word that nobody here knows: {}.",
    ),
}


def event(name: str, fields: Any) -> Event:
    """An event with its JSON, which every browser can parse."""
    # ASCII, since some readers take other characters than \n for the end of a line.
    return Event(name, _to_json(fields))


_to_json = json.JSONEncoder(allow_nan=False).encode


def error_event(kind: str, message: str, **more: Any) -> Event:
    """The last event of an answer that is not whole."""
    return event("error", {"type": kind, "message": message, **more})


def say(passage: Passage) -> Told:
    """The event of a passage; None for what a browser is not told."""
    private = passage.aside and passage.kind != "tool_result"
    if private and not is_helper(passage.source):
        return None
    teller = TELLERS.get(passage.kind)
    return teller(passage) if teller else None


def is_helper(source: str) -> bool:
    """Whether a sub-agent speaks, and not a model to the tool or hook that calls it.

    >>> is_helper("tools/weather_agent"), is_helper("tools")
    (True, False)
    """
    path, _, last = source.rpartition("/")
    return bool(path) and not last.startswith("tools") and "." not in last


def who(passage: Passage) -> dict[str, str]:
    """The message and its speaker, so that two answers can be kept apart."""
    found = {"message": passage.message, "source": passage.source}
    return {key: name for key, name in found.items() if name}


def _text(passage: Passage) -> Told:
    if not passage.text:
        return None
    name = "aside" if passage.aside else "text"
    return name, {"text": passage.text, **who(passage)}


def _reasoning(passage: Passage) -> Told:
    return (
        ("reasoning", {"text": passage.text, **who(passage)}) if passage.text else None
    )


def _tool_call(passage: Passage) -> Told:
    call = {"id": passage.call, "name": passage.name or None, "args": passage.text}
    bad = {"invalid": True} if passage.invalid else {}
    return "tool_call", {**call, **bad, **who(passage)}


def _tool_result(passage: Passage) -> Told:
    result = {"name": passage.name, "id": passage.call, "text": passage.text}
    bad = {"error": True} if passage.value == "error" else {}
    return "tool_result", {**result, **bad, **who(passage)}


def _progress(passage: Passage) -> Told:
    value = public_json(passage.value)
    fields = {"id": passage.call, "name": passage.name, **who(passage)}
    fields = {key: text for key, text in fields.items() if text}
    return None if value is NOTHING else ("progress", {"value": value, **fields})


def _interrupt(passage: Passage) -> Told:
    value = public_json(passage.value)
    fields = {"id": passage.call, "value": None if value is NOTHING else value}
    return "interrupt", {**fields, **who(passage)}


def _state(passage: Passage) -> Told:
    value = public_json(passage.value, state=True)
    return None if value is NOTHING or not value else ("data", value)


def _data(passage: Passage) -> Told:
    if passage.name == "refusal":
        return "refusal", {"text": passage.text, **who(passage)}
    value = public_json(passage.value)
    return None if value is NOTHING else ("data", value)


TELLERS = {
    "text": _text,
    "reasoning": _reasoning,
    "tool_call": _tool_call,
    "tool_result": _tool_result,
    "progress": _progress,
    "interrupt": _interrupt,
    "restart": lambda passage: ("restart", who(passage)),
    "state": _state,
    "data": _data,
}
