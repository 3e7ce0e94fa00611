"""What of a value a stranger may see: JSON for every browser, and nothing private."""

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel, SecretStr

from course_utils.serving.public_json import NOTHING, public_json

SECRET = HumanMessage("secret")


class City(BaseModel):
    name: str
    key: SecretStr = SecretStr("secret")
    asked: Any = SECRET


@dataclass
class Sea:
    depth: float
    asked: Any = field(default_factory=lambda: SECRET)


class Colour(Enum):
    BLUE = "blue"


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ODD = st.sampled_from([float("nan"), float("inf"), SECRET, object(), b"secret", {1, 2}])
KEYS = st.text(max_size=3) | st.integers() | st.tuples(st.text(max_size=2))
VALUES = st.recursive(
    PLAIN | st.floats() | ODD,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)


def strictly(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@given(VALUES, st.booleans())
def test_whatever_comes_the_rest_is_json_and_tells_no_secret(value: Any, state: bool):
    found = public_json(value, state=state)
    if found is not NOTHING:
        text = json.dumps(found, allow_nan=False)
        assert strictly(text) == found
        assert "secret" not in text and "object at" not in text


@given(st.dictionaries(st.text(max_size=3), PLAIN | st.lists(PLAIN), max_size=4))
def test_what_is_json_already_stays_as_it_is(value: dict[str, Any]):
    assert public_json(value) == value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (float("nan"), None),
        (Decimal("1.5"), "1.5"),
        (date(2026, 1, 2), "2026-01-02"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.BLUE, "blue"),
        (City(name="Rome"), {"name": "Rome"}),
        (Sea(2.5), {"depth": 2.5}),
        ({1: "a", ("b",): "c"}, {"1": "a"}),
        ([AIMessage("secret"), "open"], ["open"]),
        (SECRET, NOTHING),
        (object(), NOTHING),
    ],
)
def test_each_kind_of_value_has_its_form_or_none(value: Any, found: Any):
    assert public_json(value) == found


def test_a_state_keeps_its_conversation_and_its_settings_to_itself():
    config = {"configurable": {"thread_id": "secret"}}
    told = {"role": "user", "content": "secret"}
    state = {"joke": "Ha.", "messages": ["secret"], "config": config, "last": told}
    assert public_json(state, state=True) == {"joke": "Ha."}


def test_an_answer_may_use_the_same_words_for_something_else():
    answer = {"metadata": {"pages": 3}, "type": "book", "content": "A story."}
    assert public_json(answer) == answer


def test_what_stands_in_itself_or_too_deep_has_an_end():
    ring: dict[str, Any] = {"name": "ring"}
    ring["ring"] = ring
    assert public_json(ring) == {"name": "ring"}
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert json.dumps(public_json(deep)).count("[") == 50


def test_what_is_left_out_is_said_in_the_log(caplog):
    public_json({"tool": object()})
    assert "no JSON form: object" in caplog.text
