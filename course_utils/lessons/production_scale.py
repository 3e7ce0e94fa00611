"""Exercises and questions of notebook 5, *Production scale*.

Besides them it holds what the notebook measures and serves with: the cost of showing
text, a small web site, and the page that a browser reads a stream with.

    from course_utils.lessons import production_scale as lesson
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal
from urllib.request import Request

from fastapi.responses import HTMLResponse
from langchain_core.exceptions import ModelConnectionError

from course_utils.buffering import Throttle
from course_utils.clock import Clock, VirtualClock
from course_utils.exercise import Exercise, NotYet, expect, expect_equal, guess, shorten
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.fake_server import FakeServer
from course_utils.lessons._early import texts_come_early
from course_utils.lessons._scale_questions import (
    always_better,
    cache_and_stream,
    quiz,
    twice_as_long,
)
from course_utils.lessons._scale_streams import (
    EndsWithText,
    async_generator,
    error_last,
    first_comes_early,
    keeps_the_last_text,
    leaves_a_silence,
    reads_ahead,
    same_items,
)
from course_utils.lessons._scenes import hush
from course_utils.lessons._site import PAGE, PAGE_SCRIPT, Site, quiet, settled
from course_utils.lessons.solutions import production_scale as solutions
from course_utils.offline import open_local
from course_utils.plots import Table, table
from course_utils.replies import Reply

__all__ = [
    "PAGE_SCRIPT",
    "Site",
    "always_better",
    "cache_and_stream",
    "display_costs",
    "every",
    "page",
    "quiet",
    "quiz",
    "screen_cost",
    "settled",
    "twice_as_long",
    "wire_bytes",
]

Way = Literal["all, each token", "all, throttled", "new, throttled"]

# What the notebook measures and serves with

page = HTMLResponse(PAGE)

# A message to a page carries a header: 556 bytes in JupyterLab 4.6, measured.
HEADER = 556
MEASURED = Path(__file__).parents[2] / "benchmarks" / "live.md"
UPDATES_PER_SECOND = 20  # as `show` does
TOKENS_PER_SECOND = 200


def screen_cost(way: Way, tokens: int) -> tuple[int, float]:
    """What showing so many tokens costs: messages, and kilobytes sent.

    The answer comes at 200 tokens a second, and a throttle lets one in ten of them
    through. Each update is one message: a header and the text as JSON.
    """
    clock = VirtualClock()  # it counts tokens, not seconds: whole numbers are exact
    rest = TOKENS_PER_SECOND / UPDATES_PER_SECOND if "throttled" in way else 0.0
    throttle = Throttle(rest, clock)
    messages, size, shown = 0, 0, ""
    for number in range(tokens):
        clock.time = number
        if new := throttle.push(" word"):
            shown += new
            sent = shown if way.startswith("all") else new
            messages += 1
            size += HEADER + len(json.dumps({"value": sent}))
    return messages, round(size / 1000)


def display_costs(tokens: int) -> Table:
    """What `benchmarks/live.md` says that showing so many tokens costs, by way."""
    rows: list[list[str]] = []
    if MEASURED.exists():  # it is in the course's folder, not in the package
        below = MEASURED.read_text("utf-8").partition(f"## {tokens:,} tokens\n")[2]
        lines = below.partition("\n## ")[0].splitlines()
        cells = [line.strip("| ").split(" | ") for line in lines if line[:1] == "|"]
        rows = [
            [way, messages, sent, f"{kernel} s", f"{browser} s"]
            for way, messages, sent, kernel, browser, *_ in cells[2:]
        ]
    return table(
        rows,
        columns=["way", "messages", "bytes per byte of text", "kernel", "browser"],
        caption=f"What showing {tokens:,} tokens costs",
    )


def wire_bytes(answer: str) -> tuple[int, int]:
    """How many bytes a server sends for an answer: at once, and as a stream."""
    asked = {"model": "fake", "messages": [{"role": "user", "content": "Hi"}]}
    head = {"Authorization": "Bearer offline", "Content-Type": "application/json"}
    sizes = []
    with FakeServer(answer) as server:
        for stream in (False, True):
            body = json.dumps({**asked, "stream": stream}).encode()
            request = Request(f"{server.url}/chat/completions", body, head)
            with open_local(request, timeout=30) as response:
                sizes.append(len(response.read()))
    return sizes[0], sizes[1]


def every(seconds: float, clock: Clock) -> Callable[[], bool]:
    """A function that is true when it is time: at once, then after so many seconds."""
    due = float("-inf")

    def time_to_update() -> bool:
        nonlocal due
        if clock.now() < due:
            return False
        due = clock.now() + seconds
        return True

    return time_to_update


def _model(*replies: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=list(replies))


# 1 · Throttle


# The text of a push, its moment, and what comes back. The pause is no whole number of
# waits: an update that counts from a grid, not from the last one, comes too early.
PUSHES = [
    ("a", 0, "a"),
    ("b", 0.125, ""),
    ("c", 0.2, ""),
    ("d", 0.25, "bcd"),
    ("e", 0.375, ""),
    ("f", 0.5, "ef"),
    ("g", 1.375, "g"),
    ("h", 1.5, ""),
    ("i", 1.625, "hi"),
]


def _check_token_throttle(token_throttle: Callable[..., Any]) -> None:
    clock = VirtualClock()
    throttle = token_throttle(0.25, clock)
    last = "the first text goes at once"
    for text, moment, want in PUSHES:
        clock.time = moment
        got = throttle.push(text)
        told = f"With `seconds=0.25`, `push({text!r})` at {moment} s gave "
        _check_push(got, want, told + shorten(got), last)
        last = f"the last update was at {moment} s" if want else last
    _check_flush(throttle, "")
    throttle.push("j")
    _check_flush(throttle, "j")
    one, two = token_throttle(0.25, clock), token_throttle(0.25, clock)
    _check_push(one.push("k"), "k", "The first push", "the first text goes at once")
    _check_push(two.push("l"), "l", "Another object's", "its first text goes at once")
    _check_apart(one, two)


def _check_push(got: Any, want: str, told: str, last: str) -> None:
    expect(got is not None or want, f'{told}: too early is `""`.')
    expect(want or not got, f"{told}: too early, {last}.")
    expect(got != "" or not want, f"{told}, and text is due: {last}.")
    twice = isinstance(got, str) and got.endswith(want)
    why = "Its beginning had come before." if twice else guess(got, want)
    expect(got == want, f"{told}. {why}".rstrip())


def _check_flush(buffer: Any, want: str) -> None:
    got = buffer.flush()
    told = f"With {repr(want) if want else 'nothing'} held, `flush()` gave "
    expect(got == want, f"{told}{shorten(got)}. {guess(got, want)}".rstrip())
    again = buffer.flush()
    expect(
        not again,
        f"A second `flush()` gave {shorten(again)} again: is the buffer empty?",
    )


def _check_apart(one: Any, two: Any) -> None:
    one.push("m")
    two.push("n")
    got = one.flush()
    expect(
        got == "m",
        "One object got 'm', another 'n', and the first one's `flush()` gave "
        f"{shorten(got)}: make what they hold in `__init__`.",
    )


token_throttle = Exercise(
    "token_throttle",
    check=_check_token_throttle,
    hints=[
        "Keep two things: the text that is held, and when the next update may be.",
        '`clock.now()` is the time. `float("-inf")` is a moment long past.',
    ],
    solution=solutions.TokenThrottle,
)

# 2 · Sentences

SPEECH = "One. Two, or 3.5; and more! Is it so? Yes"


def _check_sentences(sentences: Callable[[], Any]) -> None:
    buffer = sentences()
    expect_equal(buffer.push("A promise. It"), "A promise. ", 'push("A promise. It")')
    expect_equal(buffer.push(" says, "), "", 'push(" says, ")')
    _check_flush(buffer, "It says, ")
    whole = sentences().push(SPEECH)
    expect_equal(whole, SPEECH.removesuffix("Yes"), "push of all at once")
    for size in (1, 2, 5):
        parts = [SPEECH[n : n + size] for n in range(0, len(SPEECH), size)]
        got = _buffered(sentences(), parts)
        want = ["One. ", "Two, or 3.5; and more! ", "Is it so? ", "Yes"]
        expect_equal("".join(got), SPEECH, f"in pieces of {size}, the text")
        expect(got == want, f"In pieces of {size} the sentences are {got!r}.")
    _check_apart(sentences(), sentences())


def _buffered(buffer: Any, parts: Iterable[str]) -> list[str]:
    pushed = [buffer.push(part) for part in parts]
    return [text for text in [*pushed, buffer.flush()] if text]


sentences = Exercise(
    "sentences",
    check=_check_sentences,
    hints=[
        "Add to what is held, then look for the last end of a sentence in it.",
        'The regular expression `r"[.!?] "` finds an end; `found.end()` is its place.',
    ],
    solution=solutions.Sentences,
)

# 3 · A streaming cache

WHOLE = "Turn left, then right."
PROMPT = "Which way?"
NOT_KEPT = {
    "a cut": Reply(WHOLE, cut_after=3),
    "a break": Reply(WHOLE, drop_after=3),
    "a token limit": Reply(WHOLE, length_after=3),
    "a filter": Reply(WHOLE, filter_after=3),
}


def _check_stream_cached(stream_cached: Callable[..., Any]) -> None:
    texts_come_early(stream_cached, {})
    model, store = _model(WHOLE, "Something else."), dict[str, Any]()
    first = _texts(stream_cached(model, PROMPT, store))
    expect_equal("".join(first), WHOLE, "the first time, the text")
    expect(len([t for t in first if t]) > 2, "The first time it came in one piece.")
    for time in ("second", "third"):
        again = _texts(stream_cached(model, PROMPT, store))
        asked = f"The {time} time the model was asked again, and the answer was whole."
        expect(len(model.log) == 1, asked + " Keep it in the store.")
        expect_equal("".join(again), WHOLE, f"the {time} time, the text")
        expect([t for t in again if t] == [t for t in first if t], "The pieces differ.")
    expect(PROMPT in store, f"The store has no {PROMPT!r}: keep the answer under it.")
    other = "".join(_texts(stream_cached(model, "Another?", store)))
    expect_equal(other, "Something else.", "for another question, the text")
    last = "".join(_texts(stream_cached(EndsWithText(replies=[WHOLE]), PROMPT, {})))
    told = "A model's last chunk may bring text and the finish reason in one."
    expect(last == WHOLE, f"{told} Then all that came was {shorten(last)}.")
    for name, reply in NOT_KEPT.items():
        _check_not_kept(stream_cached, name, reply)


def _check_not_kept(stream_cached: Any, name: str, reply: Reply) -> None:
    model, store = _model(reply, WHOLE), dict[str, Any]()
    try:
        got = _texts(stream_cached(model, PROMPT, store))
        why = f"The stream broke, and its reader got {shorten(got)} and no error."
        expect(name != "a break", why + " Let the error go on to the reader.")
    except ModelConnectionError:
        pass
    again = "".join(_texts(stream_cached(model, PROMPT, store)))
    expect_equal(again, WHOLE, f"asked again after {name}, the text")


def _texts(stream: Any) -> list[str]:
    if stream is None or not hasattr(stream, "__iter__"):
        raise NotYet(f"It gave {shorten(stream)}: a generator of texts, please.")
    texts = list(stream)
    for text in texts:
        if not isinstance(text, str):
            raise NotYet(f"It yields {shorten(text)}: yield its text.")
    return texts


stream_cached = Exercise(
    "stream_cached",
    check=_check_stream_cached,
    hints=[
        "Collect the texts while you yield them. When may they go into the store?",
        "After the loop, and only if a chunk had the finish reason `stop`.",
    ],
    solution=solutions.stream_cached,
)

# 4 · A bounded hand-over


async def _check_hand_over(hand_over: Callable[..., Any]) -> None:
    hush()
    await same_items(hand_over)
    await error_last(hand_over)
    for maxsize in (1, 10):
        await reads_ahead(hand_over, maxsize)
    await leaves_a_silence(hand_over)


hand_over = Exercise(
    "hand_over",
    check=_check_hand_over,
    hints=[
        "`asyncio.Queue(maxsize)` makes the writer wait when it is full.",
        "Put the end and an error into the queue as well, behind the items: then they "
        "reach the reader in order.",
        "In `finally`, cancel the task, await it, and close the stream: `aclose()`.",
    ],
    solution=solutions.hand_over,
)

# 5 · An honest end


ENDS = {
    "a whole answer": (Reply(WHOLE), WHOLE, ("done", "stop")),
    "an answer at its limit": (
        Reply(WHOLE, length_after=2),
        "Turn left",
        ("done", "length"),
    ),
    "a silent cut": (Reply(WHOLE, cut_after=2), "Turn left", ("error", "cut")),
    "a break": (
        Reply(WHOLE, drop_after=2),
        "Turn left",
        ("error", "ModelConnectionError"),
    ),
    "a server's error": (
        Reply(WHOLE, error_after=2),
        "Turn left",
        ("error", "ModelAPIError"),
    ),
}


async def _check_honest_events(honest_events: Callable[[Any], Any]) -> None:
    hush()
    for name, (reply, text, end) in ENDS.items():
        made = honest_events(_model(reply).astream("Hi"))
        events = [_pair(one) async for one in async_generator(made, "each event")]
        expect(events, f"With {name} there were no events.")
        expect_equal(events[-1], end, f"with {name}, the last event")
        said = "".join(str(t) for kind, t in events if kind == "text")
        expect_equal(said, text, f"with {name}, the text")
        ends = [kind for kind, _ in events if kind in ("done", "error")]
        expect(len(ends) == 1, f"With {name} it ended {len(ends)} times.")
        empty = [kind for kind, t in events if kind == "text" and not t]
        expect(not empty, f"With {name} there were {len(empty)} events without text.")
    await keeps_the_last_text(honest_events)
    await first_comes_early(honest_events)


def _pair(event: Any) -> tuple[str, Any]:
    if not isinstance(event, tuple) or len(event) != 2:
        raise NotYet(f"It yields {shorten(event)}: yield pairs, (name, text).")
    return event


honest_events = Exercise(
    "honest_events",
    check=_check_honest_events,
    hints=[
        "Three ends: an exception, a finish reason, and neither.",
        "Remember the finish reason while you read; `.get` finds nothing in most "
        "chunks. After `except`, return, or there will be two ends.",
    ],
    solution=solutions.honest_events,
)
