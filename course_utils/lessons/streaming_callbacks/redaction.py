"""The check of a buffer that takes e-mail addresses out of a stream."""

import re
from typing import Any

from course_utils.buffering.stage import buffered
from course_utils.lessons.buffers import are_apart, cut, is_used_again, lets_go, pushed
from course_utils.lessons.scenes import NASTY, PIECES, take
from course_utils.lessons.streaming_callbacks.solutions import EMAIL
from course_utils.teaching.checks import expect, expect_equal

_LETTERS = [
    "Write to ada.lovelace@example.com or to bob@example.org.",
    "ada@example.com",
    "",
    "No address at all, only an @ sign.",
    "Two lines:\nada@example.com\nbob@example.org",
    "ada@example.com, ada@example.com, and again ada@example.com!",
    f"{'a.very+long_name-' * 4}of@{'sub-domain.' * 3}Example.COM is one, 80 long.",
    "Jörg@Müller-Söhne.example v3.5\tx@example.com\n",
    " A blank before, \n\n  some between, and a line break after.\n",
]


def check_redact(make_buffer: Any) -> None:
    for letter in _LETTERS:
        for size in (1, 2, 3, 7, len(letter) or 1):
            parts = pushed(make_buffer, cut(letter, size))
            _compare_letter(letter, size, parts)
    _compare_letter(NASTY, 0, pushed(make_buffer, PIECES))
    are_apart(make_buffer(), make_buffer())
    why = "a word that is followed by a space can't become an address any more."
    for letter in (*_LETTERS, "All words go on at once. "):
        for size in (1, 4):
            lets_go(make_buffer, cut(letter, size), _up_to_the_last_space, why)
    is_used_again(make_buffer, _redacted)
    sent = take(buffered(make_buffer).transform(iter(["one ", "two"])))
    expect_equal("".join(sent), "one two", "the text of buffered(Redact)")


def _redacted(text: str) -> str:
    return EMAIL.sub("[e-mail]", text)


def _up_to_the_last_space(text: str) -> str:
    return _redacted(text[: text.rfind(" ") + 1])


def _compare_letter(letter: str, size: int, parts: list[str]) -> None:
    got, want = "".join(parts), _redacted(letter)
    how = f"{letter!r} in pieces of {size}" if size else f"{letter!r} in odd pieces"
    expect(
        not EMAIL.search(got),
        f"From {how} came {got!r}: there is an address in it. Does it come in pieces, "
        "or at the very end?",
    )
    early = re.search(r"\[e-mail\]\w", got)
    why = (
        "It was replaced before the address had ended."
        if early
        else ("Is something lost, or too much?")
    )
    expect(got == want, f"From {how} came {got!r}, and should be {want!r}. {why}")
