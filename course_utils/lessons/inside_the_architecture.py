"""Exercises and questions of notebook 6, *Inside the architecture*.

Besides them it holds what the notebook measures with: LangChain's standard suite, the
cost of a chunk, the outline of an event stream, and a provider's bad day.

    from course_utils.lessons import inside_the_architecture as lesson
"""

import asyncio
import inspect
from collections import defaultdict
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import groupby
from time import thread_time
from typing import Any
from urllib.error import HTTPError

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk

from course_utils.exercise import Exercise, NotYet, expect, expect_equal, shorten
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.finish import finish_of
from course_utils.lessons._architecture_questions import (
    layers,
    parser_starts,
    quiz,
    redacted_stream,
)
from course_utils.lessons._bad_day import (
    OUTCOMES,
    READERS,
    Score,
    live_words,
    score,
)
from course_utils.lessons._site import Site, settled
from course_utils.lessons._standard_suite import SuiteResult, standard_suite
from course_utils.lessons.solutions import inside_the_architecture as solutions
from course_utils.plots import Table, table
from course_utils.replies import Reply
from course_utils.serving import read_sse
from course_utils.text import text_of

__all__ = [
    "Score",
    "SuiteResult",
    "cost_per_chunk",
    "layers",
    "outline",
    "parser_starts",
    "quiz",
    "redacted_stream",
    "score",
    "standard_suite",
]

# What the notebook measures with


Stream = Iterable[Any] | AsyncIterable[Any]


def cost_per_chunk(ways: dict[str, Callable[[], Stream]]) -> Table:
    """A table of what one chunk costs its reader, way by way, in microseconds."""
    with ThreadPoolExecutor(1) as thread:  # where no event loop runs yet
        runs = [
            {name: thread.submit(_cost, way).result() for name, way in ways.items()}
            for _ in range(7)
        ]
    # The best of several runs: what else the machine does only ever adds.
    rows = [(name, f"{min(run[name] for run in runs):.0f} µs") for name in ways]
    return table(
        rows,
        columns=["read from", "work per chunk"],
        caption="What one chunk costs",
    )


def _cost(way: Callable[[], Stream]) -> float:
    begin = thread_time()  # this thread's work only: the server has threads of its own
    stream = way()
    if isinstance(stream, AsyncIterable):
        chunks = asyncio.run(_count(stream))
    else:
        chunks = sum(1 for _ in stream)
    return (thread_time() - begin) / chunks * 1e6


async def _count(stream: AsyncIterable[Any]) -> int:
    return len([None async for _ in stream])


def outline(events: Sequence[dict[str, Any]]) -> list[str]:
    """The events of an agent, one line each; runs of the same event are counted."""
    shown = [event for event in events if not event["event"].startswith("on_chain")]
    lines = ((event["event"], event["name"]) for event in shown)
    return [_counted(name, len(list(run))) for name, run in groupby(lines)]


def _counted(name: tuple[str, str], count: int) -> str:
    return f"{name[0]} · {name[1]}" + (f" · {count} times" if count > 1 else "")


# 1 · The order of events


async def _events_in_order() -> list[str]:
    """Each event of a streaming chain once, in the order of its first time."""
    chain = FakeStreamingChatModel(replies="Hi") | StrOutputParser()
    names = [event["event"] async for event in chain.astream_events("Hi")]
    return list(dict.fromkeys(names))


async def _check_event_order(event_order: Callable[[], Any]) -> None:
    given = event_order()
    if inspect.iscoroutine(given):
        given = await given
    if not isinstance(given, list):
        raise NotYet(f"It gave {shorten(given)}: a list of names, please.")
    expect(all(isinstance(name, str) for name in given), 'Only names: `e["event"]`.')
    real = await _events_in_order()
    missing = sorted(set(real) - set(given))
    expect(not missing, f"{len(missing)} missing, for example `{missing[:1]}`.")
    expect(len(given) == len(real), f"There are {len(real)} names, got {len(given)}.")
    for place, (mine, true) in enumerate(zip(given, real, strict=True), 1):
        expect(mine == true, f"Right up to place {place - 1}; `{mine}` comes later.")


event_order = Exercise(
    "event_order",
    check=_check_event_order,
    hints=[
        "Think of the first token on its way: who must be there to take it?",
        "Nobody ends before the last token, and the model is the first to know.",
    ],
    solution=solutions.event_order,
)

# 2 · A model


def _check_echo(echo: type[BaseChatModel]) -> None:
    expect(isinstance(echo, type), f"Hand over the class itself, not {shorten(echo)}.")
    model = echo()
    for made in model._stream([HumanMessage("one two")]):
        if not isinstance(made, ChatGenerationChunk):
            raise NotYet(
                f"`_stream` yields {shorten(made)} outside a generation chunk."
            )
    chunks = list(model.stream("one two three"))
    texts = [text_of(chunk) for chunk in chunks if text_of(chunk)]
    expect_equal(" ".join("".join(texts).split()), "one two three", "the streamed text")
    expect(len(texts) > 1, "The text came in one chunk: yield each word.")
    _check_ending(chunks)
    _check_chat(model)
    result = standard_suite(echo, tools=False)
    if result.failed:
        raise NotYet(
            f"LangChain's own tests: {result!r}\nThe first one says: {result.why}"
        )


def _check_ending(chunks: list[Any]) -> None:
    """The last words of a stream of three words: why it ended, and what it cost."""
    reasons = [chunk for chunk in chunks if finish_of(chunk)]
    expect(reasons, "No chunk has a `finish_reason`.")
    count = len(reasons)
    expect(
        count == 1,
        f"{count} chunks have a `finish_reason`: only the last one says why it ended.",
    )
    ended = finish_of(reasons[0])
    expect_equal(ended and ended.reason, "stop", "the `finish_reason`")
    named = reasons[0].response_metadata.get("model_name")
    expect(named, "`response_metadata` has no `model_name` beside the finish reason.")
    usages = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    expect(usages, "No chunk has `usage_metadata`.")
    for kind, true in {"input": 3, "output": 3, "total": 6}.items():
        told = sum(usage.get(f"{kind}_tokens", 0) for usage in usages)
        expect(
            told == true,
            f"Three words in, three out, and `{kind}_tokens` add up to {told}.",
        )


def _check_chat(model: BaseChatModel) -> None:
    """What it says at once, to the last of several messages, and by which name."""
    message = model.invoke("a b")
    expect_equal(text_of(message).split(), ["a", "b"], "invoke, in words")
    ended = finish_of(message)
    reason = ended and ended.reason
    expect(reason == "stop", f"The finish reason of `invoke` is {reason!r}.")
    chat = [HumanMessage("one"), AIMessage("two"), HumanMessage("three four")]
    said = "".join(map(text_of, model.stream(chat))).split()
    expect_equal(said, ["three", "four"], "of a chat of three messages, the words")
    expect(
        model._get_ls_params().get("ls_model_name"),
        "LangChain finds no name for it: keep the field `model: str` of the class.",
    )


echo = Exercise(
    "echo",
    check=_check_echo,
    hints=[
        "Begin with `_stream`: a chunk for each word, then a last, empty chunk that "
        "carries `usage_metadata` and `response_metadata`.",
        "`_generate` can add the chunks of `_stream` up and put their sum into an "
        "`AIMessage` inside a `ChatGeneration` inside a `ChatResult`.",
        "`response_metadata` needs `finish_reason` and `model_name`; usage is "
        "`input_tokens`, `output_tokens` and their sum, `total_tokens`.",
    ],
    solution=solutions.Echo,
    praise="It passes LangChain's own tests for chat models.",
    limit=90.0,
)

# 3 · A layer that changes a stream

NUMBERS = "Card 4111111111111111 pays 1234 for room 90210."
HIDDEN = "Card [number] pays 1234 for room [number]."
WORDS = ("Hello", " to", " you", " all.")


def _check_hide_numbers(hide_numbers: Callable[[Any], Any]) -> None:
    for size in (len(NUMBERS), 1, 2, 3, 7):
        parts = [NUMBERS[n : n + size] for n in range(0, len(NUMBERS), size)]
        how = f"pieces of {size}" if len(parts) > 1 else "one piece"
        expect_equal("".join(_read(hide_numbers, parts)), HIDDEN, f"in {how}, the text")
    expect_equal("".join(_read(hide_numbers, [])), "", "of an empty stream, the text")
    expect_equal("".join(_read(hide_numbers, ["12", "345"])), "[number]", "at the end")
    inside = "".join(_read(hide_numbers, ["id123", "45x"]))
    expect_equal(inside, "id[number]x", "of `id12345x`, the text")
    pulled: list[str] = []
    _first_text(hide_numbers, pulled)
    expect(
        len(pulled) < len(WORDS),
        "It reads the whole stream before it yields: words without digits can go on "
        "at once.",
    )
    expect(len(pulled) == 1, "`Hello` waits for the next piece, and has no digit.")


def _read(layer: Callable[[Any], Any], parts: Sequence[str]) -> list[str]:
    made = layer(iter(parts))
    expect(made is not None, "It gave None. Is a `yield` missing?")
    expect(not isinstance(made, str), "It returns one text: write `yield`, often.")
    return [str(text) for text in made]


def _first_text(layer: Callable[[Any], Any], pulled: list[str]) -> str:
    def source() -> Iterator[str]:
        for word in WORDS:
            pulled.append(word)
            yield word

    return next((text for text in layer(source()) if text), "")


hide_numbers = Exercise(
    "hide_numbers",
    check=_check_hide_numbers,
    hints=[
        "A number can go on in the next piece only if this piece ends with a digit.",
        "Keep back the digits at the end of what you hold; the rest is safe. After "
        "the loop, what is still held is safe too.",
    ],
    solution=solutions.hide_numbers,
)

# 4 · The capstone


def _check_production_chat(build: Callable[[Any, Any], Any]) -> None:
    chat = build(FakeStreamingChatModel(), FakeStreamingChatModel())
    if not hasattr(chat, "astream"):
        raise NotYet(
            f"It gave {shorten(chat)}: return the chain, nobody has asked yet."
        )
    got = asyncio.run(score(build))
    expect(
        not got.bypassed,
        f"{got.bypassed} questions never reached `model`: the backup comes second.",
    )
    for outcome in OUTCOMES[:0:-1]:
        count = got.outcomes[outcome]
        expect(not count, f"{count} of {READERS} readers: {outcome}.")
    expect(
        got.requests < READERS,
        f"{got.requests} requests for {READERS} readers, and many asked the same.",
    )
    expect(not got.choppy, f"{got.choppy} pieces ended inside a word.")
    live = asyncio.run(live_words(build))
    expect(
        live > 2,
        f"The model had sent five words, and its reader had got {live}: let each word "
        "go on as it comes.",
    )


production_chat = Exercise(
    "production_chat",
    check=_check_production_chat,
    hints=[
        "Three helpers of the course stand around each other: one for faults, one for "
        "repeated questions, one for whole words.",
        "A stall never ends by itself: it takes deadlines. An answer that broke in the "
        'middle wants `after_first_token="continue"`.',
        "From the inside out: `reliable(...)`, `cached(...)`, a parser, "
        "`buffered(WordBuffer)`.",
    ],
    solution=solutions.production_chat,
    praise="Forty readers, forty whole answers, on a bad day.",
    limit=90.0,
)

# 5 · The capstone goes out

ANSWER = "One two three."
LONG = "One two" + " more" * 400  # nobody reads it to the end
ENDINGS = {"Hi": ("a whole answer", "done"), "Why": ("a cut one", "error")}
LAST = "More"
SLIPS = defaultdict(
    str,
    {404: "Which path has the endpoint?", 422: "Is its parameter `question: str`?"},
)


def _check_production_app(build: Callable[[Any, Any], Any]) -> None:
    timings: list[Any] = []
    model = FakeStreamingChatModel(
        replies=[ANSWER, Reply(ANSWER, cut_after=2), Reply(LONG, per_token=0.25)]
    )
    app = build(model | StrOutputParser(), timings)
    if not callable(app):
        raise NotYet(f"It gave {shorten(app)}: return the app.")
    noted = _Noted(app)
    site = Site(noted).start()
    try:
        _check_endings(partial(_get, site, noted))
        _check_leaving(partial(_get, site, noted), model)
    finally:
        site.stop()
    _check_asked(model)
    _check_timings(timings)


class _Noted:
    """An app, and the error of an endpoint of it that failed."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.error: Future[Exception] = Future()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if not self.error.done():
                self.error.set_result(error)
            raise


def _check_endings(get: Callable[[str], Any]) -> None:
    for asked, (name, end) in ENDINGS.items():
        with get(asked) as response:
            events = list(read_sse(response.read().decode().splitlines()))
        expect(events, f"With {name} there came no event: `sse_response` makes them.")
        last = events[-1].event
        expect(last == end, f"With {name} the last event is `{last}`.")
        expect(len(events) > 2, f"With {name} all text came in one event.")


def _get(site: Site, noted: _Noted, asked: str) -> Any:
    path = f"/chat?question={asked}"
    try:
        return site.get(path)
    except HTTPError as error:
        if error.code == 500:  # the answer is out a moment before the error is noted
            with suppress(TimeoutError):
                raise noted.error.result(timeout=2) from None
        why = f"`GET {path}` gave status {error.code}. {SLIPS[error.code]}"
        raise NotYet(why.rstrip()) from None


def _check_leaving(get: Callable[[str], Any], model: FakeStreamingChatModel) -> None:
    with get(LAST) as response:
        for line in iter(response.readline, b""):
            if b"two" in line:
                break
    asyncio.run(settled(model))
    expect(model.log, "The chat was never asked.")
    outcome = model.log[-1].outcome
    expect(outcome == "closed by reader", f"The reader left, the model is {outcome!r}.")


def _check_asked(model: FakeStreamingChatModel) -> None:
    for asked, call in zip([*ENDINGS, LAST], model.log, strict=False):
        got = call.request.prompt
        expect(asked in got, f"`question` was {asked!r}, the chat was asked {got!r}.")


def _check_timings(timings: list[Any]) -> None:
    count = len(timings)
    expect(count == 3, f"Three readers asked, and `timings` holds {count}.")
    for timing in timings:
        expect(hasattr(timing, "arrivals"), f"`timings` holds {shorten(timing)}.")
    arrived = timings[0].text
    expect_equal(arrived, ANSWER, "what the first timing saw, the text")


production_app = Exercise(
    "production_app",
    check=_check_production_app,
    hints=[
        "Inside the function make the app, and inside it the endpoint: "
        "`async def answer(question: str)`. `sse_response(stream)` does the rest.",
        "`timing.watch(stream)` passes a stream on and notes when each chunk comes: "
        "send the watched one.",
    ],
    solution=solutions.production_app,
    praise="Served, stopped and measured.",
    limit=30.0,
)
