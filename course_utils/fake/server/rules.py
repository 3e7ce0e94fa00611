"""What OpenAI refuses in a request, and how it says so.

Each rule looks at the body alone, before anything is answered; the first one that is
broken is told with OpenAI's status, code and words.

    check({"model": "m", "max_tokens": -1})     # Refused: integer below minimum value
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from course_utils.fake.schema.parts import Unanswerable
from course_utils.fake.schema.values import check_schema
from course_utils.fake.server.errors import Refused

Body = Mapping[str, Any]

MISSING = "missing_required_parameter"
# The fields whose type is checked before anything reads them.
FIELDS: dict[str, tuple[tuple[type, ...], str]] = {
    "model": ((str,), "a string"),
    "stream": ((bool,), "a boolean"),
    "store": ((bool,), "a boolean"),
    "parallel_tool_calls": ((bool,), "a boolean"),
    "logprobs": ((bool,), "a boolean"),
    "tools": ((list,), "an array of objects"),
    "include": ((list,), "an array of strings"),
    "response_format": ((dict,), "an object"),
    "text": ((dict,), "an object"),
    "reasoning": ((dict,), "an object"),
    "metadata": ((dict,), "an object"),
    "stream_options": ((dict,), "an object"),
    "logit_bias": ((dict,), "an object"),
    "user": ((str,), "a string"),
    "instructions": ((str,), "a string"),
    "previous_response_id": ((str,), "a string"),
    "stop": ((str, list), "a string or an array of strings"),
    "tool_choice": ((str, dict), "a string or an object"),
}
# The least and the most that a number may be.
NUMBERS: dict[str, tuple[str, float, float]] = {
    "max_tokens": ("integer", 1, float("inf")),
    "max_completion_tokens": ("integer", 1, float("inf")),
    "max_output_tokens": ("integer", 1, float("inf")),
    "top_logprobs": ("integer", 0, 20),
    "seed": ("integer", -(2**63), 2**63),
    "temperature": ("decimal", 0, 2),
    "top_p": ("decimal", 0, 1),
    "presence_penalty": ("decimal", -2, 2),
    "frequency_penalty": ("decimal", -2, 2),
}
CHOICES = ("none", "auto", "required")
FORMATS = ("text", "json_object", "json_schema")
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LONGEST_STOP = 4
# What JSON calls a value, for errors.
JSON_KINDS: list[tuple[type | tuple[type, ...], str]] = [
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a decimal"),
    (str, "a string"),
    (list, "an array"),
    (Mapping, "an object"),
]


def check(body: Body) -> None:
    """Refuse a body that breaks a rule of OpenAI's about its fields.

    Raises:
        Refused: With status 400, the field and OpenAI's words.
    """
    _check_fields(body)
    _check_numbers(body)
    _check_single(body)
    _check_pairs(body)
    _check_limits(body)
    _check_tools(body)
    _check_choice(body)
    _check_format(body)


def wrong_type(name: str, expected: str, value: object) -> Refused:
    """The refusal of a field that holds the wrong kind of value."""
    kinds = (word for kind, word in JSON_KINDS if isinstance(value, kind))
    return Refused(
        400,
        f"Invalid type for '{name}': expected {expected}, but got "
        f"{next(kinds, 'null')} instead.",
        param=name,
        code="invalid_type",
    )


def invalid(message: str, param: str | None, code: str | None = None) -> Refused:
    """The refusal of a field, for any other reason."""
    return Refused(400, message, param=param, code=code)


def missing(name: str) -> Refused:
    """The refusal of a body that lacks a field."""
    return invalid(f"Missing required parameter: '{name}'.", name, MISSING)


def unknown(value: object, known: Sequence[str], param: str) -> Refused:
    """The refusal of a word that is none of those there are."""
    *most, last = [f"'{word}'" for word in known]
    names = f"{', '.join(most)}, and {last}" if most else last
    return invalid(
        f"Invalid value: '{value}'. Supported values are: {names}.",
        param,
        "invalid_value",
    )


def _check_fields(body: Body) -> None:
    for name, (kinds, expected) in FIELDS.items():
        value = body.get(name)
        if value is not None and not isinstance(value, kinds):
            raise wrong_type(name, expected, value)


def _check_numbers(body: Body) -> None:
    for name, (word, least, most) in NUMBERS.items():
        value = body.get(name)
        if value is None:
            continue
        kinds = int if word == "integer" else int | float
        if isinstance(value, bool) or not isinstance(value, kinds):
            expected = "an integer" if word == "integer" else "a decimal"
            raise wrong_type(name, expected, value)
        if not least <= value <= most:
            raise _out_of_range(name, word, value, least, most)


def _out_of_range(
    name: str, word: str, value: float, least: float, most: float
) -> Refused:
    low = value < least
    side, bound = ("below minimum", f">= {least}") if low else ("above maximum", "")
    return invalid(
        f"Invalid '{name}': {word} {side} value. Expected a value "
        f"{bound or f'<= {most}'}, but got {value} instead.",
        name,
        f"{word}_{'below_min' if low else 'above_max'}_value",
    )


def _check_single(body: Body) -> None:
    for name in ("n", "best_of"):
        if body.get(name) not in (None, 1):
            raise invalid(
                f"Unsupported value: '{name}' does not support {body[name]} with this "
                "model. Only the value 1 is supported: ask again for another answer.",
                name,
                "unsupported_value",
            )
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > LONGEST_STOP:
        raise invalid(
            f"Invalid 'stop': array too long. Expected an array with maximum length "
            f"{LONGEST_STOP}, but got an array with length {len(stop)} instead.",
            "stop",
            "array_above_max_length",
        )


def _check_pairs(body: Body) -> None:
    """Fields that are allowed only beside another."""
    pairs = {"stream_options": "stream"}
    if "messages" in body:  # the Responses API asks for both in `include`
        pairs["top_logprobs"] = "logprobs"
    for name, other in pairs.items():
        if body.get(name) is not None and not body.get(other):
            raise invalid(
                f"The '{name}' parameter is only allowed when '{other}' is enabled.",
                name,
            )


def _check_limits(body: Body) -> None:
    limits = ("max_tokens", "max_completion_tokens")
    if all(body.get(name) is not None for name in limits):
        raise invalid(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
            "supported.",
            limits[0],
            "invalid_parameter_combination",
        )


def _check_tools(body: Body) -> None:
    # An empty list is taken: LangChain's agents without tools send one.
    name = "parallel_tool_calls"
    if "messages" in body and body.get(name) is not None and not body.get("tools"):
        raise only_with_tools(name)
    for number, tool in enumerate(body.get("tools") or ()):
        place = f"tools[{number}]"
        if "type" not in tool:
            raise missing(f"{place}.type")
        if tool["type"] != "function":
            continue
        if "messages" in body:
            place += ".function"
            if not isinstance(tool.get("function"), Mapping):
                raise missing(place)
        function = tool.get("function", tool)
        _check_name(function.get("name"), f"{place}.name")
        _check_schema(
            function.get("parameters"),
            f"function '{function['name']}'",
            f"{place}.parameters",
        )


def only_with_tools(name: str) -> Refused:
    """The refusal of a field that says how tools are called where there are none."""
    return invalid(
        f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are "
        "specified.",
        name,
    )


def _check_name(name: Any, place: str) -> None:
    if name is None:
        raise missing(place)
    if not isinstance(name, str):
        raise wrong_type(place, "a string", name)
    if not NAME.fullmatch(name):
        raise invalid(
            f"Invalid '{place}': string does not match pattern. Expected a string "
            "that matches the pattern '^[a-zA-Z0-9_-]+$', of 1 to 64 characters.",
            place,
            "invalid_value",
        )


def _check_schema(schema: Any, owner: str, place: str) -> None:
    if schema is None:
        return
    kind = schema.get("type", "object") if isinstance(schema, Mapping) else schema
    try:
        if kind != "object":
            why = "schema must be a JSON Schema of 'type: \"object\"', got 'type: \""
            raise Unanswerable(f"{why}{kind}\"'.")
        check_schema(schema)
    except Unanswerable as error:
        said = f"Invalid schema for {owner}: {error}"
        raise invalid(said, place, "invalid_schema") from error


def tool_name(choice: Mapping[str, Any]) -> Any:
    """The name of the one tool that a choice asks for, from either API's way."""
    return choice.get("function", choice).get("name")


def _check_choice(body: Body) -> None:
    choice, tools = body.get("tool_choice"), body.get("tools")
    if choice is None:
        return
    if isinstance(choice, str) and choice not in CHOICES:
        raise unknown(choice, CHOICES, "tool_choice")
    if not tools and "input" not in body:
        raise only_with_tools("tool_choice")
    if isinstance(choice, Mapping) and choice.get("type") == "function":
        named = [tool_name(tool) for tool in tools or ()]
        if (name := tool_name(choice)) not in named:
            raise _no_such_tool(name, "messages" in body)


def _no_such_tool(name: Any, chat: bool) -> Refused:
    if not chat:
        said = f"Tool choice '{name}' not found in 'tools' parameter."
        return invalid(said, "tool_choice")
    return invalid(
        f"Invalid value for 'tool_choice': no function named '{name}' was specified "
        "in the 'tools' parameter.",
        "tool_choice",
    )


def _check_format(body: Body) -> None:
    chat = "messages" in body
    place = "response_format" if chat else "text.format"
    found = body.get("response_format")
    if not chat:
        found = (body.get("text") or {}).get("format")
    if found is None:
        return
    if not isinstance(found, Mapping):
        raise wrong_type(place, "an object", found)
    if "type" not in found:
        raise missing(f"{place}.type")
    if found["type"] not in FORMATS:
        raise unknown(found["type"], FORMATS, f"{place}.type")
    if found["type"] == "json_schema":
        _check_schema_format(found, place, chat)


def _check_schema_format(found: Body, place: str, chat: bool) -> None:
    if chat:
        place += ".json_schema"
        found = found.get("json_schema") or {}
        if not found:
            raise missing(place)
    _check_name(found.get("name"), f"{place}.name")
    if not isinstance(found.get("schema"), Mapping):
        raise missing(f"{place}.schema")
    _check_schema(found["schema"], f"response_format '{found['name']}'", place)


def check_json_word(texts: Sequence[str], chat: bool) -> None:
    """Refuse JSON mode when no message says so: the model would write blanks for ever.

    Raises:
        Refused: With OpenAI's words.
    """
    if any("json" in text.lower() for text in texts):
        return
    if chat:
        raise invalid(
            "'messages' must contain the word 'json' in some form, to use "
            "'response_format' of type 'json_object'.",
            "messages",
        )
    raise invalid(
        "Response input messages must contain the word 'json' in some form to use "
        "'text.format' of type 'json_object'.",
        "input",
    )
