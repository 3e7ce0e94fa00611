"""The protocol of `stream_events(version="v3")`: a message as events of its blocks.

Blocks of one message may overlap, so each is known by its index.

    protocol.read({"event": "content-block-delta", "index": 0, "delta": {...}}, lane)
"""

from collections.abc import Callable, Mapping
from typing import Any

from course_utils.passages.content.messages import NOTHING, Messages, Passages, told
from course_utils.passages.content.voices import Lane, Voice

Event = Mapping[str, Any]
EVENTS = (
    "message-start",
    "content-block-start",
    "content-block-delta",
    "content-block-finish",
    "message-finish",
    "error",  # the stream itself raises it
)


class Protocol:
    """Reads the events of messages, each run in its own lane."""

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self._sent: dict[tuple[str, Any], int] = {}  # how much of each block
        self._readers: dict[str, Callable[[Event, Voice], Passages]] = {
            "content-block-start": self._start,
            "content-block-delta": self._delta,
            "content-block-finish": self._finish_block,
            "message-finish": self._finish,
        }

    def read(self, event: Event, lane: Lane) -> Passages:
        """One event of a message."""
        name = event["event"]
        if name == "message-start" or lane.last is None:
            self._open(event, lane)
        reader = self._readers.get(name)
        return reader(event, lane.last) if reader and lane.last else NOTHING

    def _open(self, event: Event, lane: Lane) -> None:
        voice = self.messages.voices.new(lane, event.get("id"))
        self.messages.saw(event.get("id"))
        voice.open = True
        lane.last = voice

    def _start(self, event: Event, voice: Voice) -> Passages:
        return self._block(event, voice, _block(event))

    def _delta(self, event: Event, voice: Voice) -> Passages:
        delta = event.get("delta") or _block(event)
        return self._block(event, voice, delta.get("fields") or delta)

    def _block(self, event: Event, voice: Voice, part: Event) -> Passages:
        """What the start or the next part of a block says."""
        kind = part.get("type", "")
        if "tool" in kind:
            return self._call(event, voice, part)
        if words := part.get("text") or "":
            self._count(event, voice, words)
            return self.messages.text(words, voice)
        if words := part.get("reasoning") or "":
            self._count(event, voice, words)
            voice.finish = None
            return (told(voice, "reasoning", words),)
        return NOTHING

    def _call(self, event: Event, voice: Voice, part: Event) -> Passages:
        args = part.get("args") or ""
        if part.get("type", "").startswith("server") or not isinstance(args, str):
            return NOTHING
        name, call_id = part.get("name") or "", part.get("id") or ""
        if not (name or call_id or args):
            return NOTHING
        self._count(event, voice, "call")
        return (self.messages.fragment(voice, event.get("index"), call_id, name, args),)

    def _count(self, event: Event, voice: Voice, words: str) -> None:
        key = (voice.key, event.get("index"))
        self._sent[key] = self._sent.get(key, 0) + len(words)

    def _finish_block(self, event: Event, voice: Voice) -> Passages:
        """The whole block again: news if no part of it was told."""
        block = _block(event)
        kind, index = block.get("type", ""), event.get("index")
        already = self._sent.pop((voice.key, index), 0)
        if kind == "tool_call" and not already:
            name, args = block.get("name") or "", block.get("args")
            return (self.messages.call(voice, block.get("id"), name, args),)
        if kind == "invalid_tool_call":
            return (self._invalid(voice, block, index, already),)
        if already or "tool" in kind:
            return NOTHING
        return self._block(event, voice, block)

    def _invalid(self, voice: Voice, block: Event, index: Any, already: int) -> Any:
        args = "" if already else block.get("args") or ""
        name, call_id = block.get("name") or "", block.get("id") or ""
        part = self.messages.fragment(voice, index, call_id, name, args)
        return part._replace(invalid=True)

    def _finish(self, event: Event, voice: Voice) -> Passages:
        usage, metadata = event.get("usage"), event.get("metadata")
        return list(self.messages.closing(voice, usage, metadata))


def _block(event: Event) -> Event:
    block = event.get("content") or event.get("content_block")
    return block if isinstance(block, Mapping) else {}
