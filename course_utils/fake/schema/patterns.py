"""A text that a regular expression matches, made from the expression itself.

It reads the expression with the standard library's own parser, which is private: there
is no public one. Tried on Python 3.11 to 3.13; a test fails on the version where the
parser has changed. What it cannot make it refuses, and a caller checks what it made.

    text_for(r"^[A-Z]{2}-\\d{3}$")     # 'AA-000'
"""

import re
from collections.abc import Callable, Sequence
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

ALPHABET = "a0A _-.@/:x"
CATEGORIES = {
    c.CATEGORY_DIGIT: "0",
    c.CATEGORY_WORD: "a",
    c.CATEGORY_SPACE: " ",
    c.CATEGORY_NOT_DIGIT: "a",
    c.CATEGORY_NOT_WORD: "-",
    c.CATEGORY_NOT_SPACE: "a",
}
MOST = 10_000


def text_for(pattern: str, least: int = 0) -> str:
    """A short text that the pattern matches, of at least so many letters if it can be.

    >>> text_for(r"^[A-Z]{2}-\\d{3}$")
    'AA-000'

    Raises:
        ValueError: The pattern is none, or asks for more than is made here.
    """
    try:
        parsed = _parser.parse(pattern)
        texts = (_Maker(more).text(parsed) for more in (0, least))
        return next((text for text in texts if len(text) >= least), "x" * least)
    except (re.error, NotImplementedError, RecursionError) as error:
        raise ValueError(f"No text was made for {pattern!r}: {error}") from error


class _Maker:
    def __init__(self, more: int) -> None:
        self._more = more  # how often to repeat what may be repeated
        self._groups: dict[int, str] = {}

    def text(self, parsed: Any) -> str:
        return "".join(self._piece(kind, value) for kind, value in parsed)

    def _piece(self, kind: Any, value: Any) -> str:
        make = getattr(self, f"_{str(kind).lower()}", None)
        if make is None:
            raise NotImplementedError(f"{kind} is not made here")
        made: str = make(value)
        return made

    def _literal(self, value: int) -> str:
        return chr(value)

    def _not_literal(self, value: int) -> str:
        return _first(lambda letter: ord(letter) != value)

    def _any(self, value: None) -> str:
        return "x"

    def _at(self, value: Any) -> str:
        return ""

    def _assert(self, value: Any) -> str:
        return ""  # the caller sees whether the text fits

    _assert_not = _assert

    def _in(self, value: Sequence[Any]) -> str:
        if value[0][0] is c.NEGATE:
            return _first(lambda letter: not _matches(value[1:], letter))
        kind, first = value[0]
        if kind is c.LITERAL:
            return chr(first)
        if kind is c.RANGE:
            return chr(first[0])
        return CATEGORIES[first]

    def _branch(self, value: Any) -> str:
        return self.text(value[1][0])

    def _subpattern(self, value: Any) -> str:
        self._groups[value[0]] = self.text(value[-1])
        return self._groups[value[0]]

    def _groupref(self, value: int) -> str:
        return self._groups[value]

    def _max_repeat(self, value: Any) -> str:
        least, most, repeated = value
        if least > MOST:
            raise NotImplementedError(f"{least} times is too often")
        times = max(least, min(int(most), self._more, MOST))
        return self.text(repeated) * int(times)

    _min_repeat = _possessive_repeat = _max_repeat

    def _atomic_group(self, value: Any) -> str:
        return self.text(value)


def _first(fits: Callable[[str], bool]) -> str:
    for letter in ALPHABET:
        if fits(letter):
            return letter
    raise NotImplementedError("no plain letter fits")


def _matches(choices: Sequence[Any], letter: str) -> bool:
    return any(_is_in(kind, value, letter) for kind, value in choices)


def _is_in(kind: Any, value: Any, letter: str) -> bool:
    if kind is c.LITERAL:
        return bool(ord(letter) == value)
    if kind is c.RANGE:
        return bool(value[0] <= ord(letter) <= value[1])
    return letter.isalnum() if value is c.CATEGORY_WORD else CATEGORIES[value] == letter
