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
    open_calls: list[str] | None = None  # the calls that tool messages may answer here
    for number, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            if not open_calls:
                yield Fault(ORPHAN, f"messages.[{number}].role")
            elif message.tool_call_id not in open_calls:
                said = FOREIGN.format(message.tool_call_id) + "previous message."
                yield Fault(said, f"messages.[{number}].tool_call_id")
            continue
        open_calls = _ids(message)
        if missing := _unanswered(open_calls, messages[number + 1 :]):
            yield Fault(OPEN + ", ".join(missing), f"messages.[{number}].tool_calls")


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


def _of(items: Sequence[Any], kind: str) -> list[Any]:
    return [
        item.get("call_id")
        for item in items
        if isinstance(item, Mapping) and item.get("type") == kind
    ]
