"""What of a value may be shown to a stranger, as JSON that every browser parses.

Plain values pass. Messages do not, and of a graph's state its settings do not: they
hold prompts, summaries and ids of threads. What has no JSON form is left out, which
the log says; a repr is never sent.

    public_json({"city": "Rome", "sea": float("nan")})  # {"city": "Rome", "sea": None}
"""

import dataclasses
import logging
import math
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any
from uuid import UUID

from langchain_core.messages import BaseMessage
from pydantic import BaseModel

log = logging.getLogger(__name__)

# What LangGraph keeps beside the data: the conversation, and where it is stored.
PRIVATE = frozenset(
    {
        *("messages", "llm_input_messages", "configurable", "config", "parent_config"),
        *("metadata", "thread_id", "checkpoint", "checkpoint_id", "checkpoint_ns"),
        *("checkpoint_map",),
    }
)
DEEPEST = 50
NOTHING = type("Nothing", (), {})()  # left out wherever it stands


def public_json(value: Any, *, state: bool = False) -> Any:
    """The value as JSON for a stranger, or `NOTHING`.

    Not a number becomes null, a set a list, a Pydantic object a dictionary. Messages,
    objects without a JSON form, keys that are no text or number, and what is nested
    more than 50 deep or in itself are left out.

    >>> public_json({"score": float("inf"), ("a", "b"): 1, 2: {"x"}})
    {'score': None, '2': ['x']}
    >>> public_json({"joke": "Ha.", "messages": ["secret"]}, state=True)
    {'joke': 'Ha.'}

    Args:
        value: What a stream gave.
        state: Whether it is a graph's state, whose settings and conversation stay here.
    """
    return _Sieve(PRIVATE if state else frozenset()).pass_on(value)


class _Sieve:
    def __init__(self, private: frozenset[str]) -> None:
        self._private = private
        self._inside: list[int] = []  # the containers that are being read

    def pass_on(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return self.pass_on(value.value)
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, Integral):
            return int(value)
        if isinstance(value, Real):
            return float(value) if math.isfinite(value) else None
        if isinstance(value, date | time):
            return value.isoformat()
        if isinstance(value, UUID | Decimal):
            return str(value)
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if id(value) in self._inside or len(self._inside) >= DEEPEST:
            return _left_out("value inside itself, or too deep")
        self._inside.append(id(value))
        try:
            return self._contents(value)
        finally:
            self._inside.pop()

    def _contents(self, value: Any) -> Any:
        if isinstance(value, BaseMessage):
            return NOTHING
        if isinstance(value, BaseModel):
            return self._object(value.__dict__)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._object(
                {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            )
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple | set | frozenset):
            return self._array(value)
        return _left_out(type(value).__name__)

    def _object(self, value: Mapping[Any, Any]) -> Any:
        if self._private and is_message(value):
            return NOTHING
        found = {}
        for key, inner in value.items():
            if isinstance(key, bool) or not isinstance(key, str | int):
                _left_out(f"key of type {type(key).__name__}")
            elif key not in self._private:
                found[str(key)] = self.pass_on(inner)
        return {key: inner for key, inner in found.items() if inner is not NOTHING}

    def _array(self, value: Iterable[Any]) -> list[Any]:
        found = [self.pass_on(inner) for inner in value]
        return [inner for inner in found if inner is not NOTHING]


def _left_out(what: str) -> Any:
    log.warning("Left out, as it has no JSON form: %s.", what)
    return NOTHING


def is_message(value: Mapping[Any, Any]) -> bool:
    """Whether this dictionary is a message of a conversation."""
    return "content" in value and ("role" in value or "type" in value)
