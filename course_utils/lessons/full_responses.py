"""Exercises and questions of notebook 1, *Full responses*.

Each exercise is a check of behaviour, some hints, and a solution that the tests run.

    from course_utils.lessons import full_responses as lesson
"""

import threading
from contextlib import suppress
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from course_utils._slips import shorten
from course_utils.clock import VirtualClock
from course_utils.exercise import Exercise, NotYet, expect, expect_equal
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.lessons.solutions import full_responses as solutions
from course_utils.quiz import Predict, Quiz
from course_utils.replies import Reply
from course_utils.timing import measure

# 1 · A chain that returns text


def _check_text_chain(text_chain: Any) -> None:
    model = FakeStreamingChatModel(replies=_echo)
    chain = text_chain(model)
    expect(chain is not None, "text_chain(model) gave None. Is a `return` missing?")
    if not hasattr(chain, "invoke"):
        raise NotYet(
            f"text_chain(model) gave {shorten(chain)}: return the chain "
            "itself, somebody else will call invoke."
        )
    for thing in ("cache", "retry"):
        said = chain.invoke({"thing": thing})
        if not isinstance(said, str):
            raise NotYet(
                f"The chain gave {shorten(said)}, not text: which step "
                "keeps only the text of a message?"
            )
        expect(thing in said, f"The model was asked {said[11:]!r}: where is {thing!r}?")


def _echo(messages: list[BaseMessage]) -> str:
    return f"You asked: {messages[-1].text}"


# 2 · Waiting and writing


def _check_waiting_and_writing(waiting_and_writing: Any) -> None:
    runs = {
        "a first word after 2 s and the end after 3 s": (
            Reply("one two three", first_token=2, per_token=0.5),
            (2, 1),
        ),
        "a single word after 3 s": (Reply("one", first_token=3), (3, 0)),
        "no word at all in 4 s": (Reply("", headers_after=4), (4, 0)),
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
        slip = "The other way round." if got == expected[::-1] else ""
        expect(got == expected, f"With {name} it gave {got}. {slip}".rstrip())


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
    model = _Counting(limit=4)
    answers = ask_all(model, questions, 4)
    expected = [f"answer to {question}" for question in questions]
    if isinstance(answers, list):
        _check_texts(answers, expected)
    expect_equal(answers, expected, "ask_all(...)")
    expect(model.most <= 4, f"{model.most} requests were open at once, the limit is 4.")
    expect(
        model.most > 1, "The questions went out one at a time, which takes too long."
    )
    expect(model.most == 4, f"{model.most} requests were open at most, 4 may be.")


def _check_texts(answers: list[Any], expected: list[str]) -> None:
    if not all(isinstance(one, str) for one in answers):
        raise NotYet(f"The first answer is {shorten(answers[0])}: texts, please.")
    if sorted(answers) == expected != answers:
        raise NotYet("All answers are there, but not in the order of the questions.")


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
                ("An empty answer.", "There is text; only its end is missing."),
                (
                    "An answer that was cut.",
                    "The model met its token limit in mid-answer.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "You sort ten thousand e-mails into five groups over night. Which call?",
            options=[
                ("batch with a limit", "Many short answers that a program reads."),
                ("stream", "Nobody watches, so nobody gains from early words."),
                ("invoke in a loop", "It works, one at a time, and takes all night."),
            ],
            answer="a",
        ),
        Predict(
            "A user stares at a frozen screen for 8 seconds. What did the model do?",
            options=[
                ("Nothing, it waited.", "It wrote token after token all the time."),
                (
                    "It wrote words that nobody saw.",
                    "The first of them was ready early.",
                ),
                (
                    "It checked its answer.",
                    "A model does not look back before it sends.",
                ),
            ],
            answer="b",
        ),
    ],
    name="quiz",
)
