"""What counts as a stream, how to leave one, and what to say if it is none.

A stream is anything to loop over that is not whole already: sync or async. Readers
ask at the door, before a cell shows a traceback from deep inside.

    check_stream("show", model.stream("Hi"))
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from langchain_core.language_models import BaseChatModel

# What is raised where a stream is read when its reader wants no more: no fault.
STOPS = (GeneratorExit, KeyboardInterrupt, asyncio.CancelledError)


def check_stream(reader: str, stream: Any) -> None:
    """Raise a TypeError that names the next step if `stream` is not a stream.

    >>> check_stream("show", 7)
    Traceback (most recent call last):
    ...
    TypeError: show() needs a stream, got int: pass one, show(model.stream("Hi")).
    """
    if fact := _what_else(stream):
        raise TypeError(
            f'{reader}() needs a stream, got {fact}, {reader}(model.stream("Hi")).'
        )


def _what_else(stream: Any) -> str | None:
    """What came instead of a stream and what to do; None if it is a stream."""
    name = type(stream).__name__
    if inspect.iscoroutine(stream):
        stream.close()  # else Python adds a warning that it was never awaited
        v3 = 'astream_events(version="v3") needs one'
        return f"a coroutine: astream needs no await, {v3}, invoke is not a stream"
    if inspect.isroutine(stream):
        return "a method: call it"
    if isinstance(stream, str | bytes) or hasattr(stream, "content"):
        return f"{name}, which has arrived already: use stream instead of invoke"
    if hasattr(stream, "invoke"):
        return f"{name}, which can be asked for one: call its stream"
    loops = hasattr(stream, "__iter__") or hasattr(stream, "__aiter__")
    if isinstance(stream, dict) or not loops:
        return f"{name}: pass one"
    return None


def close(items: Any, stream: Any = None) -> None:
    """Close what is read of a sync stream, so that whoever makes it stops.

    A plain iterator cannot. A v3 run goes on unless it is told itself: else its graph
    waits, half read, for the garbage collector, which may close it inside of a thread
    that begins, and then both wait for each other.
    """
    for thing, name in ((items, "close"), (stream, "abort")):
        if leave := getattr(thing, name, None):
            leave()


async def aclose(items: Any, stream: Any = None) -> None:
    """The same for an async stream: wait until it has cleaned up."""
    for thing, name in ((items, "aclose"), (stream, "aclose"), (stream, "abort")):
        if leave := getattr(thing, name, None):
            await leave()


def is_model(stream: Any) -> bool:
    """Whether this is a model's own stream: its chunks tell all, its closing ends it.

    Without a gate a chunk costs half as much, for LangChain calls each handler.

    >>> from langchain_core.language_models.fake_chat_models import FakeListChatModel
    >>> model = FakeListChatModel(responses=["Hi"])
    >>> is_model(model.stream("Hi")), is_model(iter(["Hi"]))
    (True, False)
    """
    code = getattr(stream, "ag_code", None) or getattr(stream, "gi_code", None)
    return code is not None and code in _MODELS


_MODELS = tuple(
    getattr(method, "__code__", None)
    for method in (BaseChatModel.astream, BaseChatModel.stream)
)


def takes_nothing(call: Any) -> bool:
    """Whether `call` is a function to be called without arguments.

    >>> takes_nothing(lambda: "Hi"), takes_nothing(len), takes_nothing(iter("Hi"))
    (True, False, False)
    """
    if not callable(call) or hasattr(call, "__iter__") or hasattr(call, "__aiter__"):
        return False
    try:
        inspect.signature(call).bind()
    except (TypeError, ValueError):
        return False
    return True


def as_stream(result: Any) -> Any:
    """What a function returned, as a stream: a whole message is a stream of one."""
    if isinstance(result, str) or hasattr(result, "content"):
        return iter([result])
    if inspect.isawaitable(result):
        return _awaited(result)
    return result


async def _awaited(result: Awaitable[Any]) -> AsyncIterator[Any]:
    yield await result
