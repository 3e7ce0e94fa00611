"""A conversation as either API writes it, read into LangChain's messages.

It takes what OpenAI takes, half a tool call in the history too, and refuses the rest
with the place and OpenAI's words.

    messages_from([{"role": "user", "content": "Hi"}])
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from course_utils.fake.history import Fault, fault_in, fault_in_items
from course_utils.fake.server.rules import invalid, missing, unknown, wrong_type

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
PARTS = ("text", "image_url", "input_audio", "refusal", "audio", "file")
CLASSES: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "developer": SystemMessage,
    "user": HumanMessage,
    "function": FunctionMessage,
    "tool": ToolMessage,
}
# What an assistant may say instead of a content.
INSTEAD = ("tool_calls", "function_call", "refusal", "audio")


def messages_from(messages: Any) -> list[BaseMessage]:
    """LangChain's messages from those of a chat completion.

    Raises:
        Refused: A message is none, or a tool call and its result do not match.
    """
    _check_list(messages, "messages")
    found = [_message(said, f"messages[{n}]") for n, said in enumerate(messages)]
    _refuse(fault_in(found))
    return found


def items_from(given: Any, earlier: Sequence[Any] = ()) -> list[Any]:
    """The items of a response's input, after those of an earlier conversation.

    Raises:
        Refused: A tool call and its result do not match.
    """
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    _check_list(given, "input")
    items = [*earlier, *given]
    _refuse(fault_in_items(items))
    return items


def messages_from_items(
    items: Sequence[Any], instructions: str | None
) -> list[BaseMessage]:
    """LangChain's messages from the items of a response; what is none is left out."""
    found: list[BaseMessage] = []
    if instructions:
        found.append(SystemMessage(instructions))
    for number, item in enumerate(items):
        _add_item(found, item, f"input[{number}]")
    return found


def _check_list(messages: Any, name: str) -> None:
    if not isinstance(messages, list):
        raise wrong_type(name, "an array of objects", messages)
    if not messages:
        said = f"Invalid '{name}': empty array. Expected at least one message."
        raise invalid(said, name, "empty_array")


def _refuse(fault: Fault | None) -> None:
    if fault is not None:
        raise invalid(*fault)


def _message(said: Any, place: str) -> BaseMessage:
    if not isinstance(said, Mapping):
        raise wrong_type(place, "an object", said)
    if "role" not in said:
        raise missing(f"{place}.role")
    if said["role"] not in ROLES:
        raise unknown(said["role"], ROLES, f"{place}.role")
    if said["role"] == "assistant":
        return _assistant(said, place)
    more: dict[str, Any] = {"name": said["name"]} if said.get("name") else {}
    if said["role"] == "tool":
        more["tool_call_id"] = _text(said, "tool_call_id", place)
    content = _content(said, place)
    return CLASSES[said["role"]](content=content, **more)


def _assistant(said: Mapping[str, Any], place: str) -> AIMessage:
    content: Any = ""
    if said.get("content") is not None:
        content = _content(said, place)
    elif not any(said.get(field) for field in INSTEAD):
        word = "Invalid value for 'content': expected a string, got null."
        raise invalid(word, f"{place}.content")
    return AIMessage(content=content, **_calls(said, place))


def _content(said: Mapping[str, Any], place: str) -> Any:
    place = f"{place}.content"
    content = said.get("content")
    if "content" not in said:
        raise missing(place)
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong_type(place, "one of a string or array of objects", content)
    return [_part(part, f"{place}[{n}]") for n, part in enumerate(content)]


def _part(part: Any, place: str) -> Any:
    if not isinstance(part, Mapping):
        raise wrong_type(place, "an object", part)
    if "type" not in part:
        raise missing(f"{place}.type")
    if part["type"] not in PARTS:
        raise unknown(part["type"], PARTS, f"{place}.type")
    if part["type"] == "text":
        _text(part, "text", place)
    return dict(part)


def _text(said: Mapping[str, Any], field: str, place: str) -> str:
    """The text in a field that must be there."""
    if field not in said:
        raise missing(f"{place}.{field}")
    if not isinstance(said[field], str):
        raise wrong_type(f"{place}.{field}", "a string", said[field])
    return str(said[field])


def _calls(said: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Tool calls as LangChain keeps them: arguments that are not JSON are invalid."""
    place = f"{place}.tool_calls"
    calls = said.get("tool_calls")
    if calls is None:
        return {}
    if not isinstance(calls, list):
        raise wrong_type(place, "an array of objects", calls)
    if not calls:
        word = "empty array. Expected an array with minimum length 1"
        said_so = f"Invalid '{place}': {word}, but got an empty array instead."
        raise invalid(said_so, place, "empty_array")
    return _sorted([_call(call, f"{place}[{n}]") for n, call in enumerate(calls)])


def _call(call: Any, place: str) -> dict[str, Any]:
    if not isinstance(call, Mapping):
        raise wrong_type(place, "an object", call)
    named = {"id": _text(call, "id", place), "type": call.get("type", "function")}
    if named["type"] != "function":
        return named | {"name": named["type"], "args": "{}"}
    function, place = call.get("function"), f"{place}.function"
    if not isinstance(function, Mapping):
        raise missing(place)
    args = _text(function, "arguments", place)
    return named | {"name": _text(function, "name", place), "args": args}


def _sorted(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    for call in calls:
        named = {"name": call["name"], "id": call["id"]}
        try:
            parsed = json.loads(call["args"])
        except (ValueError, RecursionError) as error:
            parsed, why = None, str(error)
        else:
            why = "The arguments are no JSON object."
        if isinstance(parsed, dict):
            good.append(named | {"args": parsed})
        else:
            bad.append(named | {"args": call["args"], "error": why})
    return {"tool_calls": good, "invalid_tool_calls": bad}


# The Responses API.


def _add_item(found: list[BaseMessage], item: Any, place: str) -> None:
    if not isinstance(item, Mapping):
        raise wrong_type(place, "an object", item)
    kind = item.get("type", "message")
    if kind == "message":
        found.append(_message(_as_chat(item), place))
    if kind == "function_call":
        _add_call(found, item, place)
    if kind == "function_call_output":
        call = _text(item, "call_id", place)
        content = _plain(item.get("output", ""))
        found.append(ToolMessage(content=content, tool_call_id=call))


def _as_chat(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "content": _plain(item.get("content"))}


def _plain(content: Any) -> Any:
    """A content in the parts of a chat completion."""
    if not isinstance(content, list):
        return content
    return [_plain_part(part) for part in content]


def _plain_part(part: Any) -> Any:
    if isinstance(part, Mapping) and "text" in part:
        return {"type": "text", "text": part["text"]}
    if isinstance(part, Mapping) and part.get("type") == "input_image":
        return {"type": "image_url", "image_url": {"url": part.get("image_url")}}
    if isinstance(part, Mapping) and part.get("type") == "input_file":
        return {**part, "type": "file"}
    return part


def _add_call(found: list[BaseMessage], item: Mapping[str, Any], place: str) -> None:
    """Calls that follow each other belong to one message, as the model made them."""
    call = {"id": _text(item, "call_id", place), "name": _text(item, "name", place)}
    parts = _sorted([call | {"args": _text(item, "arguments", place)}])
    last = found[-1] if found else None
    if not isinstance(last, AIMessage):
        found.append(AIMessage(content="", **parts))
        return
    more = {field: [*getattr(last, field), *calls] for field, calls in parts.items()}
    found[-1] = last.model_copy(update=more)
