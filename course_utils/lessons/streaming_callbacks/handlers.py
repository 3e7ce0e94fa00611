"""Let handlers listen to a stream, and see what its reader gets.

heard = listen(model, handler)      # .text, .error
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import Runnable

from course_utils.chunks import text_of
from course_utils.clock import VirtualClock
from course_utils.lessons.scenes import on_purpose
from course_utils.teaching.checks import NotYet, expect, expect_equal


class Asked(VirtualClock):
    """A clock that shows another one's time, and counts how often it is asked."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock
        self.times = 0

    def now(self) -> float:
        self.times += 1
        return self.clock.now()


@contextmanager
def quietly() -> Iterator[None]:
    """Without LangChain's warnings, which a check provokes on purpose."""
    logger = logging.getLogger("langchain_core.callbacks.manager")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


@dataclass
class Heard:
    """What the reader of a stream got: the texts, and the error that ended it."""

    texts: list[str] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.texts)


def listen(
    model: Runnable[Any, Any],
    *handlers: Any,
    at_each: Callable[[list[str]], None] = lambda texts: None,
) -> Heard:
    """Read a stream with these handlers; a slip of theirs is raised.

    Args:
        model: A model or a chain.
        at_each: Called with the texts so far whenever the reader gets another one.
    """
    for handler in handlers:
        kind = type(handler).__name__
        every = "every handler is a BaseCallbackHandler."
        known = isinstance(handler, BaseCallbackHandler)
        expect(known, f"LangChain got a {kind} as a handler: {every}")
    reading = Heard()
    with quietly():
        stream = model.stream("Hi", {"callbacks": list(handlers)})
        try:
            for text in map(text_of, stream):
                if text:
                    reading.texts.append(text)
                    at_each(reading.texts)
        except NotYet:
            raise
        except (Exception, KeyboardInterrupt) as error:
            reading.error = error
    if slip := own_error(reading.error):
        raise _explained(slip)
    return reading


@contextmanager
def closed_in_time(*streams: Any) -> Iterator[tuple[Any, ...]]:
    """Streams that are closed afterwards, each by a thread that may be left behind.

    A stream left open is closed by Python some time later, on any thread, and a wrong
    handler that then waits for ever would hold up the learner's own cell.
    """
    try:
        yield streams
    finally:
        for stream in streams:
            closer = threading.Thread(target=_close, args=(stream,), daemon=True)
            closer.start()
            closer.join(0.1)


def _close(stream: Any) -> None:
    with suppress(Exception):  # a handler that breaks once breaks again
        stream.close()


def _explained(slip: BaseException) -> BaseException:
    """The slip; for one that Python words badly, what to do about it."""
    if "multiple values for argument 'response'" not in str(slip):
        return slip
    return NotYet(
        "A call that fails hands `on_llm_error` the error, and a `response` by name: "
        "give it a method of its own, "
        "`on_llm_error(self, error, *, run_id, **kwargs)`."
    )


def own_error(error: BaseException | None) -> BaseException | None:
    """An error that can only come from the learner's code, not from the model."""
    slips = (TypeError, AttributeError, NameError, LookupError, ValueError)
    mine = isinstance(error, slips) and not on_purpose(error)
    stopped = isinstance(error, KeyboardInterrupt) and not on_purpose(error)
    return error if mine or stopped else None


def loud(*handlers: Any) -> tuple[Any, ...]:
    """The same handlers; a slip in one is raised, and not a line in a log."""
    for handler in handlers:
        if isinstance(handler, BaseCallbackHandler):
            handler.raise_error = True
    return handlers


def unknown_event(handler: Any) -> str:
    """What to say of a method that LangChain will never call; empty if none."""
    events = [name for name in dir(handler) if name.startswith("on_")]
    unknown = [name for name in events if not hasattr(BaseCallbackHandler, name)]
    return f" LangChain knows no event `{unknown[0]}`." if unknown else ""


class Request:
    """One request with the answer's handlers, and what these told."""

    def __init__(self, listeners: Any) -> None:
        self.screen: list[Any] = []
        self.log: list[Any] = []
        self.late = False  # whether the reader had a text before the screen
        self.early = False  # whether the log wrote before the screen had all
        handlers = listeners(self._update, self.log.append)
        if not isinstance(handlers, list | tuple):
            expect_equal(handlers, [], "listeners(update, log)")
        empty = "listeners(update, log) gave an empty list: two are missing."
        expect(handlers, empty)
        self.handlers = loud(*handlers)

    def _update(self, text: Any) -> None:
        self.early = self.early or bool(self.log)
        self.screen.append(text)

    def at_each(self, texts: list[str]) -> None:
        """The reader got another text: the screen has it already."""
        self.late = self.late or len(self.screen) < len(texts)
        self.early = self.early or bool(self.log)

    def judge(self, texts: list[str], line: str, when: str) -> None:
        """Go on if screen and log got what they should."""
        unknown = "".join(map(unknown_event, self.handlers))
        compare_heard("update", self.screen, texts, when, unknown)
        fact = f"{when}, the log got {self.log}: it should be one line, {line!r}."
        expect(self.log == [line], fact + unknown)
        expect(not self.early, f"{when}, the log wrote before the answer had ended.")
        late = "update got a token after the reader did: call it as each token comes."
        expect(not self.late, f"{when}, {late}")


def compare_heard(
    name: str, pieces: list[Any], texts: list[str], when: str, unknown: str = ""
) -> None:
    """Whether the learner's function got each token with text, and nothing else."""
    for piece in pieces:
        if not isinstance(piece, str):
            raise NotYet(
                f"{when}, {name} got {piece!r}, a {type(piece).__name__}: the text of "
                "every token is `chunk.text`."
            )
    expect(
        "" not in pieces,
        f"{when}, {name} got '' as well: {pieces}. It is called for tokens with text.",
    )
    got, text = "".join(pieces), "".join(texts)
    fact = f"{when}, {name} got {got!r} in all, and {text!r} arrived.{unknown}"
    expect(got == text, fact)
    times = f"{when}, {name} was called {len(pieces)} times: once for each token."
    expect(len(pieces) == len(texts), times)
