"""An exercise of notebook 5: twenty questions at once, of which one fails.

Each scene is a model of the check's own, which knows how many of its streams are open.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from langchain_core.exceptions import ModelRateLimitError

from course_utils.lessons.production_scale import solutions
from course_utils.lessons.scenes import errors, hush, nobody_sleeps, until
from course_utils.lessons.scripted import in_blocks, say, thinking
from course_utils.teaching.checks import NotYet, expect, shorten
from course_utils.teaching.exercise import Exercise

AskAll = Callable[..., Awaitable[Any]]
QUESTIONS = [f"Question {number}" for number in range(20)]
FAILS = 6  # the seventh, counted from 0
OTHER_WAYS = ("stream", "invoke", "ainvoke", "batch", "abatch", "astream_events")
SILENCE = object()  # among the chunks: nothing comes any more


class Desk:
    """A model that plays an answer for each question and counts its open streams.

    Args:
        plays: For each question its chunks; an exception among them is raised,
            and at `SILENCE` it stalls for ever.
        waits: A question whose answer waits until all of these have begun.
    """

    def __init__(self, plays: Mapping[str, Sequence[Any]], waits: str = "") -> None:
        self.questions: list[str] = []
        self.open = self.most = 0
        self._plays = plays
        self._waits = waits

    async def astream(self, question: str, *more: Any, **options: Any) -> Any:
        """The answer to this question, open from its first turn to its last."""
        self.questions.append(question)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            async for item in self._turns(question):
                yield item
        finally:
            self.open -= 1

    def __getattr__(self, name: str) -> Any:
        if name in OTHER_WAYS:
            raise NotYet(f"It asks `model.{name}`: read `model.astream(question)`.")
        raise AttributeError(name)

    async def _turns(self, question: str) -> AsyncIterator[Any]:
        if question == self._waits:
            await until(lambda: len(self.questions) == len(self._plays))
        for item in self._plays[question]:
            await asyncio.sleep(0)
            if item is SILENCE:
                await asyncio.Event().wait()
            if isinstance(item, BaseException):
                raise item
            yield item
        for _ in range(20 - len(self.questions) % 20):  # later ones end sooner
            await asyncio.sleep(0)


def plays_with(error: Exception, before: Sequence[Any]) -> dict[str, list[Any]]:
    """Twenty answers; the seventh brings these chunks and then fails."""
    plays = {q: [say("Answer"), say(f" to {q}.", "stop")] for q in QUESTIONS}
    return plays | {QUESTIONS[FAILS]: [*before, error]}


BEFORE: dict[str, tuple[list[Any], str]] = {
    "is refused": ([], ""),
    "breaks off": ([say("Turn"), say(" left")], "Turn left"),
    "breaks off, in blocks": ([thinking("Hm."), in_blocks("Turn")], "Turn"),
}


async def one_fails_the_others_are_whole(ask_all: AskAll) -> None:
    """Each question has its pair, in the order of the questions."""
    for error in [ModelRateLimitError("on purpose"), *errors()]:
        for name, (before, text) in BEFORE.items():
            wanted: list[Any] = [(f"Answer to {q}.", None) for q in QUESTIONS]
            wanted[FAILS] = (text, error)
            desk = Desk(plays_with(error, before))
            try:
                got = await _pairs(ask_all, desk, QUESTIONS, 5)
            except (type(error), ExceptionGroup) as raised:
                context = f"Of twenty, the seventh {name}, and ask_all raised "
                why = f"{context}{type(raised).__name__}: put the error into its pair."
                raise NotYet(why) from raised
            _same(got, wanted, f"of twenty, of which the seventh {name},")
            expect(desk.open == 0, f"{desk.open} streams are still open at the end.")


async def so_many_are_open(ask_all: AskAll) -> None:
    """No more streams are open than there are slots, and no fewer."""
    for slots in (1, 3, 50):
        desk = Desk(plays_with(ValueError("on purpose"), []))
        await _pairs(ask_all, desk, QUESTIONS, slots)
        context = f"With `slots={slots}`, at most {desk.most} of its streams were open"
        expect(
            desk.most <= slots, f"{context}: a slot is free when its stream has ended."
        )
        expect(desk.most == min(slots, 20), f"{context}: read side by side.")


async def a_free_slot_is_used(ask_all: AskAll) -> None:
    """A long answer holds up its own slot and no other."""
    plays = plays_with(ValueError("on purpose"), [])
    desk = Desk(plays, waits=QUESTIONS[0])
    reading = asyncio.ensure_future(_pairs(ask_all, desk, QUESTIONS, 2))
    begun = await until(lambda: len(desk.questions) == len(QUESTIONS))
    if not begun:
        reading.cancel()
    await asyncio.wait([reading])
    context = (
        "The first answer is long, and `slots=2`. The other slot was not used again:"
    )
    expect(begun, f"{context} begin the next question as soon as an answer has ended.")
    await reading


async def odd_lists(ask_all: AskAll) -> None:
    """No question at all, and the same question twice."""
    _same(await _pairs(ask_all, Desk({}), [], 3), [], "of no question,")
    twice = Desk({"Hi": [say("Hello."), say("", "stop")]})
    wanted = [("Hello.", None)] * 2
    _same(await _pairs(ask_all, twice, ["Hi", "Hi"], 3), wanted, "of one asked twice,")


async def its_task_is_cancelled(ask_all: AskAll) -> None:
    """The server goes away: no stream stays open, and nothing is begun."""
    others = asyncio.all_tasks()
    desk = Desk({question: [say("Answer"), SILENCE] for question in QUESTIONS})
    reading = asyncio.ensure_future(_pairs(ask_all, desk, QUESTIONS[:5], 2))
    await until(lambda: desk.open > 0)
    reading.cancel()
    await asyncio.wait([reading])
    expect(reading.cancelled(), "It was cancelled, and went on: let that error pass.")
    ended = await until(lambda: asyncio.all_tasks() <= others and not desk.open)
    expect(ended, "It was cancelled, and its streams are still open.")


async def _pairs(ask_all: AskAll, desk: Desk, questions: list[str], slots: int) -> Any:
    made = ask_all(desk, list(questions), slots)
    if not hasattr(made, "__await__"):
        raise NotYet(f"It gave {shorten(made)}: write `async def`, and return a list.")
    return await made


def _same(got: Any, wanted: list[Any], context: str) -> None:
    expect(isinstance(got, list), f"It returned {shorten(got)}: return a list.")
    count = f"{context.capitalize()} the list has {len(got)} of {len(wanted)} pairs."
    expect(len(got) == len(wanted), count)
    for number, (one, other) in enumerate(zip(got, wanted, strict=True), 1):
        right = isinstance(one, tuple) and len(one) == 2 and one[0] == other[0]
        said = f"{context.capitalize()} pair {number} is {shorten(one)}, not {other!r}."
        expect(right and one[1] is other[1], said)


async def _check_ask_all(ask_all: AskAll) -> None:
    hush()
    with nobody_sleeps("ask_all"):
        await odd_lists(ask_all)
        await one_fails_the_others_are_whole(ask_all)
        await so_many_are_open(ask_all)
        await a_free_slot_is_used(ask_all)
        await its_task_is_cancelled(ask_all)


ask_all = Exercise(
    "ask_all",
    check=_check_ask_all,
    hints=[
        "Write one coroutine that reads one answer and returns its pair. It collects "
        "the text outside of the `try`, so that `except` still has it.",
        "Hold an `asyncio.Semaphore(slots)` for as long as you read.",
        "`asyncio.gather` keeps the order, and cancels its children when it is "
        "cancelled itself.",
    ],
    solution=solutions.ask_all,
    minutes=10,
)
