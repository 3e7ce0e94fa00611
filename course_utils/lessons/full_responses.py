"""Exercises and questions of notebook 1, *Full responses*.

Each exercise is a check of behaviour, some hints, and a solution that the tests run.

    from course_utils.lessons import full_responses as lesson
"""

import asyncio
import inspect
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from course_utils.clock import VirtualClock
from course_utils.exercise import Exercise, NotYet, expect, expect_equal, shorten
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.lessons.solutions import full_responses as solutions
from course_utils.quiz import Predict, Quiz
from course_utils.replies import Reply
from course_utils.timing import measure

# 1 · A chain that returns text


def _check_text_chain(text_chain: Any) -> None:
    said: list[str] = []
    model = FakeStreamingChatModel(replies=lambda messages: _echo(messages, said))
    chain = text_chain(model)
    expect(chain is not None, "text_chain(model) gave None. Is a `return` missing?")
    if not hasattr(chain, "invoke"):
        raise NotYet(
            f"text_chain(model) gave {shorten(chain)}: return the chain "
            "itself, somebody else will call invoke."
        )
    for thing in ("cache", "retry"):
        got = _invoke(chain, thing)
        if not isinstance(got, str):
            raise NotYet(
                f"The chain gave {shorten(got)}, not text: which step "
                "keeps only the text of a message?"
            )
        expect(said, "Your chain asked another model: build it with the `model` given.")
        asked = said[-1].removeprefix(ECHO)
        expect(thing in asked, f"The model was asked {asked!r}: where is {thing!r}?")
        expect_equal(got, said[-1], "chain.invoke(...)")


ECHO = "You asked: "


def _echo(messages: list[BaseMessage], said: list[str]) -> str:
    said.append(ECHO + messages[-1].text)
    return said[-1]


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


def _check_waiting_and_writing(waiting_and_writing: Any) -> None:
    runs = {
        "a first word after 2.25 s and the end after 2.75 s": (
            Reply("one two three", first_token=2.25, per_token=0.25),
            (2.25, 0.5),
        ),
        "a single word after 3 s": (Reply("one", first_token=3), (3, 0)),
        "no word at all in 4 s": (Reply("", headers_after=4), NO_WORD),
    }
    for name, (reply, expected) in runs.items():
        clock = VirtualClock()
        model = FakeStreamingChatModel(replies=reply, clock=clock)
        timing = measure(model.stream("Hi"), clock=clock)
        try:
            got = _two_numbers(waiting_and_writing(timing), name)
        except (TypeError, IndexError) as error:
            what = f"{type(error).__name__}: {error}"
            raise NotYet(f"With {name} it raised {what}.") from error
        expect(got == expected, f"With {name} it gave {got}. {_slip(got, expected)}")


def _slip(got: tuple[float, ...], expected: tuple[float, float]) -> str:
    if got == NO_WORD[::-1]:
        return "No word came, so all of it was waiting."
    swapped = got == expected[::-1]
    return "The other way round." if swapped else f"It is {expected}."


def _two_numbers(got: Any, name: str) -> tuple[float, ...]:
    expect(got is not None, f"With {name} it gave None. Is a `return` missing?")
    pair = isinstance(got, tuple | list) and len(got) == 2
    if not pair or not all(isinstance(part, int | float) for part in got):
        raise NotYet(f"With {name} it gave {shorten(got)}: two numbers, please.")
    return tuple(round(part, 3) for part in got)


# 3 · Twenty questions, politely


class _Counting(BaseChatModel):
    """Answers, and counts how many requests are open at once.

    The first requests wait until one more than `limit` is open, or for a second: one
    too many shows, one at a time shows, and no check depends on luck.
    """

    limit: int
    _open: int = PrivateAttr(default=0)
    _most: int = PrivateAttr(default=0)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _meeting: threading.Barrier = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        self._meeting = threading.Barrier(self.limit + 1)

    @property
    def _llm_type(self) -> str:
        return "counting"

    @property
    def most(self) -> int:
        """The most requests that were open at once."""
        return self._most

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._lock:
            self._open += 1
            self._most = max(self._most, self._open)
        with suppress(threading.BrokenBarrierError):
            self._meeting.wait(timeout=1)
        with self._lock:
            self._open -= 1
        message = AIMessage(f"answer to {messages[-1].text}")
        return ChatResult(generations=[ChatGeneration(message=message)])


def _check_ask_all(ask_all: Any) -> None:
    questions = [f"question {number}" for number in range(10, 30)]
    for limit in (4, 3):
        model = _Counting(limit=limit)
        _check_texts(_listed(ask_all(model, questions, limit)), questions)
        _check_most(model.most, limit)


def _check_most(most: int, limit: int) -> None:
    open_at_once = f"With limit={limit}, {most} requests were open at once"
    expect(most <= limit, f"{open_at_once}.")
    expect(most > 1, "The questions went out one at a time, which takes too long.")
    expect(most == limit, f"{open_at_once} at most: {limit} may be.")


def _listed(answers: Any) -> Any:
    """The answers as a list; an async answer is waited for."""
    if inspect.iscoroutine(answers):
        answers = asyncio.run(answers)
    if isinstance(answers, tuple | Iterator):
        return list(answers)
    return answers


def _check_texts(answers: Any, questions: list[str]) -> None:
    expected = [f"answer to {question}" for question in questions]
    if isinstance(answers, list):
        if not all(isinstance(one, str) for one in answers):
            raise NotYet(f"The first answer is {shorten(answers[0])}: texts, please.")
        if sorted(answers) == expected != answers:
            raise NotYet("All answers are there, but not in the questions' order.")
    expect_equal(answers, expected, "ask_all(...)")


text_chain = Exercise(
    "text_chain",
    check=_check_text_chain,
    hints=[
        "A chain joins its steps with `|`. You need three.",
        "The steps are a prompt template, the model, and a parser for text.",
    ],
    solution=solutions.text_chain,
)

waiting_and_writing = Exercise(
    "waiting_and_writing",
    check=_check_waiting_and_writing,
    hints=[
        "`timing.time_to_first_token` and `timing.total` are all you need.",
        "Without any word, `timing.time_to_first_token` is `None`.",
    ],
    solution=solutions.waiting_and_writing,
)

ask_all = Exercise(
    "ask_all",
    check=_check_ask_all,
    hints=[
        "Notebook cell by cell: which method asked four questions at once?",
        "The limit goes into its second argument, a dict.",
    ],
    solution=solutions.ask_all,
    limit=20.0,
)

# Questions

slower = Predict(
    "You ask for the full response instead of a stream. Does the model itself "
    "get slower?",
    options=[
        (
            "Yes, it has to collect the answer first.",
            "Collecting costs nothing that you could measure next to the model's work.",
        ),
        (
            "No, it takes as long as before.",
            "It writes the same tokens at the same pace. You only see them later.",
        ),
        (
            "It gets faster, because it sends only once.",
            "Sending is a tiny part of the work. The next cell measures both.",
        ),
    ],
    answer="b",
    name="slower",
)

quiz = Quiz(
    [
        Predict(
            "An answer has the finish reason `length`. What do you hold?",
            options=[
                ("A long answer.", "`length` says nothing about how long it is."),
                ("An empty answer.", "Mostly there is text, and its end is missing."),
                (
                    "An answer that was cut.",
                    "The model met its token limit in mid-answer.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "You sort ten thousand e-mails into five groups overnight. Which call?",
            options=[
                ("batch with a limit", "Many short answers that a program reads."),
                ("stream", "Nobody watches, so nobody gains from early words."),
                ("invoke in a loop", "It works, one at a time, and takes all night."),
            ],
            answer="a",
        ),
        Predict(
            "A model has its first word after 1 s and its last after 8 s. Its user "
            "stares at a frozen screen all the time. What did the model do in the "
            "last 7 seconds?",
            options=[
                ("It waited to send.", "It wrote token after token."),
                (
                    "It wrote words that nobody saw.",
                    "The first of them was there after a second.",
                ),
                (
                    "It checked its answer.",
                    "What a model thinks over, it thinks over before the first word.",
                ),
            ],
            answer="b",
        ),
    ],
    name="quiz",
)
