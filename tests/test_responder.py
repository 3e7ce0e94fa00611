"""The default answers of the fake model."""

import json
from enum import Enum

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from pydantic import BaseModel

from course_utils.replies import ToolCall
from course_utils.responder import ANSWERS, Request, answer_to, fill, respond


def ask(prompt: str, **options: object) -> Request:
    return Request([HumanMessage(prompt)], **options)  # type: ignore[arg-type]  # any


WEATHER = {
    "name": "weather",
    "parameters": {"properties": {"city": {"type": "string"}}},
}


class Sign(Enum):
    plus = "plus"
    minus = "minus"


class Sum(BaseModel):
    numbers: list[int]
    sign: Sign
    note: str | None
    exact: bool


@pytest.mark.parametrize("word", sorted(ANSWERS))
def test_each_term_of_the_course_has_an_answer(word: str) -> None:
    assert respond(ask(f"What is a {word}?")).text == ANSWERS[word]


def test_any_other_prompt_gets_a_sensible_answer_always_the_same() -> None:
    assert answer_to("Boil an egg") == answer_to("Boil an egg") != ""


def test_a_tool_is_called_with_what_the_prompt_names() -> None:
    reply = respond(ask("Weather in Paris today?", tools=[WEATHER]))
    assert reply.tool_calls == (ToolCall("weather", {"city": "Paris"}, "call_0"),)


def test_a_tool_that_has_answered_is_not_called_again() -> None:
    messages = [HumanMessage("Weather?"), ToolMessage("sunny", tool_call_id="1")]
    assert respond(Request(messages, tools=[WEATHER])).tool_calls == ()


def test_no_tool_is_called_when_the_caller_says_none() -> None:
    request = ask("Weather?", tools=[WEATHER], tool_choice="none")
    assert respond(request).tool_calls == ()


def test_the_tool_that_was_asked_for_is_called() -> None:
    other = {"name": "news", "parameters": {}}
    request = ask("Weather?", tools=[WEATHER, other], tool_choice="news")
    assert respond(request).tool_calls[0].name == "news"  # type: ignore[union-attr]  # a ToolCall


def test_a_schema_with_references_and_options_is_followed() -> None:
    prompt = "Is 4 plus 5 'about nine'?"
    made = Sum.model_validate(fill(Sum.model_json_schema(), prompt))
    assert made.sign is Sign.plus
    assert made.numbers == [4]
    assert made.note == "about nine"


def test_json_mode_uses_the_quoted_words_as_keys() -> None:
    reply = respond(ask("JSON with 'setup' and 'punchline'", json_mode=True))
    assert set(json.loads(reply.text)) == {"setup", "punchline"}
