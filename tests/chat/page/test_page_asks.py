"""An agent that asks a person, on the page: its call, its question, the answer."""

import pytest

from chat.models import asking_agent
from tests.chat.test_answers import paying_agent

pytestmark = pytest.mark.slow


def test_a_person_is_asked_and_answers_by_the_keyboard(person):
    person.chat.ask = asking_agent(paying_agent())
    person.ask("Pay 5.")
    person.sees("paused: it waits for your answer")
    steps = person.page.get_by_role("listitem")
    assert steps.all_inner_texts() == ['pay: {"amount": 5}', "question: Pay 5?"]
    person.page.keyboard.type("yes")
    person.page.keyboard.press("Enter")
    person.sees("done")
    assert steps.all_inner_texts() == ["pay → paid 5"]
    person.reads("Hello.")
