"""The live view of questions: radio buttons in a real fieldset, for mouse and keys.

The page sends the letter that was chosen; the words come from the question.

    quiz_view([question])     # a mime bundle, or None outside of a notebook
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets

from course_utils.language import translated
from course_utils.notebook import in_kernel
from course_utils.style import BLUE, callout
from course_utils.teaching.message import as_html

HELD = "Run the cells below, then ask."


class Question(Protocol):
    """What a view needs of a question."""

    question: str
    guess: str | None
    hold: bool

    def reasons(self) -> tuple[tuple[str, str, str], ...]:
        """Letter, option and reason of each."""

    def believe(self, letter: str) -> None:
        """Keep the guess."""

    def answer(self, letter: str) -> Any:
        """Explain every option."""


class QuestionView(anywidget.AnyWidget):
    """One question on the page."""

    _esm = Path(__file__).parent / "quiz.js"
    question = traitlets.Unicode().tag(sync=True)
    options: traitlets.List[Any] = traitlets.List().tag(sync=True)
    guess = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    why = traitlets.Unicode().tag(sync=True)
    requested = traitlets.Bool(False).tag(sync=True)

    def __init__(self, source: Question) -> None:
        self._source = source
        super().__init__(
            question=as_html(translated(source.question)),
            options=[[key, as_html(option)] for key, option, _ in source.reasons()],
            why=translated("Why?"),
            guess=source.guess or "",
            requested=not source.hold,
        )
        self._explain()
        self.observe(lambda _: self._explain(), ["guess", "requested"])

    def _explain(self) -> None:
        """Say what is to be said about the guess: hold it, or explain it."""
        if not self.guess:
            self.note = ""
        elif self.requested:
            self.note = self._source.answer(self.guess)._repr_html_()
        else:
            self._source.believe(self.guess)
            word = translated(f"You guessed {escape(self.guess)}.")
            self.note = callout("…", word, translated(HELD), BLUE)


def quiz_view(questions: Sequence[Question], title: str = "") -> Any:
    """The views of these questions below a title, as a mime bundle.

    None where there is no kernel to talk to.
    """
    if not in_kernel():
        return None
    from ipywidgets import HTML, VBox

    views: list[Any] = [QuestionView(question) for question in questions]
    if title:
        views.insert(0, HTML(f"<b>{escape(title)}</b>"))
    whole = views[0] if len(views) == 1 else VBox(views)
    bundle = whole._repr_mimebundle_()
    return dict(bundle[0] if isinstance(bundle, tuple) else bundle)
