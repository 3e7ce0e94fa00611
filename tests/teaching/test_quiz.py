from importlib import import_module
from pathlib import Path

import pytest

from course_utils.teaching import Predict, Quiz, progress_file
from course_utils.teaching.quiz_widget import HELD, QuestionView, quiz_view

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = [path.stem[3:] for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


@pytest.fixture(autouse=True)
def nothing_done_before():
    progress_file.forget()


def predict():
    return Predict(
        "Is `stream` faster?",
        options=[
            ("Yes, always.", "The model writes as fast as before."),
            ("The first word is.", "It need not wait for the last."),
            ("No & never.", "The reader waits less."),
        ],
        answer="b",
    )


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_question_of_a_lesson_knows_its_name(lesson):
    module = import_module(f"course_utils.lessons.{lesson}")
    asked = {n: q for n, q in vars(module).items() if isinstance(q, Predict | Quiz)}
    assert "quiz" in asked
    assert {name: question.name for name, question in asked.items()} == {
        name: name for name in asked
    }


def test_the_saved_question_shows_every_option_and_how_to_answer():
    assert repr(predict()).splitlines() == [
        "? Is `stream` faster?",
        "  a. Yes, always.",
        "  b. The first word is.",
        "  c. No & never.",
        'Guess, then type .answer("a") or .answer("b") or .answer("c")',
    ]


def test_a_question_that_knows_its_name_says_what_to_type():
    question = Predict("So?", [("Yes.", "So.")], "a", name="so")
    assert repr(question).endswith('Guess, then type lesson.so.answer("a")')


def test_under_pytest_the_output_is_text_only_and_always_the_same():
    bundle = predict()._repr_mimebundle_()
    assert bundle == predict()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "<code>stream</code>" in bundle["text/html"]
    assert "No &amp; never." in bundle["text/html"]


@pytest.mark.parametrize("guess", ["a", "b", "B", " c. "])
def test_every_option_is_explained_whatever_the_guess(guess):
    question = predict()
    said = repr(question.answer(guess))
    for _, reason in question.options.values():
        assert reason in said
    letter = guess.strip(" .").lower()
    assert question.guess == letter
    assert said.startswith("✓" if letter == "b" else "✗")


def test_the_right_and_the_wrong_are_told_by_a_sign_not_by_colour_alone():
    html = predict().answer("a")._repr_html_()
    assert "<b>✗ You guessed a; b is right.</b>" in html
    assert "<b>✓ b. The first word is.</b>" in html
    assert 'role="status"' in html


@pytest.mark.parametrize("wrong", ["d", "", "yes", 1])
def test_a_letter_that_is_no_option_is_refused_with_the_next_step(wrong):
    with pytest.raises(ValueError, match=r"one of a, b, c, got .*answer\(\"a\"\)"):
        predict().answer(wrong)


def test_an_option_without_a_full_stop_does_not_run_into_its_reason():
    question = Predict("Which?", [("stream", "It shows words.")], "a")
    assert repr(question.answer("a")).endswith("✓ a. stream: It shows words.")


def test_a_question_whose_answer_is_no_option_is_a_mistake_of_its_author():
    with pytest.raises(ValueError, match="one of a, got 'b'"):
        Predict("?", options=[("Yes.", "So it is.")], answer="b")


def test_a_quiz_explains_all_questions_and_counts():
    quiz = Quiz([predict(), predict(), predict()])
    marked = quiz.answer("b", "a", "b")
    assert marked.right == 2
    assert repr(marked).startswith(
        "2 of 3 right.\nIs `stream` faster?\n✓ You guessed b"
    )
    assert marked._repr_html_().count('role="status"') == 3


def test_a_saved_quiz_numbers_its_questions():
    text = repr(Quiz([predict(), predict(), predict()]))
    assert text.startswith("Quiz\n1. Is `stream` faster?\n  a. Yes, always.")
    assert text.endswith('Type .answer("a", "a", "a")')
    named = repr(Quiz([predict()], name="quiz"))
    assert named.endswith('Type lesson.quiz.answer("a")')


def test_a_quiz_wants_a_letter_for_each_question():
    with pytest.raises(ValueError, match=r"has 3 questions, got 1"):
        Quiz([predict(), predict(), predict()]).answer("a")


def test_the_widget_holds_the_guess_until_it_is_asked():
    question = predict()
    view = QuestionView(question)
    view.guess = "a"
    assert question.guess == "a"
    assert HELD in view.note
    assert "The reader waits less." not in view.note
    view.requested = True
    assert "The reader waits less." in view.note


def test_a_question_of_a_quiz_is_explained_at_once():
    question = Quiz([predict()]).questions[0]
    view = QuestionView(question)
    view.guess = "b"
    assert "✓ You guessed b, and it is right." in view.note


def test_a_question_shown_again_still_holds_its_guess():
    question = predict()
    QuestionView(question).guess = "c"
    assert QuestionView(question).guess == "c"


def test_without_a_kernel_there_is_no_widget():
    assert quiz_view([predict()]) is None
