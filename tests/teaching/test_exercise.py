import asyncio
import linecache

import pytest

from course_utils.teaching import (
    Exercise,
    NotYet,
    expect,
    expect_equal,
    progress_file,
    shorten,
)
from course_utils.teaching.sandbox import MOST_PRINTED, in_sandbox
from tests.support.asking import no_threads_left
from tests.support.exercise_rules import one_line


@pytest.fixture(autouse=True)
def nothing_done_before():
    progress_file.forget()


def collect_text(stream):
    return "".join(stream)


def check_collect(collect):
    expect_equal(collect(iter(["Hel", "lo"])), "Hello", 'collect(["Hel", "lo"])')


def exercise(check=check_collect, **options):
    hints = ["Read it all.", "Join the parts."]
    return Exercise("collect", check, hints, collect_text, **options)


def test_a_right_answer_is_correct():
    outcome = exercise(praise="Any stream will do.").check(collect_text)
    assert outcome.outcome == "correct"
    assert repr(outcome) == "✓ Correct. Any stream will do."


def stub(stream):
    raise NotImplementedError


def dots(stream):
    """Collect the text."""


async def async_dots(stream): ...


class Stub:
    def push(self, text): ...

    def flush(self):
        """Nothing."""


@pytest.mark.parametrize(
    ("untouched", "advice"),
    [
        (..., "Replace `...`."),
        ([..., 1], "Replace `...`."),
        (None, "Give your answer to `check`."),
        (dots, "Its body does nothing yet."),
        (async_dots, "Its body does nothing yet."),
        (Stub, "Its body does nothing yet."),
    ],
)
def test_an_untouched_answer_is_not_started_and_told_what_to_do(untouched, advice):
    outcome = exercise().check(untouched)
    assert outcome.outcome == "not started"
    assert repr(outcome) == f"… Not started. {advice}"


def test_a_stub_that_raises_is_not_started():
    outcome = exercise().check(stub)
    assert repr(outcome) == "… Not started. Replace `raise NotImplementedError`."


def test_a_half_written_class_is_begun_and_told_what_is_left():
    class Buffer:
        def push(self, text):
            return text

        def flush(self):
            raise NotImplementedError

    exercise = Exercise(
        "buffer", check=lambda made: expect(not made().flush(), "It holds text.")
    )
    outcome = exercise.check(Buffer)
    assert outcome.outcome == "not yet"
    assert "`flush` is still `raise NotImplementedError`" in str(outcome)
    del Buffer.push
    assert exercise.check(Buffer).outcome == "not started"


def test_a_stub_is_seen_through_an_error_that_wraps_it():
    def check(answer):
        try:
            answer("x")
        except NotImplementedError as error:
            raise RuntimeError("wrapped") from error

    assert exercise(check).check(stub).outcome == "not started"


def prints(stream):
    print("".join(stream))


def forgets(stream):
    text = "".join(stream)  # noqa: F841 - the slip that is meant


def generates(stream):
    yield from stream


async def awaits(stream):
    return "".join(stream)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (prints, "gave None. It prints its text: return it instead."),
        (forgets, "gave None. Is a `return` missing?"),
        (generates, "gave a generator. A generator has not run yet"),
        (awaits, "gave a coroutine. A coroutine waits to be awaited"),
        (list, "gave ['Hel', 'lo']. A list of parts"),
        (next, "gave 'Hel'. The end is missing."),
        (lambda s: list(s)[-1], "gave 'lo'. The beginning is missing."),
        (lambda s: " ".join(s), "gave 'Hel lo'. Only the blanks"),
        (lambda s: "Hello!", "gave 'Hello!'. Something comes after the end."),
        (lambda s: collect_text, "gave the function `collect_text`. That is the func"),
        (lambda s: "x" * 900, "gave 'xxx"),
        (lambda s: s.nothing, "It raised `AttributeError`: "),
        (lambda: "", "It raised `TypeError`: "),
    ],
)
def test_not_yet_names_what_came_and_guesses_the_slip(answer, why):
    outcome = exercise().check(answer)
    assert outcome.outcome == "not yet"
    assert why in one_line(outcome)
    assert "Hello" not in one_line(outcome).replace("'Hello!'", ""), "never the answer"
    assert len(one_line(outcome)) < 250


@pytest.mark.parametrize(
    ("check", "outcome"),
    [
        (lambda answer: None, "correct"),
        (lambda answer: expect(answer == 7, "Not seven."), "correct"),
        (lambda answer: expect(answer == 1, "Not one."), "not yet"),
        (lambda answer: "Too slow.", "not yet"),
        (lambda answer: answer == 7, "not yet"),
    ],
)
def test_a_check_says_what_is_wrong_in_one_way_only(check, outcome):
    assert exercise(check).check(7).outcome == outcome


async def a_coroutine():
    """What an async function gives when it is called."""


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (lambda: ("Hello", 0.5), "got what it gave, ('Hello', 0.5): pass its name"),
        (lambda: generates([]), "got what it gave, a generator: pass its name"),
        (a_coroutine, "got what it gave, a coroutine: pass its name"),
        (NotYet, "got what it gave, a NotYet: pass its name"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_called_answer_is_told_to_drop_the_brackets(made, shown):
    assert shown in one_line(exercise().check(made()))

    def check_that_tells_of_errors(answer):
        try:
            answer([])
        except TypeError as error:
            raise NotYet(f"It raised: {error}.") from error

    assert shown in one_line(exercise(check_that_tells_of_errors).check(made()))


async def test_an_async_answer_is_checked_inside_a_running_loop():
    async def check(collect):
        expect_equal(await collect(["a"]), "a", "await collect(...)")

    async def right(stream):
        await asyncio.sleep(0)
        return "".join(stream)

    assert exercise(check).check(right).outcome == "correct"
    assert exercise(check).check(stub).outcome == "not started"


def endless(stream):
    while True:
        pass


async def waits_for_ever(stream):
    await asyncio.Event().wait()


@pytest.mark.parametrize("answer", [endless, waits_for_ever])
def test_an_answer_that_never_ends_is_stopped_and_told_so(answer):
    with no_threads_left():
        outcome = exercise(lambda collect: collect([]), limit=0.05).check(answer)
    assert "still running after 0.05 s" in repr(outcome)


def endless_print(stream):
    while True:
        print("x" * 1000)


async def endless_async_print(stream):
    while True:
        print("x" * 1000)


@pytest.mark.parametrize("answer", [endless_print, endless_async_print])
def test_an_endless_print_ends_with_the_limit_and_fills_no_memory(answer, capsys):
    with no_threads_left():
        run = in_sandbox(lambda: answer([]), 0.05)
    assert len(run.printed) == MOST_PRINTED
    assert not run.ended
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("got", "want", "guess"),
    [
        ("hello", "Hello", "Only capitals and small letters differ."),
        ("Hlo", "Hello", "Something in the middle is missing."),
        ("Helloo!?", "Hello!", "Something is in it twice, or does not belong there."),
        ("Help", "Hello", "Right up to 'Hel', then it differs."),
        ("Hello", ["Hello"], "A list is wanted."),
        ([], ["a"], "Nothing came."),
        (["b", "a"], ["a", "b"], "All are there, in another order."),
        (["a", "c"], ["a", "b"], "Look at number 2."),
        (["a"], ["a", "b"], "2 are wanted, only 1 came."),
        (["a", "b", "c"], ["a", "b"], "2 are wanted, 3 came."),
    ],
)
def test_a_wrong_value_gets_a_reason(got, want, guess):
    with pytest.raises(NotYet) as told:
        expect_equal(got, want, "answer()")
    assert str(told.value).endswith(guess)


def test_a_timeout_of_the_learner_is_not_ours():
    def check(answer):
        raise TimeoutError("no token for 2 s")

    assert "It raised `TimeoutError`: no token" in repr(exercise(check).check(1))


def test_an_error_that_cannot_be_printed_is_named_all_the_same():
    class Odd(Exception):
        def __str__(self):
            raise ValueError

    def check(answer):
        raise Odd

    assert repr(exercise(check).check(1)) == "✗ Not yet. It raised `Odd`"


def test_values_are_named_without_an_address():
    values = [object(), stub, {"a": [object()]}, None, 1.5, "x" * 99, b"raw", True]
    assert "0x" not in shorten(values)
    assert shorten(values[:2]) == "[an object, the function `stub`]"
    assert len(shorten("x" * 999)) < 70


def test_a_kind_of_text_is_named_as_text():
    class Text(str):
        __slots__ = ()

    assert shorten([Text("Hello")]) == "['Hello']"


def test_hints_come_one_by_one_and_stay_at_the_last():
    task = exercise()
    assert [repr(task.hint()) for _ in range(3)] == [
        "? Hint 1 of 2. Read it all.",
        "? Hint 2 of 2. Join the parts.",
        "? Hint 2 of 2. Join the parts.",
    ]
    assert "No hints" in repr(Exercise("x", check_collect).hint())


def test_the_solution_is_shown_after_a_first_try():
    task = exercise()
    assert "Try first." in repr(task.solution())
    task.check(stub)
    assert "Try first." in repr(task.solution()), "not started is no try"
    task.check(forgets)
    assert repr(task.solution()).startswith("def collect_text(stream):\n    return")
    assert task.solution()._repr_markdown_().startswith("```python\ndef collect_text")


def test_the_solution_is_shown_on_demand():
    assert "join" in repr(exercise().solution(reveal=True))


def test_the_solution_itself_is_at_hand_for_the_tests():
    task = exercise()
    assert task.solution_object is collect_text
    assert task.check(task.solution_object).outcome == "correct"


def test_a_message_says_the_same_in_html():
    def check(answer):
        raise NotYet("`a < b` came.")

    html = exercise(check).check(1)._repr_html_()
    assert html.startswith('<div class="mathjax_ignore" role="status"')
    assert "<b>✗ Not yet.</b> <code>a &lt; b</code> came." in html


@pytest.mark.parametrize(
    ("file", "is_named"),
    [
        ("/tmp/ipykernel_12/345.py", True),
        ("/lib/site-packages/ipykernel/kernelbase.py", False),
        ("/lib/site-packages/ipykernel_launcher.py", False),
    ],
)
def test_only_a_line_of_a_cell_is_shown_as_the_learners_own(
    monkeypatch, file, is_named
):
    source = "def answer(*given):\n    return 1 / 0\n"
    monkeypatch.setitem(linecache.cache, file, (9, None, source.splitlines(True), file))
    names: dict = {}
    exec(compile(source, file, "exec"), names)
    said = repr(exercise().check(names["answer"]))
    assert "It raised `ZeroDivisionError`" in said
    assert ("In your code: `return 1 / 0`" in said) is is_named
