"""What the package says as text is at most 80 columns wide, whatever it is given."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from course_utils import (
    Exercise,
    Predict,
    Quiz,
    VirtualClock,
    curve,
    measure,
    progress,
    race,
    show,
    table,
    timeline,
)
from course_utils.setup import doctor
from course_utils.style import WIDTH, width_of
from course_utils.teaching import NotYet
from course_utils.teaching.board.seen import Board, Task
from tests.notebooks.outputs import NOTEBOOKS, read

LONG = {
    "words": "a rather long name of a model " * 5,
    "one word": "provider-" * 20,
    "Chinese": "模型名稱" * 30,
    "emoji": "😀" * 60,
    "a row": " · ".join(["part"] * 40),
}
CLOCK = VirtualClock()
ANSWER = "A stream."  # what a model writes is its own, and is not wrapped


def broken(name: str) -> Any:
    """A stream that breaks with an error whose class has this name."""
    yield ANSWER
    raise type(name, (Exception,), {})(name)


def question(text: str) -> Predict:
    options = [(text, text), ("No.", text), (text, "No.")]
    return Predict(text, options=options, answer="a", name=text)


def exercise(text: str) -> Exercise:
    def check(answer: object) -> None:
        if answer == "wrong":
            raise NotYet(text)
        if answer == "odd":
            raise ValueError(text)

    return Exercise(text, check, hints=[text], solution=exercise, praise=text)


def lesson(text: str) -> ModuleType:
    found = ModuleType("lesson")
    found.__all__ = [text]
    setattr(found, text, exercise(text))
    return found


def timing(text: str) -> Any:
    return measure(broken(text), title=text, keep_error=True, clock=CLOCK)


def board(text: str) -> Board:
    tasks = (Task(1, text, text),)
    return Board(tasks, tuple((f"{text}{n}", ("stuck",)) for n in range(9)))


SAID: dict[str, Callable[[str], Any]] = {
    "a question": question,
    "a guess": lambda text: question(text).answer("b"),
    "a quiz": lambda text: Quiz([question(text)], title=text, name=text),
    "a marked quiz": lambda text: Quiz([question(text)]).answer("b"),
    "an exercise": exercise,
    "not yet": lambda text: exercise(text).check("wrong"),
    "an error in an answer": lambda text: exercise(text).check("odd"),
    "correct": lambda text: exercise(text).check("right"),
    "a hint": lambda text: exercise(text).hint(),
    "progress": lambda text: progress(lesson(text)),
    "a timing": timing,
    "a timeline": lambda text: timeline(*[timing(text)] * 6, title=text),
    "a curve": lambda text: curve(
        [1, 2],
        {f"{text}{n}": [0.5, 1.0] for n in range(9)},
        title=text,
        x_label=text,
        unit=text,
    ),
    "a table": lambda text: table([[text] * 4] * 2, columns=[text] * 4, caption=text),
    "a board": board,
}


def widest(text: str) -> str:
    return max(text.split("\n"), key=width_of)


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("thing", SAID)
def test_what_a_cell_ends_in_is_never_wider_than_a_page(thing, kind):
    line = widest(repr(SAID[thing](LONG[kind])))
    assert width_of(line) <= WIDTH, line


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("lanes", [1, 6])
def test_a_view_wraps_its_title_and_its_end(kind, lanes, capsys):
    text = LONG[kind]
    streams = {f"{text}{n}": [ANSWER] for n in range(lanes)}
    race(**streams, title=text, clock=CLOCK)
    show(iter([ANSWER]), title=text, clock=CLOCK)
    with pytest.raises(Exception):  # noqa: B017  its class has the long name
        show(broken(text), title=text, clock=CLOCK)
    line = widest(capsys.readouterr().out)
    assert width_of(line) <= WIDTH, line


@pytest.mark.parametrize("kind", ["words"])
def test_the_check_of_a_machine_wraps_what_it_found(kind, monkeypatch, capsys):
    looks = [("shell", [LONG[kind]], ""), ("Python", [], LONG[kind])]
    monkeypatch.setattr(doctor, "report", lambda: iter(looks))
    with pytest.raises(SystemExit):
        doctor.main()
    line = widest(capsys.readouterr().out)
    assert width_of(line) <= WIDTH, line


# Saved outputs that the package made, in the notebooks that were remade since.
NOTEBOOK_NUMBERS = ("01", "02", "03", "04", "05", "06")
# The text of a model, which is its own: shown as it came.
ANSWERS = {"race", "stall", "openai", "own-model", "batch-watch", "hide-v3"}


@pytest.mark.parametrize("number", NOTEBOOK_NUMBERS)
def test_what_is_saved_of_the_package_is_never_wider_than_a_page(number):
    [path] = NOTEBOOKS.glob(f"{number}_*.ipynb")
    wide = [
        (cell.id, line)
        for cell in read(path).cells
        if cell.cell_type == "code" and cell.id not in ANSWERS
        for output in cell.outputs
        if "text/html" in output.get("data", {})  # made by the package
        for line in output.data.get("text/plain", "").split("\n")
        if width_of(line) > WIDTH
    ]
    assert wide == []
