"""Guess first, then look: a question that holds your guess and explains each option.

In a live notebook it is a set of radio buttons; in a saved one it is text. The answer
may also be typed, which is what works everywhere.

    lesson.total_time                  # shows the question
    lesson.total_time.answer("b")      # explains every option
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from html import escape
from typing import Any

from course_utils.language import translated
from course_utils.notebook import live_mode
from course_utils.settings import settings
from course_utils.style import BLUE, DIV, GREEN, ORANGE, TEXT, bar, wrapped
from course_utils.teaching.message import as_html
from course_utils.teaching.progress_file import note_belief, note_done

LETTERS = "abcdefgh"
LIST = "list-style: none; padding-left: 0; margin: 0.2em 0"


@dataclass(frozen=True)
class Explanation:
    """Every option of a question with its reason, and how the guess was.

    Attributes:
        guess: The letter that was guessed.
        right: The letter that is right.
        reasons: Letter, option and reason, in order.
    """

    guess: str
    right: str
    reasons: tuple[tuple[str, str, str], ...]

    def __repr__(self) -> str:
        lines = [self._line(*reason) for reason in self.reasons]
        return wrapped("\n".join([self._verdict(), *lines]))

    def _verdict(self) -> str:
        if self.guess == self.right:
            return translated(f"✓ You guessed {self.guess}, and it is right.")
        return translated(f"✗ You guessed {self.guess}; {self.right} is right.")

    def _line(self, letter: str, option: str, reason: str) -> str:
        sign = "✓" if letter == self.right else "✗"
        return f"{sign} {letter}. {_ended(option)} {reason}"

    def _repr_html_(self) -> str:
        colour = GREEN if self.guess == self.right else ORANGE
        items = "".join(self._item(*reason) for reason in self.reasons)
        return (
            f'<{DIV} role="status" style="{bar(colour)}"><b>{self._verdict()}</b>'
            f'<ul style="{LIST}">{items}</ul></div>'
        )

    def _item(self, letter: str, option: str, reason: str) -> str:
        sign = "✓" if letter == self.right else "✗"
        head = f"<b>{sign} {letter}. {as_html(_ended(option))}</b>"
        return f"<li>{head} {as_html(reason)}</li>"


def _either(one: str, other: str) -> str:
    return f"{one} or {other}"


def _ended(option: str) -> str:
    """An option with a mark at its end, so that its reason can follow."""
    return option if option.endswith((".", "?", "!", "…")) else f"{option}:"


@settings()
class Predict:
    """A question to guess before a cell is run.

    >>> question = Predict(
    ...     "Does streaming make the whole answer come sooner?",
    ...     options=[
    ...         ("Yes.", "The model writes as fast as before."),
    ...         ("No.", "Only the first word comes sooner."),
    ...     ],
    ...     answer="b",
    ... )
    >>> question.answer("a")
    ✗ You guessed a; b is right.
    ✗ a. Yes. The model writes as fast as before.
    ✓ b. No. Only the first word comes sooner.

    Args:
        question: One sentence.
        options: Each an option and why it is right or wrong. They get letters.
        answer: The letter of the right one.
        name: The name it has in the lesson, so that the page can say what to type.
    """

    kind = "question"
    hold = True  # the reasons come when asked for: first the cells are run

    def __init__(
        self,
        question: str,
        options: Sequence[tuple[str, str]],
        answer: str,
        *,
        name: str = "",
    ) -> None:
        self.question = question
        self.options = dict(zip(LETTERS, options, strict=False))
        self.right = self._letter(answer)
        self.name = name
        self.key = f"question: {question}"
        self.guess: str | None = None

    def _letter(self, answer: str) -> str:
        letter = str(answer).strip().lower().rstrip(".)")
        if letter not in self.options:
            error = (
                f"An answer is one of {', '.join(self.options)}, got {answer!r}: "
                f'type the letter, answer("{next(iter(self.options))}").'
            )
            raise ValueError(translated(error))
        return letter

    def answer(self, letter: str) -> Explanation:
        """Guess, and see why each option is right or wrong."""
        self.believe(letter)
        note_done(self.key)
        return Explanation(self._letter(letter), self.right, self.reasons())

    def reasons(self) -> tuple[tuple[str, str, str], ...]:
        """Letter, option and reason of each, in the learner's language."""
        return tuple(
            (letter, translated(option), translated(why))
            for letter, (option, why) in self.options.items()
        )

    def believe(self, letter: str) -> None:
        """Guess, and keep the guess: `beliefs` shows it at the end of the course."""
        self.guess = self._letter(letter)
        note_belief(self.key, self.guess)

    def __repr__(self) -> str:
        choices = [f"  {letter}. {option}" for letter, option, _ in self.reasons()]
        question = f"? {translated(self.question)}"
        return wrapped("\n".join([question, *choices, self._how()]))

    def _how(self) -> str:
        place = f"lesson.{self.name}" if self.name else ""
        calls = [f'{place}.answer("{letter}")' for letter in self.options]
        return translated(f"Guess, then type {reduce(_either, calls)}")

    def _html(self) -> str:
        """The question for a page without a kernel, the reasons folded away."""
        summary = translated("Why each is right or wrong")
        choices = "".join(
            f"<li>{letter}. {as_html(option)}</li>"
            for letter, option, _ in self.reasons()
        )
        reasons = "".join(
            f"<li>{'✓' if letter == self.right else '✗'} {letter}. {as_html(why)}</li>"
            for letter, _, why in self.reasons()
        )
        return (
            f'<{DIV} style="{bar(BLUE)}"><b>? {as_html(translated(self.question))}</b>'
            f'<ul style="{LIST}">{choices}</ul><details><summary>{summary}</summary>'
            f'<ul style="{LIST}">{reasons}</ul></details></div>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        text = {"text/plain": repr(self), "text/html": self._html()}
        return _with_widget(text, [self]) if live_mode() == "live" else text


@settings()
class Quiz:
    """A few questions in a row; each choice is explained at once.

    Args:
        questions: The questions, each a `Predict`.
        title: What stands above them.
        name: The name it has in the lesson, so that the page can say what to type.
    """

    def __init__(
        self, questions: Sequence[Predict], title: str = "Quiz", *, name: str = ""
    ) -> None:
        self.questions = tuple(questions)
        self.title = title
        self.name = name
        for question in self.questions:
            question.hold = False

    def answer(self, *letters: str) -> "Marked":
        """Answer all questions, in order, and see why each option is right or wrong."""
        if len(letters) != len(self.questions):
            example = ", ".join(['"a"'] * len(self.questions))
            error = (
                f"The quiz has {len(self.questions)} questions, got {len(letters)} "
                f"letters: answer({example})."
            )
            raise ValueError(translated(error))
        pairs = zip(self.questions, letters, strict=True)
        explained = tuple(question.answer(letter) for question, letter in pairs)
        texts = tuple(translated(one.question) for one in self.questions)
        return Marked(texts, explained)

    def __repr__(self) -> str:
        blocks = [
            f"{number}. {repr(question)[2:].rpartition(chr(10))[0]}"
            for number, question in enumerate(self.questions, 1)
        ]
        example = ", ".join(['"a"'] * len(self.questions))
        place = f"lesson.{self.name}" if self.name else ""
        how = translated(f"Type {place}.answer({example})")
        return wrapped("\n".join([translated(self.title), *blocks, how]))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        html = "".join(question._html() for question in self.questions)
        title = escape(translated(self.title))
        text = {
            "text/plain": repr(self),
            "text/html": f'<{DIV} style="{TEXT}"><b>{title}</b>{html}</div>',
        }
        if live_mode() != "live":
            return text
        return _with_widget(text, self.questions, translated(self.title))


@dataclass(frozen=True)
class Marked:
    """A quiz that was answered: how many are right, and why."""

    questions: tuple[str, ...]
    explained: tuple[Explanation, ...]

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(one.guess == one.right for one in self.explained)

    def __repr__(self) -> str:
        pairs = zip(self.questions, self.explained, strict=True)
        texts = (f"{text}\n{one!r}" for text, one in pairs)
        return wrapped("\n".join([self._head(), *texts]))

    def _head(self) -> str:
        return translated(f"{self.right} of {len(self.explained)} right.")

    def _repr_html_(self) -> str:
        pairs = zip(self.questions, self.explained, strict=True)
        blocks = [f"<p>{as_html(text)}</p>{one._repr_html_()}" for text, one in pairs]
        head = f"<b>{self._head()}</b>"
        return f'<{DIV} style="{TEXT}">{head}{"".join(blocks)}</div>'


def _with_widget(
    text: dict[str, str], questions: Sequence[Predict], title: str = ""
) -> Any:
    """The same bundle with a live view in front, where there is a kernel for it."""
    from course_utils.teaching.quiz_widget import quiz_view

    view = quiz_view(questions, title)
    return text if view is None else {**view, **text}
