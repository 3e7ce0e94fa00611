"""What makes two questions the same: whatever changes the answer, told by value.

How a request travels does not, nor what earlier answers in the conversation cost. What
cannot be told by value, such as a function, makes a question like no other.

    prompt, llm_string = key_of(model, messages, stop, options)
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from pydantic import BaseModel, SecretBytes, SecretStr

from course_utils.model_call import Request

# Parameters of the journey, in the spelling of the common integrations.
TRANSPORT = {
    *("timeout", "request_timeout", "default_request_timeout"),
    *("max_retries", "num_retries", "rate_limiter", "stream_chunk_timeout"),
    *("stream", "streaming", "stream_usage", "stream_options", "disable_streaming"),
    *("http_client", "http_async_client", "openai_proxy"),
    *("api_key", "openai_api_key", "anthropic_api_key"),
}
# What changes an answer, though a model may not name it among its parameters.
TELLING = {
    *("base_url", "openai_api_base", "anthropic_api_url", "azure_endpoint", "endpoint"),
    *("endpoint_url", "azure_deployment", "deployment_name", "region_name", "location"),
    *("default_headers", "default_query", "additional_headers", "headers"),
    *("organization", "openai_organization", "project", "api_version"),
    *("openai_api_version", "use_responses_api", "output_version", "model_kwargs"),
    *("temperature", "top_p", "top_k", "n", "seed", "stop", "stop_sequences"),
    *("max_tokens", "max_completion_tokens", "max_output_tokens", "logit_bias"),
    *("presence_penalty", "frequency_penalty", "reasoning", "reasoning_effort"),
    *("thinking", "effort", "verbosity", "service_tier", "extra_body", "include"),
}
# Where edition 1 had these models: what is kept under their names is still found.
FIRST_HOMES = {
    "course_utils.cache.model": "course_utils.cache",
    "course_utils.fake.model": "course_utils.fake_model",
    "course_utils.reliability.model": "course_utils.reliability",
}
PLAIN = (date, time, timedelta, Decimal, UUID, PurePath, complex)
UNKNOWN = '"type": "not_implemented"'  # LangChain's word for what it can't write down


class Unkeyable(TypeError):
    """A part of a question that cannot be told from others by its value."""

    def __init__(self, name: str, value: Any) -> None:
        super().__init__(
            f"cached() keeps no answer to a question with {name}, got "
            f"{type(value).__name__}: it is not told apart by its value. Each such "
            "question goes to the model; pass plain data to have its answer kept."
        )
        self.name = name


def key_of(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    stop: Sequence[str] | None,
    options: Mapping[str, Any],
) -> tuple[str, str]:
    """The prompt and the model, as LangChain's `BaseCache` wants them.

    Raises:
        Unkeyable: Something in the question is told by its address only.
    """
    prompt = dumps([_asked(message) for message in messages])
    if UNKNOWN in prompt:
        raise Unkeyable("an object in its messages", messages)
    answered = [describe(model), _lasting(options), by_value("stop", stop)]
    return prompt, json.dumps(answered, sort_keys=True)


def _asked(message: BaseMessage) -> BaseMessage:
    """The message without what tells only how it came to be."""
    changes: dict[str, Any] = {"id": None, "response_metadata": {}}
    if isinstance(message, AIMessage):
        changes["usage_metadata"] = None
        if "parsed" in message.additional_kwargs:  # by the client, from the content
            more = {k: v for k, v in message.additional_kwargs.items() if k != "parsed"}
            changes["additional_kwargs"] = more
    if isinstance(message, ToolMessage):
        changes["artifact"] = None  # for the program; no model gets it
    return message.model_copy(update=changes)


def describe(model: BaseChatModel) -> list[Any]:
    """A model by value; one that stands around others, with all of them."""
    home = type(model).__module__
    kind = f"{FIRST_HOMES.get(home, home)}.{type(model).__qualname__}"
    if inner := [describe(one) for one in _inner(model)]:
        return [kind, inner]
    if model.is_lc_serializable():
        described, _, _ = model._get_llm_string().rpartition("---")
        if UNKNOWN in described:
            raise Unkeyable("an object among the model's options", model)
        named = json.loads(described).get("kwargs", {})
    else:
        named = model._get_invocation_params()
    params = _lasting(named)
    more = _lasting(dict(_unnamed(model, named)))
    return [kind, params, more] if more else [kind, params]


def _inner(model: BaseChatModel) -> Iterator[BaseChatModel]:
    for value in model.__dict__.values():
        several = value if isinstance(value, list | tuple) else [value]
        yield from (one for one in several if isinstance(one, BaseChatModel))


def _unnamed(
    model: BaseChatModel, named: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """What changes the answer and is not among the parameters that a model names."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name, None)
        known = named.get(name, named.get(field.alias or name)) is not None
        said = value not in (None, "", [], {}, ()) and value != field.get_default()
        if name in TELLING and said and not known:
            yield name, value
    client = getattr(model, "root_client", None)  # of OpenAI's: it reads variables, too
    address = str(getattr(client, "base_url", ""))
    if address and "openai_api_base" not in named and OPENAI not in address:
        yield "address", address


OPENAI = "//api.openai.com/"


def _lasting(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: by_value(name, value)
        for name, value in params.items()
        if name not in TRANSPORT
    }


def by_value(name: str, value: Any) -> Any:
    """A value as JSON that equals another's only if the values do.

    Raises:
        Unkeyable: It has no value but itself, such as a function or a client.
    """
    if value is None or (isinstance(value, str | int | float) and not _is_enum(value)):
        return value
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: by_value(name, one) for key, one in value.items()}
        return [[by_value(name, part) for part in pair] for pair in value.items()]
    if isinstance(value, list | tuple):
        return [by_value(name, one) for one in value]
    return _by_kind(name, value)


def _by_kind(name: str, value: Any) -> Any:
    if isinstance(value, type):
        if issubclass(value, BaseModel):  # its fields count, not its name
            return _schema(name, value)
        raise Unkeyable(name, value)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, set | frozenset):
        return [kind, sorted(json.dumps(by_value(name, one)) for one in value)]
    if isinstance(value, SecretStr | SecretBytes):
        secret = value.get_secret_value()
        secret = secret.encode() if isinstance(secret, str) else secret
        return [kind, hashlib.sha256(secret).hexdigest()]
    if isinstance(value, bytes | bytearray):
        return [kind, value.hex()]
    if isinstance(value, Enum):
        return [kind, by_value(name, value.value)]
    if isinstance(value, BaseModel):
        return [kind, by_value(name, dict(value))]
    if is_dataclass(value):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        return [kind, by_value(name, named)]
    if isinstance(value, PLAIN):
        return [kind, str(value)]
    raise Unkeyable(name, value)


def _schema(name: str, kind: type[BaseModel]) -> Any:
    try:
        return kind.model_json_schema()
    except Exception as error:  # a field of it has no JSON form
        raise Unkeyable(name, kind) from error


def _is_enum(value: Any) -> bool:
    return isinstance(value, Enum)


@dataclass(frozen=True)
class Question(Request):
    """A request, and the key under which its answer is kept."""

    def key(self, model: BaseChatModel) -> tuple[str, str]:
        """The prompt and the model, as LangChain's `BaseCache` wants them.

        Raises:
            Unkeyable: Something in the question cannot be told by its value.
        """
        try:
            return key_of(model, self.messages, self.stop, self.options)
        except Unkeyable:
            raise
        except Exception as error:  # a list within itself, say: the model may take it
            raise Unkeyable("something that cannot be written down", self) from error
