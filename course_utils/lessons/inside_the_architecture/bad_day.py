"""A provider on a bad day, and what its readers got: the score of the last notebook.

Forty people ask. The provider refuses, resets, stalls and cuts; which request meets
which fault depends on the question and the attempt alone, so every run is the same.

    score(build_chat)
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import quantiles
from typing import Any

from langchain_core.exceptions import ModelError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableGenerator

from course_utils.chunks import text_of
from course_utils.clock import course_clock
from course_utils.fake.model import FakeStreamingChatModel
from course_utils.fake.reply import Reply
from course_utils.fake.responder import ANSWERS, answer_to
from course_utils.lessons.scenes import MOST
from course_utils.own_stream.threads import in_threads
from course_utils.teaching.checks import expect
from course_utils.timing.stream_timing import StreamTiming
from course_utils.tokens import pieces

READERS = 40
PATIENCE = 10.0
TICKS = 200  # in which it is counted
BUSY = 8.0  # real seconds: the patience of a machine that has other work, too
# Forty readers are work. On a busy machine at twenty times the speed that work would
# look like a provider's stall, and the score would blame the chat.
UNHURRIED = 4.0
FAULT_RATE = 0.35
OUTCOMES = (
    "whole",
    "broken, and told so",
    "cut, and not told",
    "shown twice or garbled",
    "still waiting after ten seconds",
)
FAULTS = ("status", "reset", "drop_after", "cut_after", "cut_after", "stall_after")

RUN = " #"  # before the mark of a run, if its questions have one

Chat = Runnable[Any, Any]
Builder = Callable[[BaseChatModel, BaseChatModel], Chat]


@dataclass(frozen=True)
class Score:
    """What forty readers got from one chat.

    Attributes:
        outcomes: How many readers had each outcome.
        requests: How many requests the provider got.
        choppy: How many pieces ended in the middle of a word.
        bypassed: How many questions the model was never asked.
        first_tokens: Seconds to the first token of each reader who got one, sorted.
    """

    outcomes: Counter[str]
    requests: int
    choppy: int
    bypassed: int = 0
    first_tokens: tuple[float, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        lines = [f"{self.outcomes[name]:3} {name}" for name in OUTCOMES]
        lines.append(f"{self.requests:3} requests to the provider")
        if len(self.first_tokens) > 1:
            percentiles = quantiles(self.first_tokens, n=100, method="inclusive")
            p50, p95 = percentiles[49], percentiles[94]
            lines.append(f"first token: p50 {p50:.2f} s, p95 {p95:.2f} s")
        return "\n".join(lines)


class _Provider:
    """Answers each question truly, or breaks: a third of the requests do."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reply(self, messages: list[BaseMessage]) -> Reply:
        """The reply to a question, or to the rest of one; it may break."""
        prompt = _asked(messages)
        with self._lock:
            self._asked[prompt] += 1
            attempt = self._asked[prompt]
        question, rest = _canonical(prompt), _rest(messages)
        return Reply(rest, **_fault(f"{question} {attempt}", len(pieces(rest))))


def _rest(messages: list[BaseMessage]) -> str:
    """The true answer, without what the conversation already holds of it."""
    said = "".join(str(m.text) for m in messages if isinstance(m, AIMessage))
    return _truth(_asked(messages)).removeprefix(said)


def _asked(messages: list[BaseMessage]) -> str:
    """The question: what the person said first."""
    people = [message for message in messages if isinstance(message, HumanMessage)]
    return str((people or messages)[0].text)


def _canonical(question: str) -> str:
    """The question without the mark of its run: the same day for every run."""
    return question.partition(RUN)[0]


def _truth(question: str) -> str:
    """The whole answer. Its last word is long enough to come in several tokens."""
    return (
        f"{answer_to(_canonical(question))} That is the explanation, straightforwardly."
    )


def _fault(seed: str, tokens: int) -> dict[str, Any]:
    draw = random.Random(seed)
    if draw.random() > FAULT_RATE:
        return {}
    fault = draw.choice(FAULTS)
    if fault == "status":
        return {"status": draw.choice([429, 500, 503])}
    if fault == "reset":
        return {"reset": True}
    return {fault: draw.randrange(1, max(2, tokens - 1))}


async def score(build: Builder, run: str = "") -> Score:
    """Let forty people ask a chat on a bad day, and say what each of them got.

    Args:
        build: A function of a model and a backup that returns the chat: a chain or a
            model, asked with a text.
        run: A mark for the questions of this run, so that a store which outlives it
            does not know them.
    """
    with course_clock.at_most(UNHURRIED), _threads_for_all():
        return await _score(build, run)


@contextmanager
def _threads_for_all() -> Iterator[None]:
    """A thread for each reader; then new ones for what runs on this loop later."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2 * READERS) as threads:
        loop.set_default_executor(threads)
        try:
            yield
        finally:
            loop.set_default_executor(ThreadPoolExecutor())


async def _score(build: Builder, run: str) -> Score:
    model = FakeStreamingChatModel(
        replies=_Provider().reply, first_token=0.3, per_token=0.01
    )
    backup = FakeStreamingChatModel(replies=_rest, first_token=0.6, per_token=0.01)
    chat = build(model, backup)
    topics = sorted(ANSWERS)
    mark = f"{RUN}{run}" if run else ""
    questions = [f"What is {topics[n % len(topics)]}?{mark}" for n in range(READERS)]
    got = await asyncio.gather(*(_ask(chat, question) for question in questions))
    prompts = "\n".join(call.request.prompt for call in model.log)
    waits = (timing.time_to_first_token for _, _, timing in got)
    return Score(
        outcomes=Counter(outcome for outcome, _, _ in got),
        requests=len(model.log) + len(backup.log),
        choppy=sum(choppy for _, choppy, _ in got),
        bypassed=sum(question not in prompts for question in set(questions)),
        first_tokens=tuple(sorted(wait for wait in waits if wait is not None)),
    )


def stream_of(chat: Chat, question: str) -> AsyncIterator[Any]:
    """The answer as an async stream; a chat with a sync stage is read on threads.

    A generator function after a `|` is such a stage, and LangChain has no async way
    through it.
    """
    steps = [step for step in getattr(chat, "steps", []) if _is_sync(step)]
    return in_threads(chat.stream(question)) if steps else chat.astream(question)


def _is_sync(step: Any) -> bool:
    return isinstance(step, RunnableGenerator) and not hasattr(step, "_atransform")


async def _ask(chat: Chat, question: str) -> tuple[str, int, StreamTiming]:
    """What one reader got: the outcome, how many pieces ended inside a word, when."""
    shown: list[str] = []
    timing = StreamTiming()
    try:
        async with _patience():
            async for chunk in timing.watch(stream_of(chat, question)):
                shown.append(text_of(chunk))
                if len(shown) > MOST:
                    break
    except TimeoutError:
        return OUTCOMES[4], 0, timing
    except ModelError:
        return OUTCOMES[1], 0, timing
    return _outcome("".join(shown), _truth(question)), _choppy(shown), timing


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """Ends in a TimeoutError when a reader has waited for ten seconds.

    They are counted in ticks of the loop that serves the readers: on a busy machine
    the ticks come late, as everything does. There it is eight real seconds at most.
    """
    async with asyncio.timeout(max(course_clock.real(PATIENCE), BUSY)) as limit:
        counting = asyncio.ensure_future(_count_down(limit))
        try:
            yield
        finally:
            counting.cancel()


async def _count_down(limit: asyncio.Timeout) -> None:
    for _ in range(TICKS):
        await course_clock.asleep(PATIENCE / TICKS)
    limit.reschedule(asyncio.get_running_loop().time())


def _outcome(shown: str, truth: str) -> str:
    if shown == truth:
        return OUTCOMES[0]
    return OUTCOMES[2] if truth.startswith(shown) else OUTCOMES[3]


def _choppy(shown: list[str]) -> int:
    texts = [text for text in shown if text]
    return sum(
        one[-1].isalpha() and other[0].isalpha() for one, other in pairwise(texts)
    )


async def live_words(build: Builder, run: str = "") -> int:
    """How many words a reader holds when the model has sent five and fallen silent.

    Three are enough, and it stops there. What comes after the model was given up does
    not count.
    """
    model = FakeStreamingChatModel(replies=Reply(_truth("Why?"), stall_after=5))
    chat = build(model, FakeStreamingChatModel(replies=_rest))
    shown = ""
    with course_clock.at_most(UNHURRIED):
        made: Any = stream_of(chat, f"Why?{RUN}{run}")
        async with aclosing(made) as stream:
            async for chunk in stream:
                if not model.log or model.log[0].outcome != "running":
                    break
                shown += text_of(chunk)
                if len(shown.split()) > 2:
                    break
    return len(shown.split())


async def read_once(
    build: Builder, model: BaseChatModel, backup: BaseChatModel, run: str
) -> str:
    """What one reader gets from a chat of these two models."""
    with course_clock.at_most(UNHURRIED):
        texts: list[str] = []
        async for chunk in stream_of(build(model, backup), f"Why?{RUN}{run}"):
            texts.append(text_of(chunk))
            expect(len(texts) <= MOST, f"After {MOST:,} pieces it goes on.")
        return "".join(texts)
