"""Which reply comes next, and what became of it."""

from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from course_utils.fake import Reply
from course_utils.fake.responder import Request
from course_utils.fake.script import Script

ASK = Request([HumanMessage("Hi")])


def texts(script: Script, count: int) -> list[str]:
    return [script.next(ASK)[0].text for _ in range(count)]


def test_replies_come_in_turn_and_then_from_the_start_again() -> None:
    assert texts(Script(["one", Reply("two")]), 3) == ["one", "two", "one"]


def test_one_reply_answers_every_request() -> None:
    assert texts(Script("same"), 2) == ["same", "same"]


def test_a_function_of_the_messages_may_answer() -> None:
    def echo(messages: list[BaseMessage]) -> str:
        return str(messages[-1].text).upper()

    assert texts(Script(echo), 1) == ["HI"]
    assert texts(Script(["first", echo]), 2) == ["first", "HI"]


def test_an_exception_is_kept_for_the_player_to_raise() -> None:
    error = ConnectionError("no")
    assert Script([error]).next(ASK)[0].exception is error


@pytest.mark.parametrize(
    ("replies", "error"), [([], ValueError), ([3], TypeError), (3, TypeError)]
)
def test_replies_that_are_none_are_refused_with_the_next_step(
    replies: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="repl"):
        Script(replies)


def play(reply: Reply, stop_after: int | None = None) -> str:
    script = Script(reply)
    steps = script.play(*script.next(ASK))
    for number, _ in enumerate(steps):
        if number == stop_after:
            steps.close()
            break
    return repr(script.log[0])


def test_the_log_says_what_became_of_a_call() -> None:
    assert play(Reply("a b")) == "Call 1 (attempt 1): 2 tokens, finished"
    assert play(Reply("a b", drop_after=1)) == "Call 1 (attempt 1): 1 tokens, drop"
    assert play(Reply("a b"), stop_after=3).endswith("1 tokens, closed by reader")
