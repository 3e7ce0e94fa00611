"""The default answers of the fake model."""

import json
from enum import Enum
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from course_utils.fake import FakeStreamingChatModel, ToolCall
from course_utils.fake.responder import ANSWERS, Request, answer_to, respond
from course_utils.fake.schema.values import fill
from course_utils.fake.server import FakeServer
from tests.support.callers import chat


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


def test_what_a_tool_found_is_the_answer() -> None:
    call = {"name": "weather", "args": {}, "id": "1"}
    messages = [
        HumanMessage("Weather in Oslo?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("sunny, 21 degrees", tool_call_id="1"),
    ]
    assert respond(Request(messages, tools=[WEATHER])).text == (
        "weather says: sunny, 21 degrees"
    )
    schema = {"properties": {"city": {"type": "string"}, "t": {"type": "integer"}}}
    filled = respond(Request(messages, schema=schema)).text
    assert json.loads(filled) == {"city": "Oslo", "t": 21}


def test_a_new_question_may_use_the_tool_again() -> None:
    call = {"name": "weather", "args": {}, "id": "1"}
    messages = [
        HumanMessage("Weather?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("sunny", tool_call_id="1"),
        AIMessage("It is sunny."),
        HumanMessage("And in Paris?"),
    ]
    assert respond(Request(messages, tools=[WEATHER])).tool_calls != ()


@pytest.mark.parametrize(
    ("prompt", "city"),
    [
        ("Weather in SF?", "SF"),
        ("Weather in New York today?", "New York"),
        ("weather in paris?", "paris"),
        ("Weather for 'Bad Homburg'", "Bad Homburg"),
    ],
)
def test_a_tool_gets_what_the_question_is_about(prompt: str, city: str) -> None:
    call = respond(ask(prompt, tools=[WEATHER])).calls[0]
    assert call.args == {"city": city}


def test_the_tool_that_the_question_speaks_of_is_called() -> None:
    tools = [
        {"name": "web_search", "description": "Look something up."},
        {"name": "getWeather", "description": "The weather of a city."},
        {"name": "pay", "description": "Send money to a person."},
    ]
    for prompt, name in (
        ("What is the weather in Oslo?", "getWeather"),
        ("Send some money to Bob", "pay"),
        ("Hello", "web_search"),
    ):
        assert respond(ask(prompt, tools=tools)).calls[0].name == name


class Report(BaseModel):
    """A report."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: 21 degrees"


@tool
def traffic(city: str) -> str:
    """The traffic of a city."""
    return f"{city}: none"


WAYS = {"tool": ToolStrategy(Report), "provider": ProviderStrategy(Report)}


@pytest.mark.parametrize("tools", [[], [weather], [weather, traffic]])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ["chat", "responses", "in process"])
def test_an_agent_with_a_structured_answer_ends(
    tools: list[Any], way: str, where: str
) -> None:
    with FakeServer() as server:
        models = {
            "chat": chat(server),
            "responses": chat(server, use_responses_api=True),
            "in process": FakeStreamingChatModel(),
        }
        agent: Any = create_agent(models[where], tools, response_format=WAYS[way])
        asked = {"messages": [("user", "Weather in Oslo?")]}
        answer = agent.invoke(asked, {"recursion_limit": 12})
    assert answer["structured_response"].city == "Oslo"
    used = [m for m in answer["messages"] if m.type == "tool" and m.name == "weather"]
    assert len(used) == bool(tools)
    assert not tools or answer["structured_response"].degrees == 21


def test_whoever_must_always_call_a_tool_is_not_kept_for_ever() -> None:
    model = FakeStreamingChatModel().bind_tools([weather], tool_choice="any")
    called = model.invoke("Weather in Oslo?")
    result = ToolMessage("sunny", tool_call_id=called.tool_calls[0]["id"])
    assert model.invoke([HumanMessage("Weather?"), called, result]).tool_calls == []
