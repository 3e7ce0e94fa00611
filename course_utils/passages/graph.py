"""What the parts of a graph's stream say, mode by mode.

Several modes tell the same thing twice: a message as it streams, then in the update of
its node, then in the state. What is said first counts.

    graph.read("updates", ns, {"model": {"messages": [...]}})
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.utils import convert_to_messages
from langchain_core.prompt_values import PromptValue

from course_utils.passages.content.messages import NOTHING, Messages, Passages
from course_utils.passages.content.voices import HOOK, Lane, source
from course_utils.passages.passage import Passage
from course_utils.passages.protocol import EVENTS, Protocol
from course_utils.passages.refusal import Unreadable

NS = tuple[str, ...]
REMOVE_ALL_MESSAGES = "__remove_all__"  # as langgraph.graph.message has it


class Graph:
    """Reads the parts of one graph's stream."""

    def __init__(self, messages: Messages, protocol: Protocol) -> None:
        self.messages = messages
        self.protocol = protocol
        self.with_messages = False  # then what states repeat is no news
        self._with_updates = False
        self._interrupted: set[str] = set()
        self._begun: set[NS] = set()
        self._told_data: list[Any] = []
        self._modes: dict[str, Callable[[NS, Any], Iterable[Passage]]] = {
            "messages": self._messages,
            "updates": self._updates,
            "values": self._values,
            "custom": self._custom,
            "tasks": self._task,
            "debug": self._debug,
            "checkpoints": self._checkpoint,
            "tools": self._tool,
            "lifecycle": lambda ns, data: NOTHING,
        }

    def read(self, mode: str, ns: NS, data: Any, interrupts: Any = ()) -> Passages:
        """One part; `asked` are the questions to a person that came beside it."""
        reader = self._modes.get(mode)
        if reader is None:  # a channel of one's own
            return self._custom(ns, data, mode.removeprefix("custom:"))
        found = reader(ns, data)
        if interrupts:
            return [*found, *self._interrupts(interrupts, ns)]
        return found if isinstance(found, list | tuple) else list(found)

    def _messages(self, ns: NS, data: Any) -> Passages:
        message, metadata = pair(data)
        self.with_messages = True
        if isinstance(message, Mapping):
            run = str(metadata.get("run_id", ""))
            lane = self.messages.voices.lane(ns, metadata, run)
            return self.protocol.read(message, lane)
        whole = not isinstance(message, AIMessageChunk)
        lane = self.messages.voices.lane(ns, metadata, whole=whole)
        return self.messages.read(message, lane)

    def _custom(self, ns: NS, data: Any, name: str = "") -> Passages:
        text = data if isinstance(data, str) else ""
        return (
            Passage("progress", text, source=source(ns, ""), name=name, value=data),
        )

    def _interrupts(self, interrupts: Any, ns: NS) -> Iterator[Passage]:
        """Questions to a person, each once; an empty one is a pause without a word."""
        for question in interrupts or ({"id": "", "value": None},):
            fields = question if isinstance(question, Mapping) else vars_of(question)
            key = str(fields.get("id") or "")
            if key not in self._interrupted:
                self._interrupted.add(key)
                value = fields.get("value")
                yield Passage("interrupt", "", "", source(ns, ""), "", key, value)

    # Updates and values: what a node wrote, and what the state is after it.

    def _updates(self, ns: NS, data: Any) -> Iterator[Passage]:
        if not isinstance(data, Mapping):
            raise Unreadable(data, "updates")
        self._with_updates = True
        for node, update in data.items():
            if node == "__interrupt__":
                yield from self._interrupts(update, ns)
            elif update is not None:
                yield from self._update(ns, str(node), update)

    def _update(self, ns: NS, node: str, update: Any) -> Iterator[Passage]:
        lane = self.messages.voices.node(ns, node)
        written = update if isinstance(update, list | tuple) else [update]
        if any(isinstance(part, BaseMessage) for part in written):
            written = [{"messages": written}]
        for part in written if all(map(_is_state, written)) else [update]:
            if not _is_state(part):
                yield self._state(lane, {node: part}, "updates")
                continue
            rest = fields_of(part)
            messages = as_messages(rest.pop("messages", ()))
            if any(message.id == REMOVE_ALL_MESSAGES for message in messages):
                self.messages.history(messages, lane)  # a shorter history, no answer
            yield from self._fresh(messages, lane, repeats=bool(HOOK.match(node)))
            yield from self._structured(rest, lane)
            if any(map(_says, rest.values())):
                yield self._state(lane, {node: rest}, "updates")

    def _values(self, ns: NS, data: Any) -> Iterator[Passage]:
        if not (_is_state(data) or is_data(data)):
            raise Unreadable(data, "values")
        lane = self.messages.voices.node(ns, "")
        rest = fields_of(data)
        messages = as_messages(rest.pop("messages", ()))
        if ns not in self._begun:
            self._begun.add(ns)
            if any(not _is_answer(message) for message in messages):
                self.messages.history(messages, lane)  # what was before this stream
        interrupts = rest.pop("__interrupt__", None)
        yield from self._fresh(messages, lane, repeats=self._with_updates)
        yield from self._structured(rest, lane)
        if any(map(_says, rest.values())):
            state = rest if messages or isinstance(data, Mapping) else data
            yield self._state(lane, state, "values")
        elif is_data(data) and not _is_state(data):
            yield self._state(lane, data, "values")
        if interrupts is not None:
            yield from self._interrupts(interrupts, ns)

    def _fresh(
        self, messages: Iterable[BaseMessage], lane: Lane, repeats: bool
    ) -> Iterator[Passage]:
        """The messages of a state that nobody has told: of an answer only if it can't
        have come otherwise."""
        for message in messages:
            repeated = repeats and bool(getattr(message, "tool_calls", None))
            if isinstance(message, ToolMessage) or not (self.with_messages or repeated):
                yield from self.messages.whole(message, lane)
            else:
                self.messages.history([message], lane)

    def _structured(self, rest: dict[str, Any], lane: Lane) -> Iterator[Passage]:
        answer = rest.pop("structured_response", None)
        if answer is not None and not any(_same(answer, d) for d in self._told_data):
            self._told_data.append(answer)
            yield Passage(
                "data",
                source=lane.source,
                name="structured_response",
                value=answer,
                whole=True,
                aside=lane.aside,
            )

    def _state(self, lane: Lane, value: Any, mode: str) -> Passage:
        return Passage("state", "", "", lane.source, mode, "", value)

    # Tasks, checkpoints and tools.

    def _task(self, ns: NS, task: Any) -> Iterator[Passage]:
        if not isinstance(task, Mapping) or "name" not in task:
            raise Unreadable(task, "tasks")
        lane = self.messages.voices.node(ns, str(task["name"]))
        result = task.get("result")
        if isinstance(result, Mapping) and not self._with_updates:
            messages = as_messages(result.get("messages", ()))
            hook = bool(HOOK.match(str(task["name"])))
            yield from self._fresh(messages, lane, repeats=hook)
            yield from self._structured(dict(result), lane)
        yield self._state(lane, task, "tasks")
        if interrupts := task.get("interrupts"):
            yield from self._interrupts(interrupts, ns)

    def _debug(self, ns: NS, data: Any) -> Iterator[Passage]:
        if not isinstance(data, Mapping) or "payload" not in data:
            raise Unreadable(data, "debug")
        read = self._checkpoint if data.get("type") == "checkpoint" else self._task
        yield from read(ns, data["payload"])

    def _checkpoint(self, ns: NS, data: Any) -> Iterator[Passage]:
        yield self._state(self.messages.voices.node(ns, ""), data, "checkpoints")

    def _tool(self, ns: NS, data: Any) -> Iterator[Passage]:
        if not isinstance(data, Mapping) or "tool_call_id" not in data:
            raise Unreadable(data, "tools")
        event, call_id = data.get("event"), str(data["tool_call_id"])
        lane = self.messages.voices.node(ns, "")
        calls = self.messages.calls
        if event == "tool-started" and not calls.knows(lane, call_id):
            voice = self.messages.voices.of(lane, None)
            name, given = data.get("tool_name") or "", data.get("input")
            yield self.messages.call(voice, call_id, name, given)
        elif event == "tool-output-delta":
            call, delta = calls.of_result(lane, call_id), data.get("delta")
            (progress,) = self._custom(ns, delta)
            yield progress._replace(call=call)
        elif event == "tool-finished":
            yield from self._finished(lane, call_id, data.get("output"))
        elif event == "tool-error":
            text = str(data.get("message") or "")
            if calls.is_news(lane, call_id, None):
                yield self.messages.returned(lane, call_id, text, failed=True)

    def _finished(self, lane: Lane, call_id: str, output: Any) -> Iterator[Passage]:
        if isinstance(output, ToolMessage):
            yield from self.messages.result(output, lane)
        elif isinstance(output, str) and self.messages.calls.is_news(
            lane, call_id, None
        ):
            yield self.messages.returned(lane, call_id, output)


def pair(data: Any) -> tuple[Any, Mapping[str, Any]]:
    """A message, or an event of one, with what LangGraph says of it."""
    if is_pair(data):
        return data[0], data[1]
    raise Unreadable(data, "messages")


def is_pair(data: Any) -> bool:
    """Whether this is a message with its metadata.

    >>> is_pair(("a", {})), is_pair(({"event": "message-start"}, {}))
    (False, True)
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        return False
    message, metadata = data
    event = isinstance(message, Mapping) and message.get("event") in EVENTS
    return isinstance(metadata, Mapping) and (event or isinstance(message, BaseMessage))


def as_messages(written: Any) -> list[BaseMessage]:
    """The messages that a node wrote, in whatever way it wrote them."""
    if isinstance(written, BaseMessage):
        return [written]
    if not isinstance(written, list | tuple):
        return []
    if all(isinstance(message, BaseMessage) for message in written):
        return list(written)
    try:
        return convert_to_messages(written)
    except (ValueError, NotImplementedError, TypeError):
        return [m for m in written if isinstance(m, BaseMessage)]


def is_message(thing: Any) -> bool:
    """A message, or a dictionary that says the same."""
    if isinstance(thing, Mapping):
        return "content" in thing and ("role" in thing or "type" in thing)
    return isinstance(thing, BaseMessage)


def fields_of(state: Any) -> dict[str, Any]:
    """A state as a dictionary: it may be one, or an object with attributes."""
    if isinstance(state, Mapping):
        return {str(key): value for key, value in state.items()}
    return vars_of(state) if _is_state(state) else {}


def vars_of(thing: Any) -> dict[str, Any]:
    """The attributes of an object, also of one with slots."""
    found = getattr(thing, "__dict__", None)
    if found is not None:
        return dict(found)
    slots = getattr(type(thing), "__slots__", ())
    return {name: getattr(thing, name, None) for name in slots}


def _is_state(state: Any) -> bool:
    """A dictionary, a Pydantic model or a dataclass."""
    fields = hasattr(type(state), "model_fields") or is_dataclass(state)
    return isinstance(state, Mapping) or (
        fields and not isinstance(state, BaseMessage | PromptValue | type)
    )


def is_data(item: Any) -> bool:
    """A value that a chain, a task or a graph may give."""
    plain = item is None or isinstance(item, str | bool | int | float | list)
    model = hasattr(type(item), "model_fields") or is_dataclass(item)
    return plain or (model and not isinstance(item, PromptValue | BaseMessage | type))


def _same(one: Any, other: Any) -> bool:
    try:
        return one is other or bool(one == other)
    except Exception:  # what a stranger's object thinks of comparing
        return False


def _says(value: Any) -> bool:
    """Whether there is anything in a field of a state."""
    empty = isinstance(value, Mapping | list | tuple | str) and not value
    return value is not None and not empty


def _is_answer(message: BaseMessage) -> bool:
    return message.type in ("ai", "tool", "AIMessageChunk")
