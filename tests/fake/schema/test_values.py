"""Values that follow a JSON schema, or the reason why there is none."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from course_utils.fake.schema.parts import Unanswerable
from course_utils.fake.schema.patterns import text_for
from course_utils.fake.schema.values import FORMATS, fill, named_in
from course_utils.fake.server import FakeServer
from tests.support.callers import ASK, get

PROMPT = "Is 4 plus 500 'about nine' in New York?"
STRING = {"type": "string"}
NODE: dict[str, Any] = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
    "required": ["value"],
}
TREE = {
    "type": "object",
    "properties": {
        "name": STRING,
        "children": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["name", "children"],
    "additionalProperties": False,
}

ANSWERED: dict[str, Any] = {
    "anything": {},
    "a linked list": {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    "a list that may end in null": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}
                },
                "required": ["next"],
            }
        },
        "$ref": "#/$defs/node",
    },
    "a tree of itself": TREE,
    "two that need each other": {
        "$defs": {
            "a": {"properties": {"b": {"$ref": "#/$defs/b"}}, "required": ["b"]},
            "b": {
                "properties": {"as": {"type": "array", "items": {"$ref": "#/$defs/a"}}}
            },
        },
        "$ref": "#/$defs/a",
    },
    "a pattern": {"type": "string", "pattern": r"^[A-Z]{2}-\d{4}$"},
    "a pattern and a length": {"type": "string", "pattern": "^a*$", "minLength": 5},
    "a pattern of choices": {"type": "string", "pattern": r"^(red|green)(\s\w+)?$"},
    "a pattern that looks ahead": {"type": "string", "pattern": r"^(?=a)[^b-z]+$"},
    "a short text": {"type": "string", "maxLength": 3},
    "a long text": {"type": "string", "minLength": 900},
    "bounds": {"type": "integer", "minimum": 10, "maximum": 12},
    "open bounds": {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1.25},
    "negative": {"type": "integer", "maximum": -7},
    "steps": {"type": "integer", "multipleOf": 7, "minimum": 15},
    "half steps": {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 9.5},
    "a few items": {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    "no items": {"type": "array", "items": STRING, "maxItems": 0},
    "different items": {
        "type": "array",
        "items": {"type": "integer", "maximum": 5},
        "minItems": 3,
        "uniqueItems": True,
    },
    "different words": {
        "type": "array",
        "items": {"enum": ["a", "b", "c"]},
        "minItems": 3,
        "uniqueItems": True,
    },
    "a tuple": {
        "type": "array",
        "prefixItems": [STRING, {"type": "integer"}, {"type": "null"}],
        "minItems": 3,
        "maxItems": 3,
    },
    "a closed tuple": {"type": "array", "prefixItems": [STRING], "items": False},
    "a tuple as it was written before": {
        "type": "array",
        "items": [{"type": "integer"}, STRING],
        "additionalItems": False,
        "minItems": 2,
    },
    "something among others": {
        "type": "array",
        "items": {"type": ["string", "integer"]},
        "contains": {"type": "integer", "minimum": 100},
    },
    "all of several": {
        "allOf": [
            {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
            {"properties": {"b": {"minimum": 9}}},
        ]
    },
    "all of a reference": {
        "allOf": [{"$ref": "#/$defs/node"}],
        "$defs": {"node": NODE},
    },
    "any of several": {"anyOf": [{"type": "integer", "minimum": 7}, STRING]},
    "any with a common part": {
        "properties": {"kind": STRING},
        "required": ["kind"],
        "anyOf": [{"required": ["cat"]}, {"required": ["dog"]}],
    },
    "one of two that overlap": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "one of two kinds": {
        "oneOf": [
            {"properties": {"kind": {"const": "cat"}}, "required": ["kind"]},
            {"properties": {"kind": {"const": "dog"}}, "required": ["kind"]},
        ]
    },
    "an option that cannot be": {"anyOf": [False, {"enum": []}, {"const": 3}]},
    "a word of several": {"enum": ["plus", "minus"]},
    "a mixed enum": {"enum": [None, 3, "a", {"x": []}]},
    "an enum with a type": {"type": "integer", "enum": ["a", 3, 4.5]},
    "a constant": {"const": {"deep": [1, None]}},
    "a default that fits": {"type": "integer", "default": 8},
    "a default that does not": {"type": "integer", "minimum": 9, "default": 8},
    "several types": {"type": ["null", "boolean"]},
    "names by a pattern": {
        "type": "object",
        "patternProperties": {"^key": {"type": "integer"}},
        "minProperties": 2,
    },
    "a map": {"type": "object", "additionalProperties": STRING, "minProperties": 1},
    "needed and not described": {"type": "object", "required": ["a", "b"]},
    "few properties": {
        "properties": {"a": STRING, "b": STRING, "c": STRING},
        "required": ["c"],
        "maxProperties": 2,
    },
    "a reference into the middle": {
        "properties": {"a": {"items": {"type": "integer"}}, "b~/c": {"type": "null"}},
        "required": ["x", "y"],
        "additionalProperties": {"$ref": "#/properties/b~0~1c"},
    },
    "an if": {
        "properties": {"a": {"const": 1}},
        "required": ["a"],
        "if": {"properties": {"a": {"const": 1}}},
        "then": {"maxProperties": 1},
    },
    **{f"a {name}": {"type": "string", "format": name} for name in FORMATS},
    "a format nobody knows": {"type": "string", "format": "phone"},
}

REFUSED: dict[str, Any] = {
    "nothing": False,
    "an endless list": {
        "$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]}},
        "$ref": "#/$defs/a",
    },
    "itself": {"$ref": "#"},
    "endless in two ways": {
        "$defs": {
            "a": {
                "properties": {"l": {"$ref": "#/$defs/b"}, "r": {"$ref": "#/$defs/b"}},
                "required": ["l", "r"],
            },
            "b": {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]},
        },
        "$ref": "#/$defs/a",
    },
    "bounds that cross": {"type": "integer", "minimum": 4, "maximum": 3},
    "too few words": {
        "type": "array",
        "items": {"enum": [1, 2]},
        "minItems": 3,
        "uniqueItems": True,
    },
    "a type that is none": {"type": "word"},
    "a pattern that is none": {"type": "string", "pattern": "("},
    "a reference to nothing": {"$ref": "#/$defs/x"},
    "a reference to elsewhere": {"$ref": "https://example.com/schema"},
    "no schema": 3,
    "opposites": {"allOf": [{"type": "integer"}, {"type": "string"}]},
    "not what it is": {"type": "integer", "not": {"type": "integer"}},
}


@pytest.mark.parametrize("name", ANSWERED)
def test_a_value_follows_its_schema(name: str) -> None:
    schema = ANSWERED[name]
    value = fill(schema, PROMPT)
    checker = Draft202012Validator.FORMAT_CHECKER
    if not isinstance(schema.get("items"), list):
        Draft202012Validator(schema, format_checker=checker).validate(value)
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize("name", REFUSED)
def test_a_schema_without_a_value_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(Unanswerable, match=r"\w"):
        fill(REFUSED[name], PROMPT)


@pytest.mark.parametrize("name", [*ANSWERED, *REFUSED])
@pytest.mark.parametrize("place", ["response_format", "tools"])
def test_the_server_answers_validly_or_refuses(name: str, place: str) -> None:
    part = ANSWERED.get(name, REFUSED.get(name))
    schema = {"type": "object", "properties": {"x": part}, "required": ["x"]}
    if isinstance(part, dict) and "$defs" in part:
        schema["$defs"] = part["$defs"]
    body: dict[str, Any] = {"tools": [_tool(schema)]}
    if place == "response_format":
        body = {"response_format": _format(schema)}
    with FakeServer() as server:
        status, answer = get(server, ASK | body)
    if "itself" in name or "middle" in name:  # one level down they mean another part
        return
    assert status == (200 if name in ANSWERED else 400)
    if status == 200:
        value = _said(answer["choices"][0]["message"])
        if "as it was written before" not in name:
            Draft202012Validator(schema).validate(value)


def _tool(schema: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "t", "parameters": schema}}


def _format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}


def _said(message: dict[str, Any]) -> Any:
    if message.get("tool_calls"):
        return json.loads(message["tool_calls"][0]["function"]["arguments"])
    return json.loads(message["content"])


numbers = st.integers(-20, 20)
leaves = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": numbers,
            "maximum": numbers,
            "exclusiveMinimum": numbers,
            "multipleOf": st.integers(1, 9),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": st.integers(0, 30),
            "maxLength": st.integers(0, 30),
            "format": st.sampled_from(sorted(FORMATS)),
            "pattern": st.sampled_from(["^a+$", r"\d{3}", "^[^x]*$", "b|c", "^.{4}$"]),
        },
    ),
    st.fixed_dictionaries(
        {"enum": st.lists(numbers | st.text(max_size=3), min_size=1)}
    ),
    st.sampled_from([{}, True, {"type": "null"}, {"type": ["boolean", "null"]}]),
    st.just({"$ref": "#"}),
)


def nested(inner: Any) -> Any:
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "prefixItems": some,
                "minItems": st.integers(0, 4),
                "maxItems": st.integers(0, 4),
                "uniqueItems": st.booleans(),
                "contains": inner,
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(st.sampled_from("abc"), inner),
                "required": st.lists(st.sampled_from("abcd"), unique=True),
                "additionalProperties": inner | st.booleans(),
                "minProperties": st.integers(0, 4),
                "maxProperties": st.integers(0, 4),
            },
        ),
        st.builds(lambda key, parts: {key: parts}, st.sampled_from(_SEVERAL), some),
        st.builds(lambda one, other: _with(one, {"anyOf": other}), inner, some),
    )


_SEVERAL = ["anyOf", "oneOf", "allOf"]


def _with(schema: Any, more: dict[str, Any]) -> Any:
    return schema | more if isinstance(schema, dict) else more


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(schema=st.recursive(leaves, nested, max_leaves=8), prompt=st.text(max_size=20))
def test_any_schema_is_followed_or_refused(schema: Any, prompt: str) -> None:
    try:
        value = fill(schema, prompt)
    except Unanswerable:
        return
    Draft202012Validator(schema).validate(value)


@pytest.mark.parametrize(
    "pattern",
    [r"\w+@\w+\.com", "[^abc]", "(a)(b)\\1", "x{3,5}?", "(?i:abc)", r"[\d\s]+", "a|"],
)
def test_a_text_is_made_from_its_pattern(pattern: str) -> None:
    import re

    assert re.search(pattern, text_for(pattern))


@pytest.mark.parametrize("pattern", ["(", "a{99999}"])
def test_a_pattern_that_is_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="No text was made"):
        text_for(pattern)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Weather in SF?", "SF"),
        ("Is it warm in São Paulo today?", "São Paulo"),
        ("Shall I go?", ""),
        ("what now?", ""),
    ],
)
def test_a_name_is_found_in_a_prompt(prompt: str, name: str) -> None:
    assert named_in(prompt) == name
