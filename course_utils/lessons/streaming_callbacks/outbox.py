"""The check of a handler that hands its tokens to a thread of its own.

The scene's `draw` stands still until the reader has the whole answer: a handler that
draws by itself would hold the reader up, and is told so.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from langchain_core.exceptions import ModelConnectionError

from course_utils.lessons.scenes import MANY, PIECES, interrupt, on_purpose
from course_utils.lessons.scripted import (
    Scripted,
    answer,
    calling,
    in_blocks,
    say,
    thinking,
)
from course_utils.lessons.streaming_callbacks.handlers import (
    Heard,
    closed_in_time,
    compare_heard,
    listen,
    loud,
    quietly,
    unknown_event,
)
from course_utils.teaching.checks import NotYet, expect

_WAIT = 2.0  # real seconds: a reader that has not all the text by then is held up

_MOMENT = 0.05  # real seconds in which a thread that is let go draws a text

_DRAWN: dict[str, list[Any]] = {
    "an answer of three tokens": answer(["one", " two", " three"]),
    "a token that is an empty line": answer(["one", "\n\n", "two"]),
    "tokens that are lists": [
        thinking("Hm."),
        in_blocks("one"),
        in_blocks(" two", "stop"),
    ],
    "odd text": answer(PIECES),
    "one text again and again": answer(["no "] * 20),
    "no text": answer([]),
    "a tool call": [calling("pay", "{}"), say("", "tool_calls")],
    "a break after two tokens": [
        say("one"),
        say(" two"),
        ModelConnectionError("on purpose"),
    ],
    "an odd error after a token": [say("one"), ValueError("on purpose")],
    "the square button after a token": [say("one"), interrupt()],
    "a break before any token": [ValueError("on purpose")],
    "three thousand tokens": answer(MANY),
}


class Screen:
    """Draws only when the reader has everything, and notes who drew, and when."""

    def __init__(self) -> None:
        self.reader = threading.current_thread()
        self.go = threading.Event()
        self.drawn: list[Any] = []
        self.by_reader = self.at_once = self.held = False
        self._busy = threading.Lock()

    def draw(self, text: Any) -> None:
        """What the learner's handler is given."""
        if threading.current_thread() is self.reader:
            self.by_reader = True
        elif not self.go.wait(_WAIT):
            self.held = True
            self.go.set()
        if self._busy.acquire(blocking=False):
            time.sleep(0)  # so that a second drawer has its chance
            self.drawn.append(text)
            self._busy.release()
        else:
            self.at_once = True


def check_outbox(make_handler: Any) -> None:
    """The check of a handler with a queue and a thread."""
    for name, script in _DRAWN.items():
        before = set(threading.enumerate())
        screen = Screen()
        handler = make_handler(screen.draw)
        reading = _read(script, handler, screen)
        when = f"With {name}"
        _judge(screen, reading, when, unknown_event(handler))
        _judge_threads(before, when)
    _draw_two(make_handler)


def _read(script: list[Any], handler: Any, screen: Screen) -> Heard:
    """Read an answer; when the reader has the last text, the screen may draw."""
    wanted = sum(bool(getattr(chunk, "text", "")) for chunk in script)

    def at_each(texts: list[str]) -> None:
        if len(texts) == wanted:
            screen.go.set()

    if not wanted:
        screen.go.set()
    found: list[Heard] = []
    failed: list[BaseException] = []

    def read() -> None:
        screen.reader = threading.current_thread()
        try:
            model = Scripted(answers=[script])
            found.append(listen(model, *loud(handler), at_each=at_each))
        except BaseException as error:
            failed.append(error)

    _in_time(read, screen)
    for error in [*failed, *(reading.error for reading in found)]:
        if error is not None and not on_purpose(error):
            raise error  # a slip of the handler, or of a thread never started
    return found[0]


def _in_time(read: Callable[[], None], screen: Screen) -> None:
    """Read on a thread of its own: a handler that waits for ever is told so."""
    reader = threading.Thread(target=read, daemon=True)
    with quietly():  # a reader that is left behind would keep the log shut
        reader.start()
        reader.join(2 * _WAIT)
        screen.go.set()
        reader.join(_WAIT / 4)
    expect(
        not reader.is_alive(),
        "The call does not end: its handler waits for a thread, and that thread waits "
        "for the next text. What tells it to end?",
    )


def _judge(screen: Screen, reading: Heard, when: str, unknown: str) -> None:
    direct = "draw was called by the thread that reads the stream, which waited for it."
    expect(not screen.by_reader, f"{when}, {direct} Give the text to the queue.")
    held = "the reader waited while the screen stood still: does the queue have room?"
    expect(not screen.held, f"{when}, {held}")
    two = "two threads called draw at the same time: one thread keeps the order."
    expect(not screen.at_once, f"{when}, {two}")
    if len(screen.drawn) < len(reading.texts):
        fact = f"{len(screen.drawn)} of {len(reading.texts)} texts had been drawn"
        raise NotYet(
            f"{when}, {fact} when the call was over: what waits for the thread, after "
            f"an end and after an error?{unknown}"
        )
    compare_heard("draw", screen.drawn, reading.texts, when, unknown)
    order = f"{when}, the texts were drawn in another order than they came."
    expect(screen.drawn == reading.texts, order)


def _judge_threads(before: set[threading.Thread], when: str) -> None:
    """Whether every thread that the handler started has ended, or soon does."""
    left = [t for t in threading.enumerate() if t not in before]
    for thread in left:
        thread.join(0.5)
    names = [thread for thread in left if thread.is_alive()]
    why = "a thread still waits at the queue after the call: what tells it to end?"
    expect(not names, f"{when}, {why}")


def _draw_two(make_handler: Any) -> None:
    """Two calls at once, each with a handler and a screen of its own.

    The second one's screen is let go while the first one's stands still: a thread that
    takes from a queue of both now draws what is not its own.
    """
    screens = [Screen(), Screen()]
    handlers = [make_handler(screen.draw) for screen in screens]
    with quietly(), closed_in_time(*map(_read_words, handlers, "ab")) as streams:
        first, second = streams
        for stream in (second, first, first, first):
            next(stream)
        for screen, texts in zip(reversed(screens), (1, 3), strict=True):
            screen.go.set()
            _until_drawn(screen, texts)
        _are_apart(screens)
        for stream in streams:
            list(stream)
    _are_apart(screens, "a1a2a3", "b1b2b3")


def _until_drawn(screen: Screen, texts: int) -> None:
    """Wait until it has drawn so many, and a moment for one that is not its own."""
    for _ in range(200):
        if len(screen.drawn) >= texts:
            break
        time.sleep(_MOMENT / 10)
    time.sleep(_MOMENT)


def _are_apart(screens: list[Screen], *whole: str) -> None:
    drawn = ["".join(map(str, screen.drawn)) for screen in screens]
    mixed = "b" in drawn[0] or "a" in drawn[1]
    why = f"Two calls at once drew {drawn}: what do the two handlers share?"
    expect(not mixed and drawn == [*(whole or drawn)], why)


def _read_words(handler: Any, name: str) -> Any:
    words = answer([f"{name}{number}" for number in (1, 2, 3)])
    return Scripted(answers=[words]).stream("Hi", {"callbacks": [*loud(handler)]})
