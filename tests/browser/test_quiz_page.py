"""A question on a real page: by keyboard, for a screen reader, two at a time."""

import pytest
from playwright.sync_api import expect

from tests.browser.lab import OpenNotebook

SOURCE = """
from course_utils.teaching import Predict, Quiz
options = [("Yes.", "Because it is."), ("No.", "Because it is not.")]
question = Predict("Is it *so*?", options, "a")
"""

pytestmark = pytest.mark.slow


def test_a_question_is_answered_with_the_keyboard_alone(shared: OpenNotebook):
    output = shared.execute(f"{SOURCE}question")
    group = output.get_by_role("group", name="Is it so?")
    group.get_by_role("radio", name="a. Yes.").focus()
    shared.page.keyboard.press("ArrowDown")
    expect(output).to_contain_text("… You guessed b.")
    expect(output).not_to_contain_text("Because")
    shared.page.keyboard.press("Tab")
    shared.page.keyboard.press("Enter")
    expect(output).to_contain_text("✗ You guessed b; a is right.")
    expect(output).to_contain_text("Because it is not.")
    expect(group.get_by_role("radio", name="b. No.")).to_be_focused()


def test_the_questions_of_a_quiz_do_not_share_their_choice(shared: OpenNotebook):
    two = "Quiz([question, Predict('And so?', options, 'b')])"
    output = shared.execute(f"{SOURCE}{two}")
    radios = output.get_by_role("radio")
    expect(radios).to_have_count(4)
    radios.nth(0).check()
    radios.nth(3).check()
    expect(radios.nth(0)).to_be_checked()
    expect(output.get_by_text("and it is right")).to_have_count(2)
