"""What the events of `astream_events(version="v2")` say.

They tell the same words many times, by the model, the parser, the chain. The model's
own count; a chain speaks for itself only where no model does.

    events.read({"event": "on_chat_model_stream", "data": {"chunk": ...}, ...})
"""

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

from course_utils.passages.content.messages import NOTHING, Messages, Passages
from course_utils.passages.content.voices import Lane
from course_utils.passages.graph import Graph
from course_utils.passages.passage import Passage
from course_utils.passages.refusal import Unreadable

Event = Mapping[str, Any]


class Events:
    """Reads the events of one call of a model, a chain or a graph."""

    def __init__(self, messages: Messages, graph: Graph) -> None:
        self.messages = messages
        self.graph = graph
        self._models: set[str] = set()  # runs of models that told chunks
        self._model_speaks = False
        self._readers: dict[str, Callable[[Event], Passages]] = {
            "on_chat_model_start": self._model_starts,
            "on_llm_start": self._model_starts,
            "on_chat_model_stream": self._chunk,
            "on_llm_stream": self._chunk,
            "on_chat_model_end": self._model_ends,
            "on_llm_end": self._model_ends,
            "on_chain_stream": self._chain,
            "on_tool_start": self._tool_starts,
            "on_tool_end": self._tool_ends,
            "on_tool_error": self._tool_fails,
            "on_custom_event": self._custom,
        }

    def read(self, event: Event) -> Passages:
        """One event; most say nothing that another does not."""
        reader = self._readers.get(event["event"])
        return reader(event) if reader else NOTHING

    def _lane(self, event: Event) -> Lane:
        """A run of a model is a lane of its own."""
        metadata = event.get("metadata") or {}
        return self.messages.voices.lane(_ns(metadata), metadata, event["run_id"])

    def _tools(self, event: Event) -> Lane:
        metadata = event.get("metadata") or {}
        return self.messages.voices.lane(_ns(metadata), metadata)

    def _model_starts(self, event: Event) -> Passages:
        self._model_speaks = True
        return NOTHING

    def _chunk(self, event: Event) -> Passages:
        chunk = event["data"].get("chunk")
        self._model_speaks = True
        self._models.add(event["run_id"])
        return self._said(chunk, self._lane(event))

    def _model_ends(self, event: Event) -> Passages:
        """A model that did not stream says all at its end."""
        if event["run_id"] in self._models:
            return NOTHING
        output = event["data"].get("output")
        lane = self._lane(event)
        if isinstance(output, BaseMessage):
            return self.messages.whole(output, lane)
        return NOTHING

    def _said(self, chunk: Any, lane: Lane) -> Passages:
        if isinstance(chunk, BaseMessage):
            return self.messages.read(chunk, lane)
        message = getattr(chunk, "message", None)
        if isinstance(message, BaseMessage):
            return self.messages.read(message, lane)
        text = chunk if isinstance(chunk, str) else getattr(chunk, "text", None)
        if isinstance(text, str):
            return self.messages.text(text, self.messages.voices.of(lane, None))
        raise Unreadable(chunk, "a model's chunk")

    def _chain(self, event: Event) -> Passages:
        """What the outermost chain or graph gives."""
        if event.get("parent_ids"):
            return NOTHING
        chunk = event["data"].get("chunk")
        if isinstance(chunk, str | BaseMessage):
            bare = self.messages.voices.bare
            return NOTHING if self._model_speaks else self._said(chunk, bare)
        if isinstance(chunk, Mapping):
            return self._update(chunk)
        return NOTHING

    def _update(self, chunk: Mapping[str, Any]) -> Passages:
        """Of a graph's update: what no model said."""
        interrupts = chunk.get("__interrupt__")
        if interrupts is not None:
            return self.graph.read("updates", (), {"__interrupt__": interrupts})
        written = [part for part in chunk.values() if isinstance(part, Mapping)]
        answers = [part.get("structured_response") for part in written]
        return [
            Passage("data", name="structured_response", value=answer, whole=True)
            for answer in answers
            if answer is not None
        ]

    def _tool_starts(self, event: Event) -> Passages:
        return NOTHING  # the model said it already

    def _tool_ends(self, event: Event) -> Passages:
        output, lane = event["data"].get("output"), self._tools(event)
        if isinstance(output, ToolMessage):
            return self.messages.result(output, lane)
        if isinstance(output, str):
            return [
                self.messages.returned(lane, event["run_id"], output, event["name"])
            ]
        return NOTHING

    def _tool_fails(self, event: Event) -> Passages:
        text, name = str(event["data"].get("error") or ""), event.get("name") or ""
        lane = self._tools(event)
        return [self.messages.returned(lane, event["run_id"], text, name, failed=True)]

    def _custom(self, event: Event) -> Passages:
        data = event["data"]
        text = data if isinstance(data, str) else ""
        name = event.get("name") or ""
        return [Passage("progress", text, name=name, value=data)]


def _ns(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The path to a node of a graph, which the events tell only beside them."""
    path = str(metadata.get("langgraph_checkpoint_ns") or "").split("|")
    return tuple(path[:-1])
