"""Fields of a model, or of the model inside it: found, changed, described.

A model around a model has few fields of its own. Its temperature, its name and all
the others are the inner model's, however deep that stands.

    changed(model, {"temperature": 0.5})
"""

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import ConfigurableField
from pydantic import BaseModel
from pydantic.fields import FieldInfo


def field_of(model: Any, name: str) -> tuple[str, FieldInfo] | None:
    """The field of this name or alias, in the model or the one inside it."""
    for own, field in type(model).model_fields.items():
        if name in (own, field.alias):
            return own, field
    inner = vars(model).get("inner")
    return field_of(inner, name) if isinstance(inner, BaseChatModel) else None


def changed(model: BaseChatModel, changes: Mapping[str, Any]) -> BaseChatModel:
    """A copy of the model with these fields changed; the client stays the same."""
    if not changes:
        return model
    found = {name: field_of(model, name) for name in changes}
    update = {field[0]: changes[name] for name, field in found.items() if field}
    return model.model_copy(update=update)


def described(model: BaseChatModel, name: str, spec: Any) -> Any:
    """How a field may be configured, with what LangChain would look up in its class.

    Raises:
        ValueError: Neither the model nor one inside it has such a field.
    """
    found = field_of(model, name)
    if found is None:
        raise ValueError(
            f"Neither {type(model).__name__} nor the model inside has a field "
            f"{name!r}: name one of theirs."
        )
    if not isinstance(spec, ConfigurableField):
        return spec
    return spec._replace(
        description=spec.description or found[1].description or name,
        annotation=spec.annotation or found[1].annotation,
    )


def set_fields(model: BaseModel, base: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """What a model's own class adds to `base` and was set: its repr is that short."""
    for name, field in type(model).model_fields.items():
        if not field.repr or name in base.model_fields:
            continue
        value = getattr(model, name)
        if value != field.get_default(call_default_factory=True):
            yield name, value
