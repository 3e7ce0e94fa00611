"""What OpenAI demands of a conversation with tools: every call gets its result.

An interrupted agent leaves a call without a result; sent back as it is, the history is
refused. The server refuses it too, and the fake model when it is strict.

    fault_in(messages)      # None, or what is wrong and where
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

OPEN = (
    "An assistant message with 'tool_calls' must be followed by tool messages "
    "responding to each 'tool_call_id'. The following tool_call_ids did not have "
    "response messages: "
)
ORPHAN = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
    "message with 'tool_calls'."  # the spelling is OpenAI's
)
FOREIGN = "Invalid parameter: 'tool_call_id' of '{}' not found in 'tool_calls' of "
TWICE = (
    "Invalid parameter: Duplicate value for 'tool_call_id' of '{}', in messages[{}] "
    "and messages[{}]."
)


class Fault(NamedTuple):
    """What is wrong with a conversation, in OpenAI's words, and where."""

    message: str
    param: str


def fault_in(messages: Sequence[BaseMessage]) -> Fault | None:
    """The first breach of OpenAI's rules about tool calls and their results, if any.

    >>> from langchain_core.messages import HumanMessage
    >>> fault_in([HumanMessage("Hi"), ToolMessage("4", tool_call_id="call_1")]).param
    'messages.[1].role'
    """
    return next(_faults(messages), None)


def _faults(messages: Sequence[BaseMessage]) -> Iterator[Fault]:
    open_calls: list[str] = []  # the calls that tool messages may answer here
    answered: dict[str, int] = {}  # ... and where they were answered
    for number, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            yield from _faults_of(message, number, open_calls, answered)
            answered[message.tool_call_id] = number
            continue
        open_calls, answered = _ids(message), {}
        if missing := _unanswered(open_calls, messages[number + 1 :]):
            yield Fault(OPEN + ", ".join(missing), f"messages.[{number}].tool_calls")


def _faults_of(
    result: ToolMessage, number: int, calls: list[str], answered: dict[str, int]
) -> Iterator[Fault]:
    call, place = result.tool_call_id, f"messages.[{number}].tool_call_id"
    if not calls:
        yield Fault(ORPHAN, f"messages.[{number}].role")
    elif call not in calls:
        yield Fault(FOREIGN.format(call) + "previous message.", place)
    elif call in answered:
        yield Fault(TWICE.format(call, answered[call], number), place)


def _ids(message: BaseMessage) -> list[str]:
    if not isinstance(message, AIMessage):
        return []
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    return [call["id"] or "" for call in calls]


def _unanswered(calls: list[str], later: Sequence[BaseMessage]) -> list[str]:
    """The calls that the tool messages right after them do not answer."""
    if not calls:
        return []
    results = takewhile(lambda message: isinstance(message, ToolMessage), later)
    answered = {r.tool_call_id for r in results if isinstance(r, ToolMessage)}
    return [call for call in calls if call not in answered]


def fault_in_items(items: Sequence[Any]) -> Fault | None:
    """The same rules for the Responses API, where a result may come any time later.

    >>> fault_in_items([{"type": "function_call", "call_id": "call_1"}]).message
    'No tool output found for function call call_1.'
    """
    if again := _first_twice(items):
        return Fault(
            f"Duplicate item found with id {again}. Remove duplicate items from your "
            "input and try again.",
            "input",
        )
    calls, results = _of(items, "function_call"), _of(items, "function_call_output")
    for call in calls:
        if call not in results:
            return Fault(f"No tool output found for function call {call}.", "input")
    for result in results:
        if result not in calls:
            return Fault(
                f"No tool call found for function call output with call_id {result}.",
                "input",
            )
    return None


def _first_twice(items: Sequence[Any]) -> str | None:
    """The id that two items have, one that refers to another left aside."""
    seen: set[Any] = set()
    for item in items:
        name = item.get("id") if isinstance(item, Mapping) else None
        if isinstance(name, str) and item.get("type") != "item_reference":
            if name in seen:
                return name
            seen.add(name)
    return None


def _of(items: Sequence[Any], kind: str) -> list[Any]:
    return [
        item.get("call_id")
        for item in items
        if isinstance(item, Mapping) and item.get("type") == kind
    ]
