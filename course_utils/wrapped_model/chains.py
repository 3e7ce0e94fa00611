"""The chains that a model makes of itself, with another model in its place.

A model answers in a form (`bind_tools`, `with_structured_output`) by a chain around
itself: options bound to it, a parser after it, perhaps two branches. Whoever stands
around the model wants the same chain around the two of them.

    in_place_of(chain, inner, outer, options_in(chain, inner))
"""

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import (
    RunnableBinding,
    RunnableParallel,
    RunnableSequence,
)


def in_place_of(
    chain: Any, old: BaseChatModel, new: BaseChatModel, options: Mapping[str, Any]
) -> Any:
    """The same chain, with these options bound to `new` where they were to `old`."""
    if isinstance(chain, RunnableBinding) and chain.bound is old:
        return chain.model_copy(update={"bound": new, "kwargs": dict(options)})
    if isinstance(chain, RunnableSequence):
        steps = [in_place_of(step, old, new, options) for step in chain.steps]
        return RunnableSequence(*steps, name=chain.name)
    if isinstance(chain, RunnableParallel):
        branches = chain.steps__.items()
        return RunnableParallel(
            {name: in_place_of(step, old, new, options) for name, step in branches}
        )
    return chain


def options_in(chain: Any, model: BaseChatModel) -> Mapping[str, Any]:
    """The options that this chain binds to the model.

    Raises:
        NotImplementedError: The model made a chain of a kind that is not known here.
    """
    for binding in _bindings(chain):
        if binding.bound is model:
            return dict(binding.kwargs)
    raise NotImplementedError(
        f"{type(model).__name__} made a {type(chain).__name__} without itself in it, "
        "so no other model can stand in its place: bind it before it is wrapped."
    )


def _bindings(chain: Any) -> Iterator[RunnableBinding[Any, Any]]:
    if isinstance(chain, RunnableBinding):
        yield chain
    steps = getattr(chain, "steps__", None) or {}
    for step in [*getattr(chain, "steps", ()), *steps.values()]:
        yield from _bindings(step)
