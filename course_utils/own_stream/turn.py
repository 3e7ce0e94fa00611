"""What a run said before it was stopped, as a history to go on with.

A Stop loses the partial answer and may leave a tool call without its result, which a
provider refuses. A `Turn` listens, and gives back messages that any model takes.

    with own_stream(agent.stream(question, config)) as items:
        for item in turn.watch(items): ...
    turn.keep(agent, config)      # or: history += turn.messages
"""

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from langchain_core.messages import AIMessage, BaseMessage, RemoveMessage, ToolMessage
from langchain_core.utils.json import parse_partial_json

from course_utils.passages import Passage, Reader
from course_utils.settings import settings
from course_utils.streams import aclose, check_stream, close

T = TypeVar("T")

STOPPED = "Stopped before its result came: it may have taken effect or not."
REMOVE_ALL_MESSAGES = "__remove_all__"  # as langgraph.graph.message has it
START, END = "__start__", "__end__"  # as langgraph.constants has them


@settings()
def close_calls(
    messages: Sequence[BaseMessage], results: Iterable[ToolMessage] = ()
) -> list[BaseMessage]:
    """These messages with a result right after each tool call, as providers demand.

    A call that has none gets one that says it was stopped, with `status="error"`; a
    result that stands too late moves to its call, and one without a call is left out.

    >>> call = {"name": "pay", "args": {}, "id": "call_1"}
    >>> close_calls([AIMessage("", tool_calls=[call])])[1].text
    'Stopped before its result came: it may have taken effect or not.'

    Args:
        messages: A history, in order. It is not changed.
        results: Results known from elsewhere, for calls that have none here.
    """
    known = {result.tool_call_id: result for result in results}
    closed: list[BaseMessage] = []
    for number, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            continue
        closed.append(message)
        if calls := calls_of(message):
            came = _results_of(calls, messages[number + 1 :])
            closed += came.values()
            closed += [
                known.get(key) or _stopped(key, calls[key])
                for key in calls
                if key not in came
            ]
    return closed


def calls_of(message: BaseMessage) -> dict[str, str]:
    """The ids of the tool calls in a message, each with the tool's name."""
    calls = [
        *getattr(message, "tool_calls", ()),
        *getattr(message, "invalid_tool_calls", ()),
    ]
    return {call["id"] or "": call["name"] or "" for call in calls}


def _results_of(
    calls: dict[str, str], later: Iterable[BaseMessage]
) -> dict[str, ToolMessage]:
    """The first result of each call, before another message uses its id anew."""
    wanted, found = set(calls), dict[str, ToolMessage]()
    for message in later:
        wanted -= calls_of(message).keys()
        if isinstance(message, ToolMessage) and message.tool_call_id in wanted:
            found.setdefault(message.tool_call_id, message)
    return found


def _stopped(call_id: str, name: str) -> ToolMessage:
    return ToolMessage(STOPPED, tool_call_id=call_id, name=name or None, status="error")


@dataclass
class _Said:
    """One message of the answer, as far as it came."""

    key: str
    text: str = ""
    incomplete: str | None = "stopped"  # why, as long as it has no good end
    calls: dict[str, list[str]] = field(default_factory=dict)  # names and arguments

    def hear(self, passage: Passage) -> None:
        """Note a passage of this message."""
        if passage.kind == "finish":
            self.incomplete = passage.value.incomplete
            return
        self.incomplete = None if passage.whole else "stopped"
        if passage.kind == "text":
            self.text += passage.text
        elif not passage.invalid:
            call = self.calls.setdefault(_id(passage.call), ["", ""])
            call[0] += passage.name
            call[1] += passage.text

    def message(self, answered: Iterable[str]) -> AIMessage:
        """Its text, and those of its calls that may have run."""
        sent = self.incomplete != "stopped"
        calls = [
            {"name": name, "args": args, "id": key}
            for key, (name, text) in self.calls.items()
            if (args := _arguments(text, sent or key in answered)) is not None
        ]
        return AIMessage(
            self.text,
            id=self.key or None,
            tool_calls=calls,
            response_metadata={"incomplete": why} if (why := self.incomplete) else {},
        )


def _arguments(text: str, sent: bool) -> dict[str, Any] | None:
    """Arguments as LangChain reads them; None for half a call, which nobody ran."""
    try:
        found = parse_partial_json(text or "{}") if sent else json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@settings()
class Turn:
    """Listens to one run, in whatever form it streams, and keeps what it said.

    Read the run through `watch`; leave it as you like, best with `own_stream`. Then
    take its `messages`, or let it `keep` them where the graph has a checkpointer. What
    was thought aloud is no part of them, nor what a sub-agent said to its caller.

    >>> turn = Turn()
    >>> for text in turn.watch(iter(["It is", " sun", "ny."])):
    ...     if text == " sun":
    ...         break
    >>> turn.messages[0].text
    'It is sun'
    """

    def __init__(self) -> None:
        self._reader = Reader(name="Turn.watch")
        self._said: dict[str, _Said] = {}
        self._results: dict[str, ToolMessage] = {}

    def __repr__(self) -> str:
        count = len(self._said)
        return f"Turn({count} message{'' if count == 1 else 's'})"

    @overload
    def watch(self, stream: AsyncIterable[T]) -> AsyncIterator[T]: ...
    @overload
    def watch(self, stream: Iterable[T]) -> Iterator[T]: ...
    def watch(self, stream: Any) -> Any:
        """Pass a stream through, sync or async; closing the result closes it.

        Raises:
            TypeError: `stream` is no stream, or gave an item that nobody can read.
            ValueError: It is a graph's, with a `stream_mode` that there is not.
        """
        check_stream("Turn.watch", stream)
        self._reader = Reader(stream, "Turn.watch")
        if hasattr(stream, "__aiter__"):
            return self._awatch(stream)
        return self._watch(stream)

    def _watch(self, stream: Iterable[T]) -> Iterator[T]:
        items = iter(stream)
        try:
            for item in items:
                self.add(item)
                yield item
            self._end()
        finally:
            close(items, stream)

    async def _awatch(self, stream: AsyncIterable[T]) -> AsyncIterator[T]:
        items = aiter(stream)
        try:
            async for item in items:
                self.add(item)
                yield item
            self._end()
        finally:
            await aclose(items, stream)

    def _end(self) -> None:
        """Nobody stopped it. The text of a chain, without a message, is whole then."""
        for said in self._said.values():
            if said.incomplete == "stopped":
                said.incomplete = "no finish reason" if said.key else None

    def add(self, item: Any) -> None:
        """Note what one item of the stream says."""
        for passage in self._reader.read(item):
            if not passage.aside:
                self._note(passage)

    def _note(self, passage: Passage) -> None:
        kind, key = passage.kind, passage.message
        if kind == "restart":
            self._said.pop(key, None)
        elif kind == "tool_result":
            self._results[_id(passage.call)] = ToolMessage(
                passage.text,
                tool_call_id=_id(passage.call),
                name=passage.name or None,
                status=passage.value or "success",
            )
        elif kind in ("text", "tool_call", "finish"):
            self._said.setdefault(key, _Said(_id(key))).hear(passage)

    @property
    def messages(self) -> list[BaseMessage]:
        """What was said, to put after the question: the partial answer, calls closed.

        A message that is not whole says why in `response_metadata["incomplete"]`:
        `stopped`, `no finish reason`, or in the words of its provider.
        """
        return close_calls(self._answers(), self._results.values())

    def _answers(self) -> list[AIMessage]:
        all_said = (said.message(self._results) for said in self._said.values())
        return [answer for answer in all_said if answer.text or answer.tool_calls]

    def keep(self, graph: Any, config: Any) -> list[BaseMessage]:
        """Write what the Stop lost into the graph's thread; returns its messages.

        Then ask anew with `graph.stream(question, config)`, or let it go on with
        `graph.stream(None, config)`, which begins at the graph's first node. A question
        to a person that nobody answered is closed. The state must have `messages` with
        LangGraph's `add_messages`, as agents do. Leave the stream before.

        Raises:
            ValueError: The graph has no checkpointer.
        """
        _check(graph)
        whole, left = self._mended(graph.get_state(config))
        graph.update_state(config, _written(whole), as_node=START)
        if not left:
            graph.update_state(config, None, as_node=END)
        return whole

    async def akeep(self, graph: Any, config: Any) -> list[BaseMessage]:
        """The same with an async checkpointer."""
        _check(graph)
        whole, left = self._mended(await graph.aget_state(config))
        await graph.aupdate_state(config, _written(whole), as_node=START)
        if not left:
            await graph.aupdate_state(config, None, as_node=END)
        return whole

    def _mended(self, state: Any) -> tuple[list[BaseMessage], bool]:
        """The thread's whole history, and whether the run has anything left to say."""
        stored = list(state.values.get("messages", ()))
        fresh = [answer for answer in self._answers() if not _stands_in(stored, answer)]
        whole = close_calls([*stored, *fresh], self._results.values())
        last = whole[-1] if whole else None
        metadata = getattr(last, "response_metadata", {})
        done = isinstance(last, AIMessage) and "incomplete" not in metadata
        return whole, not done


def _id(key: str) -> str:
    """The provider's id in a key of `passages`, which may number it."""
    return key.partition("#")[0]


def _stands_in(stored: Sequence[BaseMessage], answer: AIMessage) -> bool:
    """Whether the graph has this answer, perhaps with an id of its own."""
    for message in reversed(stored):
        if message.type == "human":
            return False
        if isinstance(message, AIMessage):
            same = message.text == answer.text
            if message.id == answer.id or (same and _alike(message, answer)):
                return True
    return False


def _alike(one: AIMessage, other: AIMessage) -> bool:
    return calls_of(one) == calls_of(other)


def _written(whole: Sequence[BaseMessage]) -> dict[str, Any]:
    """All messages anew: `get_state` shows some that the next input would drop."""
    return {"messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), *whole]}


def _check(graph: Any) -> None:
    if not getattr(graph, "checkpointer", None):
        raise ValueError(
            "keep() needs a graph with a checkpointer, got one without: put "
            "`turn.messages` after the question in the history that you keep."
        )
