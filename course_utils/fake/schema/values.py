"""A value that follows a JSON schema, taken from a prompt where it can be.

The value is made by hand and checked by `jsonschema`: what does not follow its schema
is never given out, it is refused with the reason.

    fill({"type": "object", "properties": {"n": {"type": "integer"}}}, "Double 21.")
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from typing import Any

from course_utils.fake.schema.parts import (
    Schema,
    Unanswerable,
    check_references,
    cost,
    in_range,
    merged,
    part_for,
    referred,
    tuple_of,
    types_of,
    without,
)
from course_utils.fake.schema.patterns import text_for

FORMATS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "ada@example.com",
    "idn-email": "ada@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "uri": "https://example.com/",
    "uri-reference": "/a",
    "iri": "https://example.com/",
    "iri-reference": "/a",
    "uri-template": "/a/{b}",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
    "regex": "a+",
}
MOST_STEPS = 5_000
DEEPEST = 60
VARIANTS = 24  # how many other values are tried where one must differ


def check_schema(schema: Any) -> None:
    """See that this is a JSON schema which needs nothing from elsewhere.

    Raises:
        Unanswerable: It is not; the message says why.
    """
    _validator(schema)


def fill(schema: Schema, prompt: str, otherwise: str | None = None) -> Any:
    """A value that follows the JSON schema, taken from the prompt where it can be.

    >>> fill({"type": "object", "properties": {"n": {"type": "integer"}}}, "Double 21.")
    {'n': 21}

    Args:
        schema: Any JSON schema that does not point outside itself.
        prompt: Where numbers, quoted words and names are looked for.
        otherwise: The text of a string for which the prompt has no word.

    Raises:
        Unanswerable: No value was found; the message says why.
    """
    validator, why = _validator(schema), "no value was found"
    for sparing in (False, True):  # all there may be, or only what there must be
        filler = _Filler(schema, validator, prompt, otherwise or prompt, sparing)
        try:
            value = filler.value(schema, "answer")
            error = next(validator.iter_errors(value), None)
        except Exception as raised:  # whatever it is, the schema is to blame
            why = str(raised) or type(raised).__name__
            continue
        if error is None:
            return value
        why = error.message
    raise Unanswerable(f"no value was found that follows it: {why}")


def _validator(schema: Any) -> Any:
    # Imported here, for it takes longer than the rest of the package.
    from jsonschema.validators import (
        Draft7Validator,
        Draft202012Validator,
        validator_for,
    )

    check_references(schema)
    newest = validator_for(schema, default=Draft202012Validator)
    problems: list[str] = []
    for kind in (newest, Draft7Validator):
        try:
            kind.check_schema(schema)
            return kind(schema, format_checker=kind.FORMAT_CHECKER)
        except Exception as error:  # whatever it is, it is no schema
            problems.append(str(getattr(error, "message", error)))
    raise Unanswerable(problems[0])


class _Filler:
    def __init__(
        self, root: Schema, validator: Any, prompt: str, otherwise: str, sparing: bool
    ) -> None:
        self.root, self.validator, self.sparing = root, validator, sparing
        self.prompt, self.otherwise = prompt, otherwise
        self.numbers = iter(re.findall(r"-?\d+(?:\.\d+)?", prompt))
        self.words = iter(quoted(prompt))
        self.steps = 0
        self.open: list[str] = []  # the references that are being followed

    def value(self, schema: Any, name: str, variant: int = 0) -> Any:
        """A value for one part of the schema; another variant is another value."""
        self.steps += 1
        if self.steps > MOST_STEPS or len(self.open) > DEEPEST:
            raise Unanswerable("it goes round in circles")
        if schema is False:
            raise Unanswerable("false allows no value")
        if schema is True:
            schema = {}
        if "$ref" in schema:
            return self._referred(schema, name, variant)
        if "allOf" in schema:
            parts = [without(schema, "allOf"), *map(self._resolved, schema["allOf"])]
            return self.value(merged(parts), name, variant)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self._option(schema, several, name, variant)
        return self._plain(schema, name, variant)

    def _referred(self, schema: Schema, name: str, variant: int) -> Any:
        self.open.append(schema["$ref"])
        try:
            target = self._resolved(schema)
            return self.value(target, name, variant)
        finally:
            self.open.pop()

    @property
    def _again(self) -> bool:
        """Whether the schema has come back to itself, so that it is time to end."""
        return self.sparing or len(set(self.open)) < len(self.open)

    def _resolved(self, schema: Any) -> Any:
        """The schema that a reference means, with what stands beside it."""
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            return schema
        found = referred(self.root, schema["$ref"])
        beside = without(schema, "$ref")
        return merged([found, beside]) if beside else found

    def _option(self, schema: Schema, several: str, name: str, variant: int) -> Any:
        base, options = without(schema, several), list(schema[several])
        if self._again:
            options.sort(key=cost)
        for other in range(variant, variant + 4):
            for option in options:
                with suppress(Unanswerable):
                    whole = merged([base, self._resolved(option)])
                    value = self._within(option, whole, name, other)
                    if self._fits(schema, value):
                        return value
        raise Unanswerable(f"none of its {several} could be followed")

    def _within(self, option: Any, whole: Any, name: str, variant: int) -> Any:
        place = option.get("$ref") if isinstance(option, Mapping) else None
        self.open += [place] if place else []
        try:
            return self.value(whole, name, variant)
        finally:
            if place:
                self.open.pop()

    def _fits(self, schema: Schema, value: Any) -> bool:
        return bool(self.validator.evolve(schema=schema).is_valid(value))

    def _plain(self, schema: Schema, name: str, variant: int) -> Any:
        if "const" in schema:
            return schema["const"]
        preset = schema.get("default")
        if "default" in schema and not variant and self._fits(schema, preset):
            return preset
        if "enum" in schema:
            return self._choice(schema, variant)
        for kind in types_of(schema):
            with suppress(Unanswerable):
                return getattr(self, f"_{kind}")(schema, name, variant)
        raise Unanswerable(f"there is no value of type {schema.get('type')}")

    def _choice(self, schema: Schema, variant: int) -> Any:
        plain = without(schema, "enum")
        options = [one for one in schema["enum"] if self._fits(plain, one)]
        if not options:
            raise Unanswerable("none of its enum fits the rest of it")
        prompt = self.prompt.lower()
        mentioned = [one for one in options if str(one).lower() in prompt]
        ordered = mentioned + [one for one in options if one not in mentioned]
        return ordered[variant % len(ordered)]

    # One method for each type.

    def _object(self, schema: Schema, name: str, variant: int) -> dict[str, Any]:
        parts: Schema = schema.get("properties") or {}
        needed = list(schema.get("required") or ())
        wanted = [key for key in parts if not self._again and key not in needed]
        most = schema.get("maxProperties", inf)
        keys = [key for key in parts if key in needed or key in wanted]
        keys += [key for key in needed if key not in parts]
        keys += [f"key{n}" for n in range(schema.get("minProperties", 0) - len(keys))]
        while len(keys) > most and wanted:
            keys.remove(wanted.pop())
        made = {}
        for key in keys:
            with suppress(*([Unanswerable] if key in wanted else [])):
                made[key] = self.value(part_for(schema, key), key, variant)
        return made

    def _array(self, schema: Schema, name: str, variant: int) -> list[Any]:
        first, rest = tuple_of(schema)
        contained = [schema.get("contains")] * schema.get("minContains", 1)
        contained = contained if "contains" in schema else []
        least = max(schema.get("minItems", 0), len(contained))
        most = schema.get("maxItems", inf)
        length = max(least, 0 if self._again else max(1, len(first)))
        parts = [*first, *contained][: min(length, most)]
        parts += [rest] * int(min(length, most) - len(parts))
        made: list[Any] = []
        for part in parts:
            made.append(self._item(part, name, variant, made, schema))
        return made

    def _item(
        self, part: Any, name: str, variant: int, made: list[Any], schema: Schema
    ) -> Any:
        if not schema.get("uniqueItems"):
            return self.value(part, name, variant)
        had = {json.dumps(one, sort_keys=True) for one in made}
        for other in range(variant, variant + VARIANTS + len(made)):
            value = self.value(part, name, other)
            if json.dumps(value, sort_keys=True) not in had:
                return value
        raise Unanswerable("there are not enough different items")

    def _integer(self, schema: Schema, name: str, variant: int) -> int:
        return int(self._number({**schema, "whole": True}, name, variant))

    def _number(self, schema: Schema, name: str, variant: int) -> float:
        step = schema.get("multipleOf") or (1 if schema.get("whole") else 0.5)
        if schema.get("whole") and step % 1:
            step = 1
        wanted = float(next(self.numbers, "3")) + variant * step
        return in_range(schema, wanted, step)

    def _boolean(self, schema: Schema, name: str, variant: int) -> bool:
        return variant % 2 == 0

    def _null(self, schema: Schema, name: str, variant: int) -> None:
        return None

    def _string(self, schema: Schema, name: str, variant: int) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        text = self._text(schema, least)
        if variant:
            text = f"{text} {variant + 1}"
        if len(text) < least:
            text = (text or "a").ljust(least, "a")
        return text if most is None else text[:most]

    def _text(self, schema: Schema, least: int) -> str:
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]]
        word = next(self.words, None) or named_in(self.prompt) or self.otherwise
        if "pattern" not in schema or re.search(schema["pattern"], word):
            return word
        return text_for(schema["pattern"], least)


def quoted(prompt: str) -> list[str]:
    """The words that the prompt puts in quotation marks.

    >>> quoted("Return JSON with 'setup' and 'punchline' keys.")
    ['setup', 'punchline']
    """
    return re.findall(r"(?<!\w)['\"“]([^'\"“”]+)['\"”](?!\w)", prompt)


def named_in(prompt: str) -> str:
    """A proper name in the prompt, such as a city, if there is one.

    >>> named_in("Weather in SF?"), named_in("What is new in New York today?")
    ('SF', 'New York')
    """
    capital = r"[^\W\d_a-zà-öø-ÿ][\w'’-]*"
    names = re.findall(rf"(?<=\w )({capital}(?: {capital})*)", prompt)
    return next((name for name in names if name not in ("I", "I'm", "I’m")), "")
