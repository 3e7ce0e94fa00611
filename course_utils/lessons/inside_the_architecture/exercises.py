"""The checks of notebook 6's exercises on chains and models.

from course_utils.lessons import inside_the_architecture as lesson
"""

import asyncio
import inspect
import logging
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from uuid import uuid4

from langchain_core.exceptions import ModelAPIError, ModelError
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.lessons.buffers import cut
from course_utils.lessons.inside_the_architecture import solutions
from course_utils.lessons.inside_the_architecture.bad_day import (
    OUTCOMES,
    READERS,
    live_words,
    read_once,
    score,
)
from course_utils.lessons.inside_the_architecture.echoed import (
    keeps_answers_apart,
    says_the_same_at_once,
    says_why_it_ended,
    speaks_word_by_word,
)
from course_utils.lessons.inside_the_architecture.readers import (
    READERS_OF_THE_SITE,
    gets_its_answer,
    leaves_early,
    model_for_readers,
    timed_each,
    two_at_once,
)
from course_utils.lessons.inside_the_architecture.standard_suite import (
    standard_suite,
)
from course_utils.lessons.scenes import (
    NASTY,
    PIECES,
    Sleeps,
    nobody_sleeps,
    stage_is_honest,
    stage_keeps_step,
    take,
)
from course_utils.lessons.scripted import Scripted, answer, in_blocks, say
from course_utils.lessons.site import Site
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise

# The order of events


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
        "No layer ends before the last token, and the model is the first to know.",
    ],
    solution=solutions.event_order,
    minutes=6,
)

# A model


def _check_echo(echo: type[BaseChatModel]) -> None:
    expect(isinstance(echo, type), f"Hand over the class itself, not {shorten(echo)}.")
    speaks_word_by_word(echo)
    says_why_it_ended(echo)
    says_the_same_at_once(echo)
    keeps_answers_apart(echo)
    result = standard_suite(echo, tools=False)
    if result.failed:
        raise NotYet(
            f"LangChain's own tests: {result!r}\nThe first one says: {result.why}"
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
    minutes=25,
)

# A layer that changes a stream

NUMBERS = "Card 4111111111111111 pays 1234 for room 90210."
HIDDEN = "Card [number] pays 1234 for room [number]."
LONG_NUMBERS = ["7" * 12, "1 12 123 1234 12345 123456", "12345", "a1234b12345c", ""]
WORDS = ["Hello", " to", " you", " all."]
WAYS = {1: "letter by letter", len(NUMBERS): "in one piece"}
ENDS = "of a stream that ends in a number, the text"
EASTERN = "A ٤١١١١ and 12٣٤٥."  # digits, too


def _hidden(text: str) -> str:
    return re.sub("[0-9]{5,}", "[number]", text)


def _safe(pieces: Sequence[str]) -> str:
    """What can go on: all, up to the last piece that does not end in a digit."""
    ends = [n for n, piece in enumerate(pieces, 1) if piece and not piece[-1].isdigit()]
    return _hidden("".join(pieces[: max(ends, default=0)]))


def _check_hide_numbers(hide_numbers: Callable[[Any], Any]) -> None:
    for size in (len(NUMBERS), 1, 2, 3, 7):
        got = "".join(_read(hide_numbers, cut(NUMBERS, size)))
        expect_equal(got, HIDDEN, f"{WAYS.get(size, f'of pieces of {size}')}, the text")
    expect_equal("".join(_read(hide_numbers, [])), "", "of an empty stream, the text")
    expect_equal("".join(_read(hide_numbers, ["12", "345"])), "[number]", ENDS)
    inside = "".join(_read(hide_numbers, ["id123", "45x"]))
    expect_equal(inside, "id[number]x", "of `id12345x`, the text")
    odd = [cut(text, size) for text in LONG_NUMBERS for size in (1, 4)]
    odd += [["12", "", "345"], ["", "1", "", ""], ["90210\n\n", "90", "210\n"], PIECES]
    for pieces in odd:
        got = "".join(_read(hide_numbers, pieces))
        expect_equal(got, _hidden("".join(pieces)), f"of {pieces}, the text")
    whole = _read(hide_numbers, [EASTERN])
    apart = "".join(_read(hide_numbers, [*EASTERN]))
    case = f"{EASTERN!r} gives {shorten(''.join(whole))} and, letter by letter, "
    same = apart == "".join(whole)
    expect(
        same, f"{case}{shorten(apart)}: are the digits that you hide those you hold?"
    )
    digits = f"{case}{shorten(apart)}: these are digits too, as `\\d` finds them."
    expect(apart == "A [number] and [number].", digits)
    lines = [piece for piece in PIECES if "\n" not in piece]
    stage_keeps_step("hide_numbers", hide_numbers, [WORDS, [*NUMBERS], lines], _safe)
    stage_is_honest("hide_numbers", hide_numbers, cut(NUMBERS, 3))


def _read(layer: Callable[[Any], Any], parts: Sequence[str]) -> list[str]:
    made = layer(iter(parts))
    expect(made is not None, "It gave None. Is a `yield` missing?")
    expect(not isinstance(made, str), "It returns one text: write `yield`, often.")
    no_generator = inspect.iscoroutine(made) or not hasattr(made, "__iter__")
    expect(not no_generator, f"It gave {shorten(made)}: a plain `def`, and `yield`.")
    return [str(text) for text in take(made)]


hide_numbers = Exercise(
    "hide_numbers",
    check=_check_hide_numbers,
    hints=[
        "A number can go on in the next piece only if this piece ends with a digit.",
        "Keep back the digits at the end of what you hold; the rest is safe. After "
        "the loop, what is still held is safe too.",
    ],
    solution=solutions.hide_numbers,
    minutes=12,
)

# A provider's bad day


def _check_production_chat(build: Callable[[Any, Any], Any]) -> None:
    chat = build(FakeStreamingChatModel(), FakeStreamingChatModel())
    if not hasattr(chat, "astream"):
        raise NotYet(
            f"It gave {shorten(chat)}: return the chain, before a question is asked."
        )
    run = uuid4().hex[:8]  # a store made outside keeps what an earlier check asked
    _check_one_reader(build, run)
    got = asyncio.run(score(build, run))
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
    live = asyncio.run(live_words(build, run))
    expect(
        live > 2,
        f"The model had sent five words, and its reader had got {live}: let each word "
        "go on as it comes.",
    )


def _check_one_reader(build: Callable[[Any, Any], Any], run: str) -> None:
    """An odd text in blocks comes out whole; when the model is down, the backup's."""
    odd = [*map(in_blocks, PIECES), say([], "stop")]
    down = [ModelAPIError("on purpose")]
    for name, model in {"odd": odd, "down": down}.items():
        first, backup = Scripted(answers=[model]), Scripted(answers=[answer(PIECES)])
        try:
            with nobody_sleeps("production_chat"):
                got = asyncio.run(read_once(build, first, backup, f"{run} {name}"))
        except ModelError as error:
            kind = type(error).__name__
            why = f"`model` was down, and its reader got a {kind}: ask `backup`."
            raise NotYet(why) from error
        expect_equal(got, NASTY, "of an odd answer, the text")
        unasked = "It never asked `model`: the backup comes second."
        expect(first.requests, unasked)
        idle = "`model` had answered, and `backup` was asked as well."
        expect(name == "down" or not backup.requests, idle)


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
    minutes=12,
)

# It goes out

SLIPS = defaultdict(
    str,
    {404: "Which path has the endpoint?", 422: "Is its parameter `question: str`?"},
)


def _check_production_app(build: Callable[[Any, Any], Any]) -> None:
    timings: list[Any] = []
    model = model_for_readers()
    app = build(model | StrOutputParser(), timings)
    if not callable(app):
        raise NotYet(f"It gave {shorten(app)}: return the app.")
    noted = _Noted(app)
    sleeps = Sleeps()
    threading.setprofile(sleeps.look)  # in the thread of the site, from its start
    site = Site(noted).start()
    threading.setprofile(None)
    get = partial(_get, site, noted)
    logging.disable()  # a server notes each stream that breaks, here on purpose
    try:
        for name, reader in READERS_OF_THE_SITE.items():
            gets_its_answer(get, model, reader, name)
        leaves_early(get, model)
        two_at_once(get, model)
    finally:
        logging.disable(logging.NOTSET)
        site.stop()
    sleeps.judge("production_app")
    timed_each(timings)


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


def _get(site: Site, noted: _Noted, question: str) -> Any:
    path = f"/chat?question={quote(question)}"
    try:
        return site.get(path)
    except HTTPError as error:
        if error.code == 500:  # the answer is out a moment before the error is noted
            with suppress(TimeoutError):
                raise noted.error.result(timeout=2) from None
        why = f"`GET {path}` gave status {error.code}. {SLIPS[error.code]}"
        raise NotYet(why.rstrip()) from None


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
    minutes=15,
)
