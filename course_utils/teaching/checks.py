"""Guess what a learner's answer is missing, from the value it gave.

A check says what came and a likely reason, never the answer.

    expect_equal(collect(stream), "Hello", "collect(stream)")
"""

import inspect
import reprlib
from typing import Any


class NotYet(Exception):
    """Raised by a check: the answer is not right yet, and this is why."""


def expect(condition: object, message: str) -> None:
    """Go on if the condition holds; else say what is not right yet.

    >>> expect(1 < 2, "The first chunk is missing.")
    """
    if not condition:
        raise NotYet(message)


def expect_equal(got: Any, want: Any, call: str) -> None:
    """Go on if `got` is what is wanted; else name `got` and guess the slip.

    >>> try:
    ...     expect_equal(["a", "b"], "ab", "collect(stream)")
    ... except NotYet as why:
    ...     print(why)
    `collect(stream)` gave ['a', 'b']. A list of parts: join them into one text.

    Args:
        got: What the answer gave.
        want: What is right.
        call: The call that gave it, or words for what it gave.
    """
    if got == want and (isinstance(got, bool) or not isinstance(want, bool)):
        return
    fact = f"{call[:1].upper()}{call[1:]}: {shorten(got)}."
    if "(" in call:
        fact = f"`{call}` gave {shorten(got)}."
    raise NotYet(f"{fact} {guess(got, want)}".rstrip())


class _Short(reprlib.Repr):
    """Python's own short repr, without an address for what it does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = 60

    def repr_instance(self, x: Any, level: int) -> str:
        if isinstance(x, str):  # LangChain's `.text` is a kind of str
            return self.repr_str(str(x), level)
        if isinstance(x, bool | float | complex | bytes | None.__class__):
            return repr(x)
        if inspect.isroutine(x):
            return f"the function `{x.__name__}`"
        name = type(x).__name__
        return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def shorten(value: Any) -> str:
    """A value in a few words, the same in each run: no address, no long text.

    >>> shorten(["Hello", object(), len])
    "['Hello', an object, the function `len`]"
    """
    return _Short().repr(value)


def guess(got: Any, want: Any) -> str:
    """A likely reason why `got` came instead of `want`; empty if none is likely."""
    if got is None:
        return "Is a `return` missing?"
    if inspect.iscoroutine(got):
        got.close()
        return "A coroutine waits to be awaited: write `await` before the call."
    if inspect.isgenerator(got) or inspect.isasyncgen(got):
        return "A generator has not run yet: read it, and return what it gives."
    if inspect.isroutine(got):
        return "That is the function itself: call it with `()`."
    if isinstance(want, str):
        return _guess_text(got, want)
    if not isinstance(want, list | tuple):
        return ""
    if not isinstance(got, list | tuple):
        return f"A {type(want).__name__} is wanted."
    return _guess_items(list(got), list(want))


def _guess_items(got: list[Any], want: list[Any]) -> str:
    if got == want:
        return "A list is wanted." if isinstance(want, list) else "A tuple is wanted."
    if not got:
        return "Nothing came."
    if len(got) == len(want):
        if sorted(map(repr, got)) == sorted(map(repr, want)):
            return "All are there, in another order."
        place = next(n for n, one in enumerate(got, 1) if one != want[n - 1])
        return f"Look at number {place}."
    wanted = f"{len(want)} {'is' if len(want) == 1 else 'are'} wanted,"
    if not want:
        wanted = "None is wanted,"
    came = f"{'only ' if len(got) < len(want) else ''}{len(got)} came."
    return f"{wanted} {came}"


def _guess_text(got: Any, want: str) -> str:
    if isinstance(got, list | tuple):
        return "A list of parts: join them into one text."
    if hasattr(got, "content"):
        return "That is a message: its text is `.text`."
    if not isinstance(got, str):
        return "The answer is text."
    if not got:
        return "All of the text is lost."
    if "".join(got.split()) == "".join(want.split()):
        return "Only the blanks and line breaks differ."
    if want.startswith(got):
        return "The end is missing."
    if want.endswith(got):
        return "The beginning is missing."
    if got.startswith(want):
        return "Something comes after the end."
    if got.casefold() == want.casefold():
        return "Only capitals and small letters differ."
    if _left_out(got, want):
        return "Something in the middle is missing."
    if _left_out(want, got):
        return "Something is in it twice, or does not belong there."
    same = next((n for n in range(len(want)) if got[:n] != want[:n]), 1) - 1
    return f"Right up to {shorten(got[:same])}, then it differs." if same else ""


def _left_out(short: str, text: str) -> bool:
    """Whether `short` is `text` with one or more letters taken out."""
    letters = iter(text)
    return all(letter in letters for letter in short)
