"""What a message says, or a chunk of one: text, thoughts, calls, usage, its end.

Messages().chunk(AIMessageChunk("Hi"), lane)
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    ToolMessage,
)

from course_utils.chunks import only_text
from course_utils.finish import KEYS, Finish, finish_in
from course_utils.passages.content.blocks import beside, refused, said
from course_utils.passages.content.usage import newest
from course_utils.passages.content.voices import (
    Calls,
    Lane,
    Voice,
    Voices,
    in_tool,
    names,
)
from course_utils.passages.passage import Passage

Passages = Sequence[Passage]
NOTHING: Passages = ()


class Messages:
    """Reads the messages of one stream and remembers what was told of each."""

    def __init__(self) -> None:
        self.voices = Voices()
        self.streamed = False  # some came in chunks, or as messages of their own
        self._seen: set[str] = set()
        self.calls = Calls()

    def read(self, message: BaseMessage, lane: Lane) -> Passages:
        """A message or chunk, whatever its kind; what people and prompts say is not."""
        if isinstance(message, AIMessageChunk):
            return self.chunk(message, lane)
        return self.whole(message, lane)

    def chunk(self, message: AIMessageChunk, lane: Lane) -> Passages:
        """The next part of a message."""
        metadata = message.response_metadata
        if metadata and metadata.get("restart"):
            return self._restart(message, lane)
        voice = lane.voices.get(message.id)
        if voice is None or lane.unpaired:
            voice = self._opened(message.id, lane)
        lane.last = voice
        if only_text(message):
            return self.text(str(message.content), voice)
        return list(self._parts(message, voice))

    def text(self, text: str, voice: Voice) -> Passages:
        """A piece of text: what is said after a finish reason opens it again."""
        if not text:
            return NOTHING
        voice.finish = None
        aside = voice.aside
        return (
            Passage("text", text, voice.key, voice.source, "", "", None, False, aside),
        )

    def _opened(self, message_id: str | None, lane: Lane) -> Voice:
        voice = self.voices.of(lane, message_id)
        voice.open = True
        self.saw(message_id)
        return voice

    def _restart(self, message: AIMessageChunk, lane: Lane) -> Passages:
        """What was said is taken back; the answer begins anew."""
        before, voice = self.voices.take_back(lane, message.id)
        voice.open = True
        self.saw(message.id)
        return [told(before, "restart"), *self._parts(message, voice)]

    def _parts(self, message: AIMessageChunk, voice: Voice) -> Iterator[Passage]:
        yield from self._said(message, voice, whole=False)
        for part in message.tool_call_chunks:
            yield self.fragment(voice, **_fields(part))
        yield from self.closing(
            voice, message.usage_metadata, message.response_metadata
        )

    def _said(
        self, message: BaseMessage, voice: Voice, whole: bool
    ) -> Iterator[Passage]:
        parts = list(said(message.content))
        extra = message.additional_kwargs
        if extra:
            thought = any(kind == "reasoning" for kind, _ in parts)
            parts = [*(() if thought else beside(extra)), *parts, *refused(extra)]
        for kind, words in parts:
            voice.finish = None
            if kind == "refusal":
                yield told(voice, "data", words, name=kind, value=words, whole=whole)
            else:
                yield told(voice, kind, words, whole=whole)

    def fragment(
        self, voice: Voice, index: Any, call_id: str, name: str, text: str
    ) -> Passage:
        """A part of a tool call: only its first names it, the others have its index."""
        key = self.calls.fragment(voice, index, call_id, name)
        voice.calls_on(key, text)
        return told(voice, "tool_call", text, name=name, call=key)

    def closing(self, voice: Voice, usage: Any, metadata: Any) -> Iterator[Passage]:
        """The usage and the end of a message, if they are told."""
        if usage:
            voice.usage = newest(voice.usage, usage)
            yield told(voice, "usage", value=voice.usage)
        if metadata and not metadata.keys().isdisjoint(KEYS):
            end = finish_in(metadata)
            if end is not None and end != voice.finish:
                yield self.finish(voice, end)

    def finish(self, voice: Voice, end: Finish) -> Passage:
        """The word with which a message ends."""
        voice.finish = end
        voice.late.clear()
        return told(voice, "finish", end.reason, value=end)

    def whole(self, message: BaseMessage, lane: Lane) -> Passages:
        """A message that comes at once, unless it was told already."""
        if isinstance(message, ToolMessage | FunctionMessage):
            return self.result(message, lane)
        speaks = isinstance(message, AIMessage) or (
            isinstance(message, ChatMessage) and message.role in ("assistant", "ai")
        )
        if not self.saw(message.id) or not speaks:
            return NOTHING
        voice = lane.last = self.voices.new(lane, message.id)
        calls = self._whole_calls(message, voice)
        end = self.closing(
            voice,
            getattr(message, "usage_metadata", None),
            message.response_metadata,
        )
        return [*self._said(message, voice, whole=True), *calls, *end]

    def _whole_calls(self, message: BaseMessage, voice: Voice) -> Iterator[Passage]:
        for call in getattr(message, "tool_calls", ()):
            yield self.call(voice, call["id"], call["name"], call["args"])
        for call in getattr(message, "invalid_tool_calls", ()):
            name = call["name"] or ""
            key = self.calls.whole(voice, call["id"] or "", name)
            text = call["args"] or ""
            bad = told(voice, "tool_call", text, name=name, call=key, whole=True)
            yield bad._replace(invalid=True)

    def call(self, voice: Voice, call_id: str | None, name: str, args: Any) -> Passage:
        """A tool call that comes at once, with its arguments."""
        key = self.calls.whole(voice, call_id or "", name)
        return told(voice, "tool_call", _json(args), name, key, args, whole=True)

    def result(self, message: ToolMessage | FunctionMessage, lane: Lane) -> Passages:
        """What a tool returned, unless it was told already."""
        call_id = str(getattr(message, "tool_call_id", ""))
        news = self.calls.is_news(lane, call_id, message.id)
        if not self.saw(message.id) or not news:
            return NOTHING
        failed = getattr(message, "status", "") == "error"
        return [
            self.returned(
                lane, call_id, str(message.text), message.name or "", failed=failed
            )
        ]

    def returned(
        self,
        lane: Lane,
        call_id: str,
        text: str,
        name: str = "",
        *,
        failed: bool = False,
    ) -> Passage:
        """The result of a tool call."""
        return Passage(
            "tool_result",
            text,
            source=lane.source,
            name=name,
            call=self.calls.of_result(lane, call_id),
            value="error" if failed else None,
            whole=True,
            aside=in_tool(names(lane.ns)),
        )

    def saw(self, message_id: str | None) -> bool:
        """Note a message by its id; False if it was seen before."""
        if message_id is None:
            return True
        new = message_id not in self._seen
        self._seen.add(message_id)
        return new

    def history(self, messages: Iterable[BaseMessage], lane: Lane) -> None:
        """These were told already, or said before this stream began."""
        for message in messages:
            self.saw(message.id)
            for call in getattr(message, "tool_calls", ()):
                self.calls.recall(lane, call["id"])


def told(
    voice: Voice,
    kind: Any,
    text: str = "",
    name: str = "",
    call: str = "",
    value: Any = None,
    whole: bool = False,
) -> Passage:
    """A passage of this message."""
    return Passage(
        kind, text, voice.key, voice.source, name, call, value, whole, voice.aside
    )


def _fields(part: Any) -> dict[str, Any]:
    return {
        "index": part.get("index"),
        "call_id": part.get("id") or "",
        "name": part.get("name") or "",
        "text": part.get("args") or "",
    }


def _json(args: Any) -> str:
    try:
        return json.dumps(args, ensure_ascii=False)
    except (TypeError, ValueError):
        return ""
