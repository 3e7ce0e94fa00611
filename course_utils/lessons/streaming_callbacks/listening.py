"""The checks of a log beside a screen, and of an audit that stops a stream."""

from typing import Any

from langchain_core.exceptions import ModelConnectionError, ModelRateLimitError
from langchain_core.output_parsers import StrOutputParser

from course_utils.lessons.scenes import PIECES, in_turns, interrupt
from course_utils.lessons.scripted import (
    Scripted,
    answer,
    calling,
    in_blocks,
    say,
    thinking,
)
from course_utils.lessons.streaming_callbacks.handlers import (
    Request,
    compare_heard,
    listen,
    unknown_event,
)
from course_utils.teaching.checks import NotYet, expect

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


def check_listeners(listeners: Any) -> None:
    for name, (script, line) in _LOGGED.items():
        for chain in (Scripted(answers=[script]), _parsed(script)):
            request = Request(listeners)
            reading = listen(chain, *request.handlers, at_each=request.at_each)
            request.judge(reading.texts, line, f"With {name}")
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


# An audit that cannot be skipped


class _DiskFullError(OSError):
    """What the check's own `write` raises."""


_AUDITED = {
    "a string": answer(["", "one", " two", "\n\n", "three"]),
    "a list": [thinking("Hm."), in_blocks("one"), in_blocks(" two", "stop")],
    "odd": answer(PIECES),
    "a string, and the last one brings the finish reason": [say("1"), say("2", "stop")],
}
_WRITE_ERRORS = [_DiskFullError, ValueError, RuntimeError]


def check_audit(make_handler: Any) -> None:
    for kind, script in _AUDITED.items():
        written: list[Any] = []
        handler = make_handler(written.append)
        unwritten: list[str] = []

        def at_each(texts: list[str], written: Any = written, late: Any = unwritten):  # type: ignore[no-untyped-def]
            late.extend(texts[len(written) :])

        reading = listen(Scripted(answers=[script]), handler, at_each=at_each)
        when = f"When every token is {kind}"
        compare_heard("write", written, reading.texts, when, unknown_event(handler))
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
    reading = listen(Scripted(answers=[script]), make_handler(write))
    recorded = "".join(written)
    if reading.error is None:
        raise NotYet(
            f"write failed at token {room + 1}, and the reader read on: "
            f"{reading.text!r}. What swallowed the error?"
        )
    kind = type(reading.error).__name__
    its = f"write failed, and the reader got a {kind}, not its error."
    expect(reading.error is failure, its)
    fact = f"The reader got {reading.text!r}, recorded is {recorded!r}."
    expect(reading.text == recorded, fact)


def _write_two_at_once(make_handler: Any) -> None:
    """Two handlers: each writes to its own place."""
    places: list[list[str]] = [[], []]
    handlers = [make_handler(place.append) for place in places]
    for handler, text in zip(handlers, ("one", "two"), strict=True):
        listen(Scripted(answers=[answer([text])]), handler)
    why = f"Two handlers wrote {places}, and each has a place of its own."
    expect(places == [["one"], ["two"]], why)
