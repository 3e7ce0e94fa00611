"""Exercises and questions of notebook 3, *Streaming callbacks*.

Each exercise is a check of behaviour, some hints, and a solution that the tests run.

    from course_utils.lessons import streaming_callbacks as lesson
"""

import re
from collections.abc import Callable
from typing import Any

from course_utils.buffering import buffered
from course_utils.clock import VirtualClock
from course_utils.exercise import Exercise, NotYet, expect, expect_equal
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.lessons._callback_questions import quiz, rewrite, swallowed
from course_utils.lessons._listening import (
    Asked,
    Blocks,
    listen,
    loud,
    own_error,
    unknown_event,
)
from course_utils.lessons.solutions import streaming_callbacks as solutions
from course_utils.replies import Reply
from course_utils.tokens import pieces

__all__ = [
    "EMAIL",
    "audit",
    "first_token",
    "listeners",
    "quiz",
    "redact",
    "rewrite",
    "swallowed",
]

EMAIL = solutions.EMAIL


# 1 · A stopwatch for the first token

# The clock starts here, so that an hour is never taken for a duration.
_START = 100.0

_TIMED: dict[str, tuple[type[FakeStreamingChatModel], Reply, float | None]] = {
    "with an answer": (
        FakeStreamingChatModel,
        Reply("one two three", first_token=0.5, per_token=0.25),
        0.5,
    ),
    "of one token": (FakeStreamingChatModel, Reply("one", first_token=2.0), 2.0),
    "whose tokens are lists": (Blocks, Reply("one two", first_token=1.5), 1.5),
    "that begins with an empty line": (
        FakeStreamingChatModel,
        Reply("\n\none", first_token=0.5, per_token=0.25),
        0.5,
    ),
    "that begins at once": (
        FakeStreamingChatModel,
        Reply("one two", first_token=0, per_token=0.5),
        0.0,
    ),
    "that breaks after a token": (
        FakeStreamingChatModel,
        Reply("one two", first_token=0.25, drop_after=1),
        0.25,
    ),
    "that breaks before any text": (
        FakeStreamingChatModel,
        Reply("one two", drop_after=0),
        None,
    ),
    "without text": (FakeStreamingChatModel, Reply("", headers_after=1), None),
}


def _check_first_token(make_handler: Any) -> None:
    for name, (kind, reply, seconds) in _TIMED.items():
        clock = VirtualClock(_START)
        asked = Asked(clock)
        handler = make_handler(asked)
        _time(handler, kind(replies=reply, clock=clock))
        _compare(handler, seconds, f"After a stream {name}", asked.times)
    clock = VirtualClock(_START)
    handler = make_handler(clock)
    replies = [Reply("one", first_token=1), Reply("two", first_token=3), Reply("")]
    model = FakeStreamingChatModel(replies=replies, clock=clock)
    for seconds in (1, 3, None):
        _time(handler, model)
        _compare(handler, seconds, "With one handler for several calls, after one")
        clock.advance(60)
    _compare_unused(make_handler(clock))


def _time(handler: Any, model: FakeStreamingChatModel) -> None:
    _, error = listen(model, *loud(handler))
    if slip := own_error(error):
        raise slip


def _compare(handler: Any, seconds: float | None, when: str, asked: int = 1) -> None:
    if not hasattr(handler, "seconds"):
        raise NotYet(f"{when}, the handler has no `.seconds`.{unknown_event(handler)}")
    got = handler.seconds
    got = round(got, 3) if isinstance(got, float | int) else got
    if got == seconds:
        return
    want = "None" if seconds is None else f"{seconds:g}"
    why = _why_wrong(got, seconds, asked) or unknown_event(handler)
    raise NotYet(f"{when}, `.seconds` is {got}, and should be {want}.{why or _LOOK}")


_LOOK = " Look at which token sets it, and where the stopwatch starts."


def _why_wrong(got: Any, seconds: float | None, asked: int) -> str:
    """A guess at why a time is wrong; empty if there is none."""
    if not isinstance(got, float | int):
        return ""
    if not asked:
        return " Nobody asked the clock: it is `self.clock.now()`."
    if got < 0:
        return " Take the start from the time of the token, not the other way round."
    if got >= _START:
        return " That is the hour on the clock: take off what it showed at the start."
    if seconds is None or got < seconds:
        return " Does a token without text count, or a call before?"
    if seconds == 0:
        return " A time of 0 s is a time, too: ask `self.seconds is None`."
    return ""


def _compare_unused(handler: Any) -> None:
    try:
        got = handler.seconds
    except AttributeError:
        raise NotYet(
            "Before the first call the handler has no `.seconds`: set it to None in "
            "`__init__`."
        ) from None
    expect(got is None, f"Before the first call `.seconds` is {got!r}, not None.")


# 2 · A log and a screen

_LOGGED: dict[str, tuple[type[FakeStreamingChatModel], Reply, str]] = {
    "an answer of three tokens": (
        FakeStreamingChatModel,
        Reply("one two three"),
        "finished: 3 tokens",
    ),
    "a token that is an empty line": (
        FakeStreamingChatModel,
        Reply("one\n\ntwo"),
        "finished: 3 tokens",
    ),
    "tokens that are lists": (Blocks, Reply("one two"), "finished: 2 tokens"),
    "no text": (FakeStreamingChatModel, Reply(""), "finished: 0 tokens"),
    "a break after two tokens": (
        FakeStreamingChatModel,
        Reply("one two three", drop_after=2),
        "failed after 2 tokens: ModelConnectionError",
    ),
    "a refusal": (
        FakeStreamingChatModel,
        Reply("one", status=429),
        "failed after 0 tokens: ModelRateLimitError",
    ),
}


def _check_listeners(listeners: Any) -> None:
    for name, (kind, reply, line) in _LOGGED.items():
        screen: list[Any] = []
        log: list[Any] = []
        order: list[str] = []
        handlers = listeners(
            _noting(screen, order, "screen"), _noting(log, order, "log")
        )
        if not isinstance(handlers, list | tuple):
            expect_equal(handlers, [], "listeners(update, log)")
        expect(handlers, "listeners(update, log) gave an empty list: two are missing.")
        text, error = listen(kind(replies=reply), *loud(*handlers))
        if slip := own_error(error):
            raise slip
        unknown = "".join(map(unknown_event, handlers))
        _compare_heard("update", screen, text, f"With {name}", unknown)
        expect(
            log == [line],
            f"With {name}, the log got {log}: it should be one line, {line!r}."
            + unknown,
        )
        expect(
            order[-1:] == ["log"],
            f"With {name}, the log wrote before the answer had ended.",
        )


def _noting(place: list[Any], order: list[str], name: str) -> Callable[[Any], None]:
    """A function that takes a text and remembers it."""

    def note(text: Any) -> None:
        place.append(text)
        order.append(name)

    return note


def _compare_heard(
    name: str, heard: list[Any], text: str, when: str, unknown: str = ""
) -> None:
    """Whether the learner's function got each token of a text, and nothing else."""
    for piece in heard:
        if not isinstance(piece, str):
            raise NotYet(
                f"{when}, {name} got {piece!r}, a {type(piece).__name__}: the text of "
                "every token is `chunk.text`."
            )
    expect(
        "" not in heard,
        f"{when}, {name} got '' as well: {heard}. It is called for tokens with text.",
    )
    expect(
        "".join(heard) == text,
        f"{when}, {name} got {''.join(heard)!r} in all, and {text!r} arrived.{unknown}",
    )
    expect(
        len(heard) == len(pieces(text)),
        f"{when}, {name} was called {len(heard)} times: once for each token.",
    )


# 3 · An audit that cannot be skipped


class _DiskFullError(OSError):
    """What the check's own `write` raises."""


def _check_audit(make_handler: Any) -> None:
    for kind in (FakeStreamingChatModel, Blocks):
        written: list[Any] = []
        handler = make_handler(written.append)
        text, error = listen(kind(replies="one two\n\nthree"), handler)
        if slip := own_error(error):
            raise slip
        when = f"When every token is {'a list' if kind is Blocks else 'a string'}"
        _compare_heard("write", written, text, when, unknown_event(handler))
    for room in (0, 1, 2):
        _check_full_disk(make_handler, room)


def _check_full_disk(make_handler: Any, room: int) -> None:
    """A disk with room for so many tokens, then an error."""
    written: list[str] = []

    def write(text: str) -> None:
        if len(written) == room:
            raise _DiskFullError("the disk is full")
        written.append(text)

    text, error = listen(
        FakeStreamingChatModel(replies="one two three"), make_handler(write)
    )
    if slip := own_error(error):
        raise slip
    recorded = "".join(written)
    if error is None:
        raise NotYet(
            f"write failed at token {room + 1}, and the reader read on: {text!r}. "
            "Who swallowed the error?"
        )
    expect(
        isinstance(error, _DiskFullError),
        f"write failed, and the reader got a {type(error).__name__}, not its error.",
    )
    expect(text == recorded, f"The reader got {text!r}, recorded is {recorded!r}.")


# 4 · No e-mail address on the screen

_LETTERS = [
    "Write to ada.lovelace@example.com or to bob@example.org.",
    "ada@example.com",
    "",
    "No address at all, only an @ sign.",
    "Two lines:\nada@example.com\nbob@example.org",
    "ada@example.com, ada@example.com, and again ada@example.com!",
    " A blank before, \n\n  some between, and a line break after.\n",
]


def _check_redact(make_buffer: Any) -> None:
    for letter in _LETTERS:
        for size in (1, 2, 3, 7, len(letter) or 1):
            cut = [letter[i : i + size] for i in range(0, len(letter), size)]
            parts = _parts(make_buffer, cut)
            _compare_letter(letter, size, parts)
    _compare_two(make_buffer(), make_buffer())
    buffer = make_buffer()
    out = str(buffer.push("All words ")) + str(buffer.push("go on at o"))
    expect(
        out.startswith("All words go on at"),
        f"After 'All words go on at o' only {out!r} had left: a word that is followed "
        "by a space can't become an address any more.",
    )
    sent = list(buffered(make_buffer).transform(iter(["one ", "two"])))
    expect_equal("".join(sent), "one two", "the text of buffered(Redact)")


def _compare_two(one: Any, other: Any) -> None:
    """Two streams at once: neither gets what the other holds."""
    one.push("one")
    got = other.push("two ") + other.flush()
    expect(
        got == "two ",
        f"Two streams at once: one got 'one', the other 'two ', and out came {got!r}. "
        "They share what you hold: keep it on `self`.",
    )


def _parts(make_buffer: Any, cut: list[str]) -> list[str]:
    """What a buffer lets out: after each piece, and at the end."""
    buffer = make_buffer()
    parts = [buffer.push(piece) for piece in cut] + [buffer.flush()]
    for method, part in zip(["push"] * len(cut) + ["flush"], parts, strict=True):
        if not isinstance(part, str):
            raise NotYet(
                f"{method} gave {part!r}: it returns text, '' if nothing is ready. "
                "Is a `return` missing?"
            )
    again = buffer.flush()
    expect(not again, f"A second flush gave {again!r} once more.")
    return parts


def _compare_letter(letter: str, size: int, parts: list[str]) -> None:
    got, want = "".join(parts), EMAIL.sub("[e-mail]", letter)
    how = f"{letter!r} in pieces of {size}"
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


first_token = Exercise(
    "first_token",
    check=_check_first_token,
    hints=[
        "Two events matter: `on_chat_model_start` and `on_llm_new_token`. Give both "
        "`**kwargs`.",
        "At the start, note `self.clock.now()` and set `self.seconds = None`. At a "
        "token, `chunk.text` says whether there is text.",
        "Only the first token with text counts: look whether `self.seconds` is still "
        "`None`.",
    ],
    solution=solutions.FirstToken,
)

listeners = Exercise(
    "listeners",
    check=_check_listeners,
    hints=[
        "Two handlers in a list. For the screen you have seen one that takes a "
        "function.",
        "The log needs a class: count in `on_llm_new_token`, write in `on_llm_end` "
        "and in `on_llm_error`.",
        "Count with `bool(chunk.text)`, so that empty tokens add nothing.",
    ],
    solution=solutions.listeners,
)

audit = Exercise(
    "audit",
    check=_check_audit,
    hints=[
        "A handler hears a token before the reader does: `on_llm_new_token` is the "
        "place to write.",
        "One attribute of the class decides whether an error in it is swallowed.",
        "Write `chunk.text`, and only where there is some.",
    ],
    solution=solutions.Audit,
)

redact = Exercise(
    "redact",
    check=_check_redact,
    hints=[
        "An address has no space in it. So what follows the last space is what you "
        "hold.",
        'Find the last space with `self.held.rfind(" ")`; it gives -1 if there is '
        "none. Redact what goes on, not what is held.",
        "`flush` redacts the rest, returns it and holds nothing afterwards.",
    ],
    solution=solutions.Redact,
)
