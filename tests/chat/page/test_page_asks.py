"""An agent that asks a person, on the page: its call, its question, the answer."""

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import interrupt
from playwright.sync_api import expect

from chat.models import Agent
from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall

pytestmark = pytest.mark.slow

MARK = "<img src=x onerror=window.pwned=1>"


def pay(euros: int) -> str:
    """Pay."""
    return f"paid {euros}"


def order(thing: str) -> str:
    """Order what a person names."""
    return f"ordered {interrupt(f'How many of {thing}?')}"


def agent(tool, *middleware, **arguments):
    call = Reply(tool_calls=[ToolCall(tool.__name__, arguments)])
    model = FakeStreamingChatModel(replies=[call, "It is done."])
    saver = InMemorySaver()
    return Agent(create_agent(model, [tool], middleware=middleware, checkpointer=saver))


@pytest.fixture
def asked(person):
    """The question to the person, where it stands on the page."""
    return person.page.get_by_label("A question to you")


def test_what_a_person_types_is_the_answer(person, asked):
    person.chat.ask = agent(order, thing=MARK)
    person.ask("Order.")
    person.sees("paused: it waits for your answer")
    expect(asked).to_contain_text(f"How many of {MARK}?")
    expect(person.button("Approve")).to_be_hidden()
    person.page.keyboard.type("seven")
    person.page.keyboard.press("Enter")
    person.sees("done")
    person.reads("It is done.")
    steps = person.page.get_by_role("listitem")
    expect(steps.last).to_have_text("order → ordered seven")
    expect(steps.first).to_contain_text("order: ")
    expect(asked).to_be_hidden()
    assert person.page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    ("name", "told"), [("Approve", "paid 5"), ("Reject", "rejected")]
)
def test_a_call_is_approved_or_rejected_by_the_keyboard(person, asked, name, told):
    middleware = HumanInTheLoopMiddleware(interrupt_on={"pay": True})
    person.chat.ask = agent(pay, middleware, euros=5)
    person.ask("Pay.")
    person.sees("paused: it waits for your answer")
    expect(asked).to_contain_text('pay: {"euros":5}')
    person.button(name).focus()
    person.page.keyboard.press("Enter")
    person.sees("done")
    expect(person.page.get_by_role("listitem").last).to_contain_text(told)
    expect(person.field).to_be_focused()


def test_a_reload_asks_again(person, asked):
    person.chat.ask = agent(order, thing="tea")
    person.ask("Order.")
    person.sees("paused: it waits for your answer")
    person.page.reload()
    expect(asked).to_contain_text("How many of tea?")
    person.ask("two")
    person.sees("done")
    person.reads("It is done.")


def test_whoever_answers_second_is_told(person, asked):
    person.chat.ask = agent(order, thing="tea")
    person.ask("Order.")
    person.sees("paused: it waits for your answer")
    name = person.page.evaluate("sessionStorage.answer")
    said = {"data": {"value": "two"}}
    person.page.request.post(f"{person.address}/chat/{name}/answer", **said)
    person.ask("three")
    person.sees("refused: It waits for no answer, or no longer.")
