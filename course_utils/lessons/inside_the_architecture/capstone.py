"""The check of `chat`: a chat that is honest through a bad day, on two workers.

lesson.chat.check(Chat)
"""

import asyncio
import inspect
import json
from collections import Counter
from contextlib import aclosing
from typing import Any

from course_utils.fake.reply import Reply
from course_utils.lessons.inside_the_architecture import solutions
from course_utils.lessons.inside_the_architecture.outages import (
    DAY,
    OVER,
    TEXT,
    Builder,
    Outcome,
    Scene,
    outcome_of,
)
from course_utils.lessons.scenes import NASTY, hush
from course_utils.serving.sse import Event
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise

# What must come of each scene: seen, billed, the model, the last event, the metrics.
WANTED: dict[str, tuple[str, int, str, str, dict[str, int]]] = {
    "all is well": ("all", 11, "ended", "done", {"done": 1}),
    "the provider breaks off": ("the first 5", 5, "broke", "error", {"error": 1}),
    "the provider just ends": ("the first 5", 5, "broke", "cut", {"cut": 1}),
    "the line breaks and the reader returns": ("all", 11, "ended", "done", {"done": 1}),
    "the store is away and the reader tries again": (
        *("all", 11, "ended", "done"),
        {"done": 1},
    ),
    "Stop is pressed in another tab": (
        *("the first 5", 5, "stopped", "stopped"),
        {"stopped": 1},
    ),
    "the reader leaves for good": ("the first 5", 5, "stopped", "", {"stopped": 1}),
    "the worker is killed": ("the first 5", 5, "stopped", "error", {"error": 1}),
    "an answer that is long gone": ("nothing", 0, "not asked", "error", {}),
}


async def _check_chat(build: Builder) -> None:
    hush()
    expect(isinstance(build, type), f"Hand over the class, not {shorten(build)}.")
    await _asked_as_typed(build)
    for name in WANTED:
        _judge(name, await outcome_of(build, name))
    await _two_at_once(build)
    await _two_tabs(build)
    await _stop_says_whether(build)


def _judge(name: str, got: Outcome) -> None:
    seen, billed, model, last_event, counted = WANTED[name]
    case = f"When {name}" if not name.startswith("an ") else f"For {name}"
    if got.error is not None:
        raised = f"{case}, the reader gets a {type(got.error).__name__}"
        raise NotYet(f"{raised} ({got.error}): end with an event that says what is so.")
    expect(got.seen == seen, f"{case}, the reader saw {got.seen}; it should be {seen}.")
    bill = f"{case}, {got.billed} tokens are billed; it should be {billed}."
    expect(got.billed == billed, bill)
    expect(got.model == model, f"{case}, the model {got.model}; it should be {model}.")
    last = f"{case}, the last event is `{got.last_event or 'missing'}`"
    wanted = f"it should be `{last_event or 'missing'}`"
    expect(got.last_event == last_event, f"{last}; {wanted}.")
    ends = f"{case}, `ends` says {dict(got.counted)}"
    expect(got.counted == Counter(counted), f"{ends}; it should be {counted}.")


async def _two_at_once(build: Builder) -> None:
    """Two answers of one worker: each has its own name and its own text."""
    scene = Scene(build, [Reply(TEXT, per_token=0.05), Reply(NASTY)])
    worker = scene.workers[0]
    first, second = await worker.start("Why?"), await worker.start("How?")
    texts = await asyncio.gather(_text(worker, first), _text(worker, second))
    expect_equal(texts, [TEXT, NASTY], "of two answers at once, the texts")
    await scene.store.end_all(OVER)


async def _two_tabs(build: Builder) -> None:
    """Two readers of one answer see the same, and it is paid for and counted once."""
    scene = Scene(build, Reply(TEXT))
    await scene.begin()
    read = [_text(worker, scene.name) for worker in scene.workers]
    texts = await asyncio.gather(*read)
    expect_equal(texts, [TEXT, TEXT], "of one answer in two tabs, the texts")
    got = await scene.outcome()
    expect(got.billed == 11, f"Two tabs read one answer, {got.billed} tokens billed.")
    once = f"Two tabs read one answer, and `ends` says {dict(got.counted)}."
    expect(got.counted == Counter(done=1), once)


async def _asked_as_typed(build: Builder) -> None:
    """One question: the model gets it as it is, once, and the answer comes out."""
    scene = Scene(build, Reply(TEXT))
    name = await scene.workers[0].start(NASTY)
    if inspect.iscoroutine(name):
        name.close()
    expect(isinstance(name, str), f"`start` gave {shorten(name)}: the name, awaited.")
    text = await _text(scene.workers[0], name)
    prompts = [call.request.prompt for call in scene.model.log]
    expect(
        len(prompts) == 1,
        f"One question, and the model was asked {len(prompts)} times.",
    )
    expect(NASTY.strip() in prompts[0], f"The model was asked {shorten(prompts[0])}.")
    events = "does the store get what `sse_events` makes of the stream?"
    expect(text == TEXT, f"Of one answer the text is {shorten(text)}: {events}")


async def _stop_says_whether(build: Builder) -> None:
    """`stop` gives True where there was an answer, and False where there was none."""
    scene = Scene(build, Reply(TEXT, stall_after=2))
    await scene.begin()
    stopped = [await scene.workers[1].stop(name) for name in (scene.name, "no-such")]
    said = f"`stop` gave {stopped[0]!r} for a name it knows, {stopped[1]!r} for another"
    expect(stopped[0] and not stopped[1], f"{said}: say whether there was one.")


async def _text(worker: Any, name: str) -> str:
    made = worker.read(name, 0)
    if inspect.iscoroutine(made):
        made.close()
        raise NotYet("`read` gave a coroutine: `yield` each event in it.")
    if not hasattr(made, "aclose"):
        raise NotYet(f"`read` gave {shorten(made)}: `async def`, and `yield`.")
    async with aclosing(made) as events:
        got = [event async for event in events]
    expect(all(isinstance(one, Event) for one in got), "`read` yields Events.")
    return "".join(json.loads(e.data)["text"] for e in got if e.event == "text")


assert set(WANTED) == set(DAY)

chat = Exercise(
    "chat",
    check=_check_chat,
    hints=[
        "An answer must outlive its reader, so it cannot live in `read`. `start` hands "
        "the events of the answer to the store, which goes on without readers.",
        "`sse_events(stream)` ends every answer honestly. `await store.start(events, "
        "ended=...)` returns a name, and tells `ended` the last event once.",
        "`await store.follow(name, after)` gives the events to read, or None if there "
        "is no such answer: then yield one `error_event(kind, message)` yourself.",
    ],
    solution=solutions.Chat,
    praise="Honest to every reader, on every worker.",
    minutes=20,
    limit=60.0,
)
