"""Exercises and questions of notebook 1, *Full responses*.

Each exercise is a check of behaviour, some hints, and a solution that the tests run.

    from course_utils.lessons import full_responses as lesson
"""

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

from course_utils.clock import VirtualClock
from course_utils.lessons.full_responses import solutions
from course_utils.lessons.full_responses.crowds import Counting, answer_to
from course_utils.lessons.full_responses.summaries import check_summaries
from course_utils.lessons.scenes import NASTY, Broke, take
from course_utils.lessons.scripted import Scripted, in_blocks, say
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise
from course_utils.timing.stream_timing import measure

# 1 · A chain that returns text


# Of what to ask, and what the model says: the second one in blocks, the third nothing.
THINGS = {
    "cache": say("It keeps answers. Twice.", "stop"),
    "Kölner Dom, v3.5": in_blocks(NASTY, "stop"),
    "{token}": say("", "stop"),
    " CACHE": say(" It is loud.\n", "stop"),
}


def _check_text_chain(text_chain: Any) -> None:
    model = Scripted(answers=[[chunk] for chunk in THINGS.values()])
    chain = text_chain(model)
    expect(chain is not None, "text_chain(model) gave None. Is a `return` missing?")
    if not hasattr(chain, "invoke"):
        raise NotYet(
            f"text_chain(model) gave {shorten(chain)}: return the chain "
            "itself, its caller will call `invoke`."
        )
    for number, (thing, chunk) in enumerate(THINGS.items(), 1):
        got = _invoke(chain, thing)
        if not isinstance(got, str):
            raise NotYet(
                f"The chain gave {shorten(got)}, not text: which step "
                "keeps only the text of a message?"
            )
        _check_asked(model, thing, number)
        expect_equal(got, str(chunk.text), "chain.invoke(...)")


def _check_asked(model: Scripted, thing: str, number: int) -> None:
    count = len(model.requests)
    other = "Your chain asked another model: build it with the `model` given."
    expect(count >= number, other if not count else "It did not ask the model again.")
    expect(count == number, "It asked the model more than once for one answer.")
    prompt = " ".join(str(message.text) for message in model.requests[-1])
    expect(thing in prompt, f"The model was asked {prompt!r}: where is {thing!r}?")


def _invoke(chain: Any, thing: str) -> Any:
    """What the chain gives; two common slips named in the course's own words."""
    try:
        return chain.invoke({"thing": thing})
    except TypeError as error:
        if "BaseModel.__init__() takes" not in str(error):
            raise
        slip = "A step of the chain is a class, not an object: is `()` missing?"
        raise NotYet(slip) from error
    except ValueError as error:
        if "Invalid input type" not in str(error):
            raise
        slip = "The model got the dict itself: which step makes a message of it?"
        raise NotYet(slip) from error


# 2 · Waiting and writing

NO_WORD = (4, 0)

# What happens when: waits and texts, then what is right, and what is easily missed.
RUNS: dict[str, tuple[list[tuple[float, Any]], tuple[float, float], str]] = {
    "a first word after 2.25 s and the end after 2.75 s": (
        [(0, ""), (2.25, "one"), (0.25, " two"), (0.25, " three")],
        (2.25, 0.5),
        "",
    ),
    "a single word after 3 s": ([(0, ""), (3, "one"), (0, "")], (3, 0), ""),
    "no word at all in 4 s": (
        [(4, "")],
        NO_WORD,
        "No word came, so all of it was waiting.",
    ),
    "a word at once and the end after 1.5 s": (
        [(0, "one"), (1.5, " two")],
        (0, 1.5),
        "A word at 0 s is a word, too.",
    ),
    "words at 0.5 s and 1 s, and the end at 4 s": (
        [(0.5, "one"), (0.5, " two"), (3, "")],
        (0.5, 3.5),
        "The end is when the stream ends, not when the last word comes.",
    ),
    "a word at 0.5 s and a break at 2 s": (
        [(0.5, "one"), (1.5, Broke("on purpose"))],
        (0.5, 1.5),
        "A break is an end, too.",
    ),
}


def _check_waiting_and_writing(waiting_and_writing: Any) -> None:
    for name, (script, expected, missed) in RUNS.items():
        clock = VirtualClock()
        timing = measure(_play(script, clock), clock=clock, keep_error=True)
        try:
            got = _two_numbers(waiting_and_writing(timing), name)
        except (TypeError, IndexError) as error:
            what = f"{type(error).__name__}: {error}"
            raise NotYet(f"With {name} it raised {what}.") from error
        swapped = "The other way round." if got == expected[::-1] else ""
        why = missed or swapped or f"It is {expected}."
        expect(got == expected, f"With {name} it gave {got}. {why}")


def _play(script: list[tuple[float, Any]], clock: VirtualClock) -> Iterator[str]:
    for wait, item in script:
        clock.advance(wait)
        if isinstance(item, Exception):
            raise item
        yield item


def _two_numbers(got: Any, name: str) -> tuple[float, ...]:
    expect(got is not None, f"With {name} it gave None. Is a `return` missing?")
    pair = isinstance(got, tuple | list) and len(got) == 2
    if not pair or not all(isinstance(part, int | float) for part in got):
        raise NotYet(f"With {name} it gave {shorten(got)}: two numbers, please.")
    return tuple(round(part, 3) for part in got)


# 3 · Ten pages, and one is refused: `summaries.py`
# 4 · Forty questions, politely

# Not in the order of the alphabet, and one of them twice.
QUESTIONS = [f"question {number}" for number in (17, 30, 21, 17, *range(10, 17))]


def _check_ask_all(ask_all: Any) -> None:
    for limit, questions in ((4, QUESTIONS), (3, QUESTIONS), (1, ["Who?", "How?"])):
        model = Counting(limit=limit, blocks=limit == 3)
        _check_texts(_listed(ask_all(model, questions, limit)), questions)
        _check_most(model.most, limit)
    none = _listed(ask_all(Counting(limit=1), [], 2))
    expect(none == [], f"Without a question it gave {shorten(none)}, not [].")
    try:
        got = _listed(ask_all(Counting(limit=1), ["Who?", "Why not?"], 2))
    except Exception:
        return
    raise NotYet(
        f"One request failed, and it gave {shorten(got)}: let the error go on."
    )


def _check_most(most: int, limit: int) -> None:
    open_at_once = f"With limit={limit}, {most} requests were open at once"
    expect(most <= limit, f"{open_at_once}.")
    slow = "The questions went out one at a time, which takes too long."
    expect(most > 1 or limit == 1, slow)
    expect(most == limit, f"{open_at_once} at most: {limit} may be.")


def _listed(answers: Any) -> Any:
    """The answers as a list; an async answer is waited for."""
    if inspect.iscoroutine(answers):
        answers = asyncio.run(answers)
    if isinstance(answers, tuple | Iterator):
        return take(answers)
    return answers


def _check_texts(answers: Any, questions: list[str]) -> None:
    expected = list(map(answer_to, questions))
    if isinstance(answers, list):
        wrong = [one for one in answers if not isinstance(one, str)]
        expect(not wrong, f"An answer is {shorten(wrong[:1])[1:-1]}: texts, please.")
        mixed = answers != expected and sorted(answers) == sorted(expected)
        expect(not mixed, "All answers are there, but not in the questions' order.")
    expect_equal(answers, expected, "ask_all(...)")


text_chain = Exercise(
    "text_chain",
    check=_check_text_chain,
    hints=[
        "A chain joins its steps with `|`. You need three.",
        "The steps are a prompt template, the model, and a parser for text.",
    ],
    solution=solutions.text_chain,
    praise="Every chain of this course is built this way.",
    minutes=5,
)

waiting_and_writing = Exercise(
    "waiting_and_writing",
    check=_check_waiting_and_writing,
    hints=[
        "`timing.time_to_first_token` and `timing.total` are all you need.",
        "If no word came, `timing.time_to_first_token` is `None`: then all of the "
        "total is waiting.",
    ],
    solution=solutions.waiting_and_writing,
    praise="A stream shortens the first number, never the second.",
    minutes=5,
)

summaries = Exercise(
    "summaries",
    check=check_summaries,
    hints=[
        "Print `results`. How many entries does it have, and how many has `texts`?",
        "`zip` pairs by position. Pair each page with its result first, and leave "
        "out the errors afterwards.",
    ],
    solution=solutions.summaries,
    praise="Nine answers are kept, and you know which page to ask again.",
    minutes=7,
)

ask_all = Exercise(
    "ask_all",
    check=_check_ask_all,
    hints=[
        "Which method asked forty questions at once, further up?",
        "The limit goes into the second argument of `batch`, a dict.",
    ],
    solution=solutions.ask_all,
    limit=20.0,
    minutes=8,
)
