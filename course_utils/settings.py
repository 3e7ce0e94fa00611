"""Settings as people type them: told at the door what is misspelt, wrong, or renamed.

Python would say that a keyword is unexpected, or say nothing until much later. Here an
error names the nearest right word and shows what to write.

    @settings(first_token="first_token_timeout")       # old="new", for one version
    def reliable(model, *, first_token_timeout: float | None = None): ...
"""

import inspect
import warnings
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from functools import wraps
from importlib import import_module
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, TypeVar

from course_utils.clock import Clock

Tool = TypeVar("Tool", bound=Callable[..., Any])

OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
PLACED = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
# What a kind is called in an error, and a value that would do.
KINDS: dict[Any, tuple[str, str]] = {
    bool: ("True or False", "True"),
    int: ("a whole number", "2"),
    float: ("a number", "0.5"),
    str: ("text", '"Hello"'),
    Exception: ("an exception", "TimeoutError()"),
    Clock: ("a clock", "VirtualClock()"),
}


def settings(**renamed: str) -> Callable[[Tool], Tool]:
    """Check what a function or class is called with; take an old name for a new one.

    >>> @settings(size="length")
    ... def cut(text: str, *, length: int = 2) -> str:
    ...     return text[:length]
    >>> cut("Hello", lenght=3)
    Traceback (most recent call last):
    ...
    TypeError: cut() has no such setting, got lenght=...: write length=.
    >>> cut("Hello", length="3")
    Traceback (most recent call last):
    ...
    TypeError: cut(length=...) is a whole number, got '3' (str): write length=2.
    """

    def checked(tool: Tool) -> Tool:
        if not inspect.isclass(tool):
            return _at_the_door(tool, tool.__name__, renamed)
        made: Any = tool
        made.__init__ = _at_the_door(made.__init__, made.__name__, renamed)
        return tool

    return checked


def _at_the_door(tool: Tool, name: str, renamed: Mapping[str, str]) -> Tool:
    parameters = inspect.signature(tool).parameters
    kinds = {key: _kinds(each.annotation) for key, each in parameters.items()}
    known = {key for key, each in parameters.items() if each.kind not in OPEN}
    known -= {"self"}
    places = [key for key, each in parameters.items() if each.kind in PLACED]
    open_ended = any(each.kind == each.VAR_KEYWORD for each in parameters.values())

    @wraps(tool)
    def called(*args: Any, **given: Any) -> Any:
        if renamed.keys() & given.keys():
            given = _with_new_names(name, given, renamed)
        if not open_ended and (unknown := given.keys() - known):
            raise TypeError(misspelt(name, min(unknown), known))
        for key, value in (*zip(places, args, strict=False), *given.items()):
            if kinds.get(key) and not is_a(value, kinds[key]):
                raise TypeError(wrong_kind(name, key, value, kinds[key]))
        return tool(*args, **given)

    return called  # type: ignore[return-value]  # it looks and acts as `tool` does


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """The kinds a value may be of, if they are plain; else nothing is checked."""
    union = isinstance(annotation, UnionType)
    kinds = annotation.__args__ if union else (annotation,)
    return kinds if all(kind in (NoneType, *KINDS) for kind in kinds) else ()


def is_a(value: object, kinds: tuple[Any, ...]) -> bool:
    """Whether a value is of one of these kinds; True is no number.

    A clock is whatever tells the time, of a class of your own, too.

    >>> is_a(2, (float,)), is_a("2", (int,)), is_a(True, (int,))
    (True, False, False)
    """
    if Clock in kinds and callable(getattr(value, "now", None)):
        return True
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, Real) and float in kinds:
        return True
    if isinstance(value, Integral) and int in kinds:
        return True
    return isinstance(value, kinds)


def wrong_kind(tool: str, name: str, value: object, kinds: tuple[Any, ...]) -> str:
    """What to say of a value of another kind."""
    expected, example = KINDS[kinds[0]]
    return (
        f"{tool}({name}=...) is {expected}, got {value!r} "
        f"({type(value).__name__}): write {name}={example}."
    )


def misspelt(tool: str, name: str, known: Collection[str]) -> str:
    """What to say of a setting that there is not: the nearest one, else all."""
    near = get_close_matches(name, known, n=1)
    there = ", ".join(sorted(known)) or "none"
    advice = f"write {near[0]}=" if near else f"there are {there}"
    return f"{tool}() has no such setting, got {name}=...: {advice}."


def need(tool: str, package: str, extra: str) -> None:
    """Say what to install if a package is not there that only this tool needs.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    try:
        import_module(package)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{tool}() needs {package}, which is not installed here: "
            f'pip install "course-utils[{extra}]".',
            name=package,
        ) from error


def _with_new_names(
    tool: str, given: Mapping[str, Any], renamed: Mapping[str, str]
) -> dict[str, Any]:
    """The settings by their names of today; each old one is told once a line."""
    taken: dict[str, Any] = {}
    for name, value in given.items():
        new = renamed.get(name, name)
        if new != name:
            _tell(tool, name, new)
        if new in taken or (new != name and new in given):
            raise TypeError(
                f"{tool}() got {new}= twice, once by its old name {name}=: keep {new}=."
            )
        taken[new] = value
    return taken


def _tell(tool: str, old: str, new: str) -> None:
    warnings.warn(
        f"{tool}({old}=...) is called {new}= since 2.0, and the old name goes with "
        f"3.0: write {new}=.",
        FutureWarning,  # unlike a DeprecationWarning, everybody sees it
        stacklevel=4,
    )
