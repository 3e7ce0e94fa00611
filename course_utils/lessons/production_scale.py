"""Exercises and questions of notebook 5, *Production scale*.

Besides them it holds what the notebook measures and serves with: the cost of showing
text, a small web site, and the page that a browser reads a stream with.

    from course_utils.lessons import production_scale as lesson
"""

import asyncio
import inspect
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from urllib.request import ProxyHandler, Request, build_opener

from fastapi.responses import HTMLResponse
from langchain_core.exceptions import ModelConnectionError

from course_utils._slips import shorten
from course_utils.buffering import Throttle
from course_utils.clock import Clock, VirtualClock
from course_utils.exercise import Exercise, NotYet, expect, expect_equal
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.fake_server import FakeServer
from course_utils.lessons._site import PAGE, PAGE_SCRIPT, Site, quiet, settled
from course_utils.lessons.solutions import production_scale as solutions
from course_utils.plots import Table, table
from course_utils.quiz import Predict, Quiz
from course_utils.replies import Reply
from course_utils.text import text_of

__all__ = [
    "PAGE_SCRIPT",
    "Site",
    "display_costs",
    "every",
    "page",
    "quiet",
    "screen_cost",
    "settled",
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
    open_ = build_opener(ProxyHandler({})).open  # the server is on this machine
    asked = {"model": "fake", "messages": [{"role": "user", "content": "Hi"}]}
    head = {"Authorization": "Bearer offline", "Content-Type": "application/json"}
    sizes = []
    with FakeServer(answer) as server:
        for stream in (False, True):
            body = json.dumps({**asked, "stream": stream}).encode()
            request = Request(f"{server.url}/chat/completions", body, head)
            with open_(request, timeout=30) as response:
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


def _check_token_throttle(token_throttle: Callable[..., Any]) -> None:
    clock = VirtualClock()
    throttle = token_throttle(0.25, clock)
    pushed = [("a", 0), ("b", 0.125), ("c", 0.2), ("d", 0.25), ("e", 0.375), ("f", 0.5)]
    expected = ["a", "", "", "bcd", "", "ef"]
    for (text, moment), want in zip(pushed, expected, strict=True):
        clock.time = moment
        _check_push(throttle.push(text), want, f"push({text!r}) at {moment} s")
    _check_flush(throttle, "")
    throttle.push("g")
    _check_flush(throttle, "g")


def _check_push(got: Any, want: str, call: str) -> None:
    expect(want or got in (None, ""), f"`{call}` gave {shorten(got)}: too early.")
    expect(got != "" or not want, f"`{call}` gave '', and text is due.")
    expect_equal(got, want, call)


def _check_flush(buffer: Any, want: str) -> None:
    expect_equal(buffer.flush(), want, f"flush() with {want!r} held")
    again = buffer.flush()
    expect(
        not again,
        f"A second `flush()` gave {shorten(again)} again: is the buffer empty?",
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

SPEECH = "One. Two and 3.5 more! Is it so? Yes"


def _check_sentences(sentences: Callable[[], Any]) -> None:
    buffer = sentences()
    expect_equal(buffer.push("A promise. It"), "A promise. ", 'push("A promise. It")')
    expect_equal(buffer.push(" says"), "", 'push(" says")')
    _check_flush(buffer, "It says")
    whole = sentences().push(SPEECH)
    expect_equal(whole, "One. Two and 3.5 more! Is it so? ", "push of all at once")
    for size in (1, 2, 5):
        parts = [SPEECH[n : n + size] for n in range(0, len(SPEECH), size)]
        got = _buffered(sentences(), parts)
        want = ["One. ", "Two and 3.5 more! ", "Is it so? ", "Yes"]
        expect_equal("".join(got), SPEECH, f"in pieces of {size}, the text")
        expect(got == want, f"In pieces of {size} the sentences are {got!r}.")


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


def _check_stream_cached(stream_cached: Callable[..., Any]) -> None:
    model, store = _model(WHOLE, "Something else."), dict[str, Any]()
    first = _texts(stream_cached(model, "Which way?", store))
    expect_equal("".join(first), WHOLE, "the first time, the text")
    expect(len([t for t in first if t]) > 2, "The first time it came in one piece.")
    again = _texts(stream_cached(model, "Which way?", store))
    expect_equal("".join(again), WHOLE, "the second time, the text")
    expect([t for t in again if t] == [t for t in first if t], "The pieces differ.")
    expect(len(model.log) == 1, f"Asked twice, it made {len(model.log)} requests.")
    other = "".join(_texts(stream_cached(model, "Another?", store)))
    expect_equal(other, "Something else.", "for another question, the text")
    for name, reply in {
        "a cut": Reply(WHOLE, cut_after=3),
        "a break": Reply(WHOLE, drop_after=3),
        "a token limit": Reply(WHOLE, length_after=3),
    }.items():
        _check_not_kept(stream_cached, name, reply)


def _check_not_kept(stream_cached: Any, name: str, reply: Reply) -> None:
    model, store = _model(reply, WHOLE), dict[str, Any]()
    with suppress(ModelConnectionError):
        _texts(stream_cached(model, "Which way?", store))
    again = "".join(_texts(stream_cached(model, "Which way?", store)))
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


def _async_generator(made: Any, items: str) -> Any:
    """What an answer made, if it can be read with `async for`."""
    if inspect.iscoroutine(made):
        made.close()
    if not hasattr(made, "__aiter__"):
        raise NotYet(
            f"It gave {shorten(made)}: write `async def`, and `yield` {items}."
        )
    return made


async def _check_hand_over(hand_over: Callable[..., Any]) -> None:
    got = await _collect(hand_over(_model(WHOLE).astream("Hi"), 2))
    expect_equal(got, (WHOLE, None), "the text and the error of a whole stream")
    broken = _model(Reply(WHOLE, drop_after=2)).astream("Hi")
    expect_equal(
        await _collect(hand_over(broken, 2)),
        ("Turn left", "ModelConnectionError"),
        "the text and the error of a broken stream",
    )
    model = _model("word " * 200)
    reader = hand_over(model.astream("Hi"), 4)
    await _read_items(reader, 3)
    for _ in range(50):  # let the task run ahead as far as it may
        await asyncio.sleep(0)
    sent = model.log[0].tokens_sent
    expect(sent <= 12, f"The reader took 3 items of 200, and {sent} were read ahead.")
    expect(sent > 3, "Nothing was read ahead: the stream needs a task of its own.")
    before = asyncio.all_tasks()
    await reader.aclose()
    for _ in range(20):
        await asyncio.sleep(0)
    left = model.log[0].outcome
    expect(left == "closed by reader", f"The reader left, and the model is {left!r}.")
    expect(len(asyncio.all_tasks()) < len(before), "The reader left; the task runs on.")


async def _collect(stream: Any) -> tuple[str, str | None]:
    texts: list[str] = []
    try:
        async for item in _async_generator(stream, "each item"):
            texts.append(text_of(item))
    except ModelConnectionError as error:
        return "".join(texts), type(error).__name__
    return "".join(texts), None


async def _read_items(stream: Any, count: int) -> None:
    for _ in range(count):
        await anext(stream)


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


async def _check_honest_events(honest_events: Callable[[Any], Any]) -> None:
    cases = {
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
    }
    for name, (reply, text, end) in cases.items():
        made = honest_events(_model(reply).astream("Hi"))
        events = [_pair(one) async for one in _async_generator(made, "each event")]
        expect(events, f"With {name} there were no events.")
        expect_equal(events[-1], end, f"with {name}, the last event")
        said = "".join(str(t) for kind, t in events if kind == "text")
        expect_equal(said, text, f"with {name}, the text")
        ends = [kind for kind, _ in events if kind in ("done", "error")]
        expect(len(ends) == 1, f"With {name} it ended {len(ends)} times.")
        empty = [kind for kind, t in events if kind == "text" and not t]
        expect(not empty, f"With {name} there were {len(empty)} events without text.")


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

# Questions

always_better = Predict(
    "Does streaming always improve performance?",
    options=[
        ("Yes, the first word always comes sooner.", "Not for an answer of one word."),
        (
            "No: it adds work, and gains time only for long answers.",
            "Gain and cost both grow with the length of the answer.",
        ),
        ("No, it makes the whole answer slower.", "The total stays about the same."),
    ],
    answer="b",
)

twice_as_long = Predict(
    "The whole text is sent again with each token. An answer twice as long sends how "
    "many bytes?",
    options=[
        ("Twice as many.", "There are twice as many updates, and each is longer."),
        (
            "As many; the text replaces itself.",
            "On the screen. On the line it adds up.",
        ),
        ("About four times as many.", "Twice the updates, each twice as long."),
    ],
    answer="c",
)

cache_and_stream = Predict(
    "LangChain's cache is on, and you stream the same question twice. How many "
    "requests does the model get?",
    options=[
        ("Two.", "`stream` never looks into that cache, nor writes to it."),
        ("One.", "So it is with `invoke`."),
        ("None, after the first hour.", "Nothing was kept at all."),
    ],
    answer="a",
)

quiz = Quiz(
    [
        Predict(
            "Your page flickers and grows slow with long answers. What do you look at "
            "first?",
            options=[
                ("The model's speed.", "The page works, and works too much."),
                ("What is sent with each update.", "Often it is the whole text."),
                ("The size of the prompt.", "It does not reach the page."),
            ],
            answer="b",
        ),
        Predict(
            "The 95th percentile of the first token is 9 s, the median 1 s. What is "
            "the likely cause?",
            options=[
                ("Requests wait for a free slot.", "A queue hits some, and them hard."),
                ("The model is slow.", "Then the median would be slow too."),
                ("The handlers are slow.", "They would slow everyone down a little."),
            ],
            answer="a",
        ),
        Predict(
            "A reader closes the browser in mid-answer. What goes on, if nobody owns "
            "the stream?",
            options=[
                ("Nothing.", "Agents and sync streams do not notice."),
                ("Only the heartbeat.", "Nobody is there to hear it."),
                ("Perhaps the model, to the last token.", "And you pay for it."),
            ],
            answer="c",
        ),
    ]
)
