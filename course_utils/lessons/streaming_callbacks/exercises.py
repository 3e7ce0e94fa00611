"""Exercises and questions of notebook 3, *Streaming callbacks*.

Each exercise is a check of behaviour, some hints, and a solution that the tests run.

    from course_utils.lessons import streaming_callbacks as lesson
"""

import re
from typing import Any

from langchain_core.exceptions import ModelConnectionError, ModelRateLimitError
from langchain_core.output_parsers import StrOutputParser

from course_utils.buffering.stage import buffered
from course_utils.clock import VirtualClock
from course_utils.lessons.buffers import are_apart, cut, is_used_again, lets_go, pushed
from course_utils.lessons.scenes import NASTY, PIECES, Broke, in_turns, interrupt, take
from course_utils.lessons.scripted import (
    Scripted,
    answer,
    calling,
    in_blocks,
    say,
    thinking,
)
from course_utils.lessons.streaming_callbacks import solutions
from course_utils.lessons.streaming_callbacks.handlers import (
    Asked,
    Request,
    compare_heard,
    listen,
    loud,
    unknown_event,
)
from course_utils.lessons.streaming_callbacks.questions import quiz, rewrite, swallowed
from course_utils.teaching.checks import NotYet, expect, expect_equal
from course_utils.teaching.exercise import Exercise

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

# What a model sends, with its waits, and when its first text comes.
_TIMED: dict[str, tuple[list[Any], float | None]] = {
    "with an answer": ([say(), 0.5, say("one"), 0.25, say(" two"), 0.25], 0.5),
    "of one token": ([say(), 2.0, say("one"), say("", "stop")], 2.0),
    "whose tokens are lists": ([in_blocks(""), 1.5, in_blocks("one")], 1.5),
    "that thinks first": ([0.5, thinking("Hm."), 0.5, in_blocks("one")], 1.0),
    "that begins with an empty line": ([say(), 0.5, say("\n\n"), 0.25, say("1")], 0.5),
    "that begins at once": ([say(), say("one"), 0.5, say(" two")], 0.0),
    "whose only text comes with its end": ([say(), 1.5, say("one", "stop")], 1.5),
    "that breaks after a token": ([0.25, say("one"), 1, Broke("on purpose")], 0.25),
    "that is interrupted after a token": ([0.25, say("one"), 1, interrupt()], 0.25),
    "that breaks before any text": ([say(), 1, ValueError("on purpose")], None),
    "that only calls a tool": ([0.5, calling("pay", "{}"), say("", "stop")], None),
    "without text": ([say(), 1, say("", "stop")], None),
}


def _check_first_token(make_handler: Any) -> None:
    for name, (script, seconds) in _TIMED.items():
        clock = VirtualClock(_START)
        asked = Asked(clock)
        handler = make_handler(asked)
        listen(Scripted(answers=[script], clock=clock), *loud(handler))
        _compare(handler, seconds, f"After a stream {name}", asked.times)
    clock = VirtualClock(_START)
    handler = make_handler(clock)
    calls = {1: [1, say("one")], 3: [3, say("two")], None: [say("", "stop")]}
    model = Scripted(answers=list(calls.values()), clock=clock)
    for seconds in calls:
        listen(model, *loud(handler))
        _compare(handler, seconds, "With one handler for several calls, after one")
        clock.advance(60)
    _compare_unused(make_handler(clock))
    _time_two_at_once(make_handler)


def _time_two_at_once(make_handler: Any) -> None:
    """Two calls that overlap, each with a handler of its own."""
    clock = VirtualClock(_START)
    handlers = [*loud(make_handler(clock), make_handler(clock))]
    model = Scripted(answers=[[say(), 1, say("one")], [say(), 3, say("two")]])
    model.clock = clock
    streams = [model.stream("Hi", {"callbacks": [each]}) for each in handlers]
    for stream in streams:
        next(stream)
        clock.advance(5)
    for stream, handler, seconds in zip(streams, handlers, (11, 9), strict=True):
        take(stream)
        _compare(handler, seconds, "With two calls at once, after one")


def _compare(handler: Any, seconds: float | None, when: str, asked: int = 1) -> None:
    if not hasattr(handler, "seconds"):
        raise NotYet(f"{when}, the handler has no `.seconds`.{unknown_event(handler)}")
    got = handler.seconds
    text = f"{when}, `.seconds` is the text {got!r}: a number is wanted."
    expect(not isinstance(got, str), text)
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

_TWO = [say(), say("one"), say(" two")]
_LOGGED: dict[str, tuple[list[Any], str]] = {
    "an answer of three tokens": (
        [*_TWO, say(" three"), say("", "stop")],
        "finished: 3 tokens",
    ),
    "a token that is an empty line": (
        answer(["one", "\n\n", "two"]),
        "finished: 3 tokens",
    ),
    "tokens that are lists": (
        [thinking("Hm."), in_blocks("one"), in_blocks(" two", "stop")],
        "finished: 2 tokens",
    ),
    "text beside the finish reason": (
        [*_TWO, say(" three", "stop")],
        "finished: 3 tokens",
    ),
    "odd text": (answer(PIECES), f"finished: {sum(map(bool, PIECES))} tokens"),
    "no text": (answer([]), "finished: 0 tokens"),
    "a tool call": (
        [calling("pay", "{}"), say("", "tool_calls")],
        "finished: 0 tokens",
    ),
    "a break after two tokens": (
        [*_TWO, ModelConnectionError("on purpose")],
        "failed after 2 tokens: ModelConnectionError",
    ),
    "an odd error after two tokens": (
        [*_TWO, ValueError("on purpose")],
        "failed after 2 tokens: ValueError",
    ),
    "the square button after two tokens": (
        [*_TWO, interrupt()],
        "failed after 2 tokens: KeyboardInterrupt",
    ),
    "a refusal": (
        [ModelRateLimitError("on purpose")],
        "failed after 0 tokens: ModelRateLimitError",
    ),
}


def _check_listeners(listeners: Any) -> None:
    for name, (script, line) in _LOGGED.items():
        for chain in (Scripted(answers=[script]), _parsed(script)):
            request = Request(listeners)
            heard = listen(chain, *request.handlers, at_each=request.at_each)
            request.judge(heard.texts, line, f"With {name}")
    _listen_to_two(listeners)


def _parsed(script: list[Any]) -> Any:
    """The same model in a chain, which has events of its own."""
    return Scripted(answers=[script]) | StrOutputParser()


def _listen_to_two(listeners: Any) -> None:
    """Two requests at once: neither counts what the other one says."""
    requests = [Request(listeners), Request(listeners)]
    scripts = [answer(["one", " two", " three"]), answer(["four"])]
    streams = [
        Scripted(answers=[script]).stream("Hi", {"callbacks": [*request.handlers]})
        for script, request in zip(scripts, requests, strict=True)
    ]
    in_turns(*streams)
    for request, script in zip(requests, scripts, strict=True):
        texts = [str(chunk.text) for chunk in script if chunk.text]
        line = f"finished: {len(texts)} tokens"
        request.judge(texts, line, "With two requests at once")


# 3 · An audit that cannot be skipped


class _DiskFullError(OSError):
    """What the check's own `write` raises."""


_AUDITED = {
    "a string": answer(["", "one", " two", "\n\n", "three"]),
    "a list": [thinking("Hm."), in_blocks("one"), in_blocks(" two", "stop")],
    "odd": answer(PIECES),
    "a string, and the last one brings the finish reason": [say("1"), say("2", "stop")],
}
_WRITE_ERRORS = [_DiskFullError, ValueError, RuntimeError]


def _check_audit(make_handler: Any) -> None:
    for kind, script in _AUDITED.items():
        written: list[Any] = []
        handler = make_handler(written.append)
        unwritten: list[str] = []

        def at_each(texts: list[str], written: Any = written, late: Any = unwritten):  # type: ignore[no-untyped-def]
            late.extend(texts[len(written) :])

        heard = listen(Scripted(answers=[script]), handler, at_each=at_each)
        when = f"When every token is {kind}"
        compare_heard("write", written, heard.texts, when, unknown_event(handler))
        late = f"{when}, the reader had {unwritten[:1]} before it was written."
        expect(not unwritten, late)
    for number, error in enumerate(_WRITE_ERRORS):
        _check_full_disk(make_handler, number, error("on purpose"))
    _write_two_at_once(make_handler)


def _check_full_disk(make_handler: Any, room: int, failure: Exception) -> None:
    """A disk with room for so many tokens, then an error; later it has room again."""
    written: list[str] = []
    failed: list[Exception] = []

    def write(text: str) -> None:
        if len(written) == room and not failed:
            failed.append(failure)
            raise failure
        written.append(text)

    script = answer(["one", " two", " three", " four"])
    heard = listen(Scripted(answers=[script]), make_handler(write))
    recorded = "".join(written)
    if heard.error is None:
        raise NotYet(
            f"write failed at token {room + 1}, and the reader read on: "
            f"{heard.text!r}. Who swallowed the error?"
        )
    kind = type(heard.error).__name__
    its = f"write failed, and the reader got a {kind}, not its error."
    expect(heard.error is failure, its)
    told = f"The reader got {heard.text!r}, recorded is {recorded!r}."
    expect(heard.text == recorded, told)


def _write_two_at_once(make_handler: Any) -> None:
    """Two handlers: each writes to its own place."""
    places: list[list[str]] = [[], []]
    handlers = [make_handler(place.append) for place in places]
    for handler, text in zip(handlers, ("one", "two"), strict=True):
        listen(Scripted(answers=[answer([text])]), handler)
    why = f"Two handlers wrote {places}, and each has a place of its own."
    expect(places == [["one"], ["two"]], why)


# 4 · No e-mail address on the screen

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


def _check_redact(make_buffer: Any) -> None:
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
