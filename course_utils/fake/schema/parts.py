"""What a JSON schema says, part by part: types, bounds, and several schemas as one.

merged([{"type": "integer"}, {"minimum": 3}])
"""

import re
from collections.abc import Mapping, Sequence
from math import ceil, floor, inf
from typing import Any

Schema = Mapping[str, Any]

DEEPEST = 60

# Which keywords tell the type of a schema that does not say it.
TELLING = {
    "object": ("properties", "required", "additionalProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "contains"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "multipleOf"),
}


class Unanswerable(ValueError):
    """A schema that no value was found for, or that is no schema."""


def check_references(root: Any) -> None:
    """See that a schema stays within itself and does not go round in circles.

    Raises:
        Unanswerable: It points elsewhere, is no schema, is too deep, or one part means
            itself without ever looking at a part of the value.
    """
    if not isinstance(root, Mapping | bool):
        raise Unanswerable(f"{root!r} is not of type 'object', 'boolean'")
    todo: list[tuple[Any, int]] = [(root, 0)]
    whole: set[int] = set()
    while todo:
        part, depth = todo.pop()
        if depth > DEEPEST:
            raise Unanswerable("it is nested too deep")
        if isinstance(part, Mapping):
            _check_circles(root, part, (), whole)
            todo += [(inner, depth + 1) for inner in part.values()]
        if isinstance(part, list):
            todo += [(inner, depth + 1) for inner in part]


def _check_circles(
    root: Any, part: Any, path: tuple[int, ...], whole: set[int]
) -> None:
    """Follow all that is said about one and the same value."""
    if id(part) in path or len(path) > DEEPEST:
        raise Unanswerable("it means itself, and so goes round in circles")
    if isinstance(part, Mapping) and id(part) not in whole:
        for other in _same_value(root, part):
            _check_circles(root, other, (*path, id(part)), whole)
        whole.add(id(part))


def _same_value(root: Any, part: Schema) -> list[Any]:
    several = [part[key] for key in ("allOf", "anyOf", "oneOf") if key in part]
    found = [one for some in several if isinstance(some, list) for one in some]
    found += [part[key] for key in ("not", "if", "then", "else") if key in part]
    place = part.get("$ref")
    return [*found, referred(root, place)] if isinstance(place, str) else found


def referred(root: Any, place: str) -> Any:
    """The part of a schema that a reference means.

    >>> referred({"$defs": {"a": {"type": "null"}}}, "#/$defs/a")
    {'type': 'null'}
    """
    if not place.startswith("#"):
        raise Unanswerable(f"{place!r} is not a reference within the schema")
    found = root
    try:
        for part in place.lstrip("#").split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
    except (KeyError, IndexError, TypeError, ValueError):
        raise Unanswerable(f"{place!r} leads nowhere") from None
    return found


def types_of(schema: Schema) -> Sequence[str]:
    """The types a value may have, the emptiest last."""
    if "type" in schema:
        kinds = schema["type"]
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        return sorted(kinds, key=lambda kind: kind == "null")
    implied = (
        kind for kind, words in TELLING.items() if any(w in schema for w in words)
    )
    return [next(implied, "string")]


def cost(option: Any) -> int:
    """How likely an option leads on and on."""
    if not isinstance(option, Mapping) or "$ref" in option:
        return 3
    costs = {"null": 0, "object": 2, "array": 2}
    return costs.get(str(option.get("type")), 1)


def without(schema: Schema, keyword: str) -> dict[str, Any]:
    """The rest of a schema, beside one keyword."""
    return {key: part for key, part in schema.items() if key != keyword}


def part_for(schema: Schema, key: str) -> Any:
    """The schema of the value under a key."""
    found = (schema.get("properties") or {}).get(key)
    for pattern, part in (schema.get("patternProperties") or {}).items():
        if found is None and re.search(pattern, key):
            found = part
    return schema.get("additionalProperties", {}) if found is None else found


def tuple_of(schema: Schema) -> tuple[list[Any], Any]:
    """The schemas of the first items, and that of all others."""
    items = schema.get("items", {})
    if isinstance(items, list):  # as drafts before 2020 write a tuple
        return items, schema.get("additionalItems", {})
    return list(schema.get("prefixItems") or ()), items


def in_range(schema: Schema, wanted: float, step: float) -> float:
    """The number nearest to the wanted one that the schema allows."""
    low, high = schema.get("minimum", -inf), schema.get("maximum", inf)
    above = schema.get("exclusiveMinimum", -inf)
    below = schema.get("exclusiveMaximum", inf)
    needs_step = "multipleOf" in schema or schema.get("whole")
    if not needs_step and max(low, above) < wanted < min(high, below):
        return wanted
    if not needs_step:
        step = _small(max(low, above), min(high, below), step)
    lowest = ceil(low / step) if low > -inf else -inf
    if above > -inf:
        lowest = max(lowest, floor(above / step) + 1)
    highest = floor(high / step) if high < inf else inf
    if below < inf:
        highest = min(highest, ceil(below / step) - 1)
    if lowest > highest:
        raise Unanswerable("there is no number in its range")
    times = max(lowest, min(highest, round(wanted / step)))
    return times * step


def _small(low: float, high: float, step: float) -> float:
    """A step that finds a number between two that stand close together."""
    while 0 < high - low < 2 * step and step > 1e-12:
        step /= 4
    return step


def merged(schemas: Sequence[Any]) -> Any:
    """One schema that asks for what all of them ask."""
    whole: dict[str, Any] = {}
    for schema in schemas:
        if schema is False:
            return False
        if schema is True:
            continue
        for key, part in schema.items():
            whole[key] = _both(key, whole[key], part) if key in whole else part
    return whole


def _both(key: str, one: Any, other: Any) -> Any:
    match key:
        case "required":
            return list(dict.fromkeys([*one, *other]))
        case "properties" | "patternProperties" | "$defs" | "definitions":
            return {**one, **{k: _and(one.get(k), part) for k, part in other.items()}}
        case "enum":
            return [value for value in one if value in other]
        case "type":
            return _common(one, other)
        case "allOf":
            return [*one, *other]
        case "minimum" | "exclusiveMinimum" | "minLength" | "minItems":
            return max(one, other)
        case "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems":
            return min(one, other)
    return other


def _and(one: Any, other: Any) -> Any:
    return other if one is None or one == other else {"allOf": [one, other]}


def _common(one: Any, other: Any) -> Any:
    first = [one] if isinstance(one, str) else one
    second = [other] if isinstance(other, str) else other
    if "number" in first and "integer" in second:
        first = [*first, "integer"]
    if "integer" in first and "number" in second:
        second = [*second, "integer"]
    return [kind for kind in first if kind in second]
