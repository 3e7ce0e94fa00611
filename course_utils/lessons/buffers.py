"""Scenes for a buffer, a class with `push` and `flush`: what goes on, and when.

Whatever the pieces are, every character comes out once, nothing waits longer than it
must, and two buffers know nothing of each other.

    parts = pushed(Redact, ["one ", "two"])       # what each push and the flush gave
"""

from collections.abc import Callable, Sequence
from typing import Any

from course_utils.lessons.scenes import MANY
from course_utils.teaching.checks import NotYet, expect, guess, shorten

Make = Callable[[], Any]


def cut(text: str, size: int) -> list[str]:
    """A text in pieces of so many letters."""
    return [text[n : n + size] for n in range(0, len(text), size)]


def pushed(make: Make, pieces: Sequence[str]) -> list[str]:
    """What a new buffer lets out: after each piece, and at the end."""
    buffer = make()
    parts = [buffer.push(piece) for piece in pieces] + [buffer.flush()]
    for method, part in zip(["push"] * len(pieces) + ["flush"], parts, strict=True):
        if not isinstance(part, str):
            raise NotYet(
                f"{method} gave {shorten(part)}: it returns text, '' if nothing is "
                f"ready. {guess(part, '')}".rstrip()
            )
    again = buffer.flush()
    fact = f"A second flush gave {again!r} once more: is the buffer empty?"
    expect(not again, fact)
    return parts


def lets_go(
    make: Make,
    pieces: Sequence[str],
    ready: Callable[[str], str],
    why: str,
    *,
    exactly: bool = False,
) -> None:
    """Go on if after each piece all text is out that is ready, and no more if so."""
    text = out = ""
    for piece, part in zip(pieces, pushed(make, pieces), strict=False):
        text, out = text + piece, out + part
        fact = f"After {text[-60:]!r} only {out[-60:]!r} had left: {why}"
        expect(out.startswith(ready(text)), fact)
        more = f"After {text[-60:]!r} already {out[-60:]!r} had left: {why}"
        expect(not exactly or out == ready(text), more)


def is_used_again(make: Make, whole: Callable[[str], str]) -> None:
    """Go on if a buffer that was flushed takes a second text, and a long one."""
    buffer = make()
    for text in ("One. Two", "Three. Four"):
        got = buffer.push(text) + buffer.flush()
        fact = f"The same buffer got {text!r} after a flush, and gave {got!r}."
        expect(got == whole(text), fact)
    got = "".join(pushed(make, MANY))
    expect(got == whole("".join(MANY)), f"Of 3,000 pieces came {shorten(got)}.")


def are_apart(one: Any, other: Any) -> None:
    """Go on if neither of two buffers gets what the other holds."""
    first = one.push("one")
    second = other.push("two ") + other.flush()
    first += one.flush()
    expect(
        (first, second) == ("one", "two "),
        f"Two at once: one got 'one' and gave {first!r}, the other got 'two ' and gave "
        f"{second!r}. They share what you hold: keep it on `self`.",
    )
