"""Answers to one failing question among twenty, and a throttle to be mended."""

import asyncio
from typing import Any

Pair = tuple[str, Any]


class GivenThrottle:
    """As the notebook gives it: it repeats, loses the end, and counts from a grid."""

    def __init__(self, seconds: Any, clock: Any) -> None:
        self.seconds, self.clock = seconds, clock
        self.held: list[str] = []
        self.due = clock.now()

    def push(self, text: Any) -> Any:
        self.held.append(text)
        if self.clock.now() < self.due:
            return ""
        self.due += self.seconds
        return "".join(self.held)

    def flush(self) -> Any:
        return ""


class HalfMended(GivenThrottle):
    """It repeats no more, and an empty text still counts as an update."""

    def push(self, text: Any) -> Any:
        ready = super().push(text)
        if ready:
            self.held = []
        return ready

    def flush(self) -> Any:
        rest, self.held = "".join(self.held), []
        return rest


class MendedButForTheGrid(HalfMended):
    """After a pause two updates come at once."""

    def push(self, text: Any) -> Any:
        return super().push(text) if text else ""


async def one_answer(model: Any, question: str) -> Pair:
    text = ""
    try:
        async for chunk in model.astream(question):
            text += chunk.text
    except Exception as error:
        return text, error
    return text, None


async def in_a_group(model: Any, questions: Any, slots: Any) -> Any:
    """Right: a TaskGroup, and workers' room by a semaphore."""
    room = asyncio.Semaphore(slots)

    async def one(question: str) -> Pair:
        async with room:
            return await one_answer(model, question)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(question)) for question in questions]
    return [task.result() for task in tasks]


async def by_workers(model: Any, questions: Any, slots: Any) -> Any:
    """Right: as many workers as there are slots, which share one list."""
    waiting = list(enumerate(questions))[::-1]
    found: dict[int, Pair] = {}

    async def work() -> None:
        while waiting:
            place, question = waiting.pop()
            found[place] = await one_answer(model, question)

    await asyncio.gather(*(work() for _ in range(min(slots, len(waiting)))))
    return [found[place] for place in range(len(found))]


async def one_by_one(model: Any, questions: Any, slots: Any) -> Any:
    return [await one_answer(model, question) for question in questions]


async def all_at_once(model: Any, questions: Any, slots: Any) -> Any:
    return list(
        await asyncio.gather(*(one_answer(model, question) for question in questions))
    )


async def in_batches(model: Any, questions: Any, slots: Any) -> Any:
    found: list[Pair] = []
    for begin in range(0, len(questions), slots):
        batch = questions[begin : begin + slots]
        found += await asyncio.gather(*(one_answer(model, q) for q in batch))
    return found


async def drops_the_half(model: Any, questions: Any, slots: Any) -> Any:
    room = asyncio.Semaphore(slots)

    async def one(question: str) -> str:
        async with room:
            return "".join([chunk.text async for chunk in model.astream(question)])

    made = [one(question) for question in questions]
    found = await asyncio.gather(*made, return_exceptions=True)
    return [("", one) if isinstance(one, Exception) else (one, None) for one in found]


async def raises(model: Any, questions: Any, slots: Any) -> Any:
    room = asyncio.Semaphore(slots)

    async def one(question: str) -> Pair:
        async with room:
            texts = [chunk.text async for chunk in model.astream(question)]
            return "".join(texts), None

    return list(await asyncio.gather(*(one(question) for question in questions)))


async def as_they_end(model: Any, questions: Any, slots: Any) -> Any:
    room = asyncio.Semaphore(slots)

    async def one(question: str) -> Pair:
        async with room:
            return await one_answer(model, question)

    made = asyncio.as_completed([one(question) for question in questions])
    return [await each for each in made]


async def by_question(model: Any, questions: Any, slots: Any) -> Any:
    """Loses one of two equal questions."""
    room = asyncio.Semaphore(slots)
    found: dict[str, Pair] = {}

    async def one(question: str) -> None:
        async with room:
            found[question] = await one_answer(model, question)

    await asyncio.gather(*(one(question) for question in questions))
    return [found[question] for question in dict.fromkeys(questions)]


async def room_for_the_call_only(model: Any, questions: Any, slots: Any) -> Any:
    """Holds its slot until the first chunk, and not until the last."""
    room = asyncio.Semaphore(slots)

    async def one(question: str) -> Pair:
        text = ""
        stream = model.astream(question)
        try:
            async with room:
                text += (await anext(stream)).text
            async for chunk in stream:
                text += chunk.text
        except Exception as error:
            return text, error
        return text, None

    return list(await asyncio.gather(*(one(question) for question in questions)))


async def runs_on(model: Any, questions: Any, slots: Any) -> Any:
    """When it is cancelled, its tasks go on."""
    room = asyncio.Semaphore(slots)

    async def one(question: str) -> Pair:
        async with room:
            return await one_answer(model, question)

    tasks = [asyncio.create_task(one(question)) for question in questions]
    if tasks:
        await asyncio.wait(tasks)
    return [task.result() for task in tasks]


async def swallows_the_cancel(model: Any, questions: Any, slots: Any) -> Any:
    try:
        return await in_a_group(model, questions, slots)
    except asyncio.CancelledError:
        return []


async def tells_the_name(model: Any, questions: Any, slots: Any) -> Any:
    pairs = await in_a_group(model, questions, slots)
    return [(text, error and type(error).__name__) for text, error in pairs]


async def reads_content(model: Any, questions: Any, slots: Any) -> Any:
    """Adds up `content`, which may be a list."""
    room = asyncio.Semaphore(slots)

    async def one(question: str) -> Pair:
        text = ""
        async with room:
            try:
                async for chunk in model.astream(question):
                    text += chunk.content
            except Exception as error:
                return text, error
        return text, None

    return list(await asyncio.gather(*(one(question) for question in questions)))
