"""Which form of a stream an item is of: LangChain has a dozen, and few say their name.

mode_of(((), "messages", (chunk, metadata)))      # "messages", (), (chunk, ...)
"""

from collections.abc import Mapping
from typing import Any

from course_utils.passages.frame import MODES, Asked
from course_utils.passages.graph import is_data, is_message, is_pair
from course_utils.passages.refusal import Unreadable

Item = Mapping[str, Any]
Moded = tuple[str, tuple[str, ...], Any]  # mode, namespace, what it tells


def is_part(item: Item) -> bool:
    """A part of a graph's stream with `version="v2"`.

    >>> is_part({"type": "values", "ns": (), "data": {}})
    True
    """
    if not ("type" in item and "data" in item and _is_ns(item.get("ns"))):
        return False
    if item["type"] not in MODES:
        raise Unreadable(item, f"a part of type {item['type']!r}")
    return True


def is_raw(item: Item) -> bool:
    """An event of a graph's v3 run."""
    params = item.get("params")
    if item.get("type") != "event" or not isinstance(item.get("method"), str):
        return False
    return isinstance(params, Mapping) and "namespace" in params and "data" in params


def is_event(item: Item) -> bool:
    """An event of `astream_events(version="v2")`."""
    name = item.get("event")
    named = isinstance(name, str) and name.startswith("on_")
    return named and "run_id" in item and isinstance(item.get("data"), Mapping)


def parts_of(item: Any, modes_of: Asked) -> Moded:
    """The mode, the namespace and the rest of a v1 item whose form is known."""
    try:
        if modes_of.subgraphs and modes_of.listed:
            ns, mode, data = item
            return mode, ns, data
        if modes_of.subgraphs:
            ns, data = item
            return modes_of.modes[0], ns, data
        if modes_of.listed:
            mode, data = item
            return mode, (), data
    except (TypeError, ValueError):
        raise Unreadable(item) from None
    return modes_of.modes[0], (), item


def mode_of(item: tuple[Any, ...]) -> Moded:
    """The mode, the namespace and the rest of a tuple, as its shape shows it."""
    if is_pair(item):
        return "messages", (), item
    if len(item) == 3 and _is_ns(item[0]) and _is_mode(item[1], item[2]):
        return item[1], item[0], item[2]
    if len(item) == 2 and _is_mode(*item):
        return item[0], (), item[1]
    if len(item) == 2 and _is_ns(item[0]):
        ns, data = item
        if is_pair(data):
            return "messages", ns, data
        if isinstance(data, Mapping):
            return guess(data) or "custom", ns, data
        if data is not None and is_data(data):
            return "custom", ns, data
    raise Unreadable(item)


def guess(item: Item) -> str:
    """The mode that a dictionary of a graph is of, by its keys; empty if it is none."""
    keys = item.keys()
    if "__interrupt__" in keys:
        return "values" if "messages" in keys else "updates"
    for mode, wanted in KEYS:
        if keys >= wanted:
            return mode
    messages = item.get("messages")
    if isinstance(messages, list) and any(map(is_message, messages)):
        return "values"
    return "updates" if item and all(map(_is_update, item.values())) else ""


KEYS = (
    ("tasks", {"id", "name", "input", "triggers"}),
    ("tasks", {"id", "name", "result", "interrupts"}),
    ("debug", {"step", "timestamp", "type", "payload"}),
    ("checkpoints", {"config", "metadata", "values", "next", "tasks"}),
    ("tools", {"event", "tool_call_id"}),
)


def _is_ns(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(part, str) for part in value)


def _is_mode(mode: Any, data: Any) -> bool:
    known = isinstance(mode, str) and mode in MODES
    return known and (mode != "messages" or is_pair(data))


def _is_update(value: Any) -> bool:
    if value is None or isinstance(value, Mapping):
        return True
    many = isinstance(value, list | tuple) and bool(value)
    return many and all(isinstance(part, Mapping) for part in value)
