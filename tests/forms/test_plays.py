"""What the fake plays as agents do: two models at once, calls in turn, a sub-agent."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

from course_utils.fake import FakeServer, FakeStreamingChatModel, Reply, ToolCall
from course_utils.live import show
from course_utils.passages import passages
from tests.forms import graphs
from tests.forms.cases import unwrapped
from tests.forms.graphs import ASK
from tests.forms.told import told

CITIES = ("Paris", "Rome", "Oslo")
CALLS = [ToolCall("weather", {"city": city}) for city in CITIES]
IN_TURN = [Reply(tool_calls=CALLS, interleave=True), "It is sunny."]
MODES = {
    "messages": {"stream_mode": "messages"},
    "messages v2": {"stream_mode": "messages", "version": "v2"},
    "a list, subgraphs": {
        "stream_mode": ["messages", "updates"],
        "subgraphs": True,
    },
}
each_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """What a notebook keeps of the last thing shown, as text."""
    monkeypatch.setenv("COURSE_LIVE", "static")
    InteractiveShell.instance()
    with capture_output() as captured:
        yield lambda: captured.outputs[-1].data["text/plain"]
    InteractiveShell.clear_instance()


def turns(found: list[Any], key: Callable[[Any], str]) -> int:
    """How often the speaker changes."""
    keys = [key(passage) for passage in found]
    return sum(one != other for one, other in pairwise(keys))


def two_at_once() -> Any:
    """A graph of two models that speak at the same time, word by word."""
    text = "one two three four five six"
    return graphs.two(lambda model: FakeStreamingChatModel(text, per_token=1.0))


@each_mode
async def test_two_models_at_once_are_two_answers(mode, saved):
    found = [p async for p in passages(two_at_once().astream({}, **MODES[mode]))]
    texts = [p for p in found if p.kind == "text"]
    assert turns(texts, lambda p: p.message) > 3, "they take turns"
    answer = "one two three four five six"
    assert told(found).answer == f"{answer}\n\n{answer}"
    shown = await show(two_at_once().astream({}, **MODES[mode]))
    assert shown == f"{answer}\n\n{answer}"
    assert f"write_joke: {answer}" in saved() and f"write_poem: {answer}" in saved()


def agent_of(where: str, server: FakeServer) -> Any:
    if where == "fake":
        model: Any = FakeStreamingChatModel(replies=IN_TURN, strict=True)
    else:
        model = ChatOpenAI(
            model="fake",
            base_url=server.url,
            api_key="offline",
            use_responses_api=where == "responses",
        )
    return create_agent(model, [graphs.weather])


@each_mode
@pytest.mark.parametrize("where", ["fake", "chat", "responses"])
def test_parallel_calls_whose_fragments_take_turns_are_kept_apart(mode, where, saved):
    with FakeServer(replies=IN_TURN) as server:
        agent = agent_of(where, server)
        found = list(passages(agent.stream(ASK, **MODES[mode])))
        said = told(found)
        fragments = [p for p in found if p.kind == "tool_call" and p.text]
        if where != "responses":  # whose items come one after the other
            assert turns(fragments, lambda p: p.call) > len(CITIES)
        assert said.calls == tuple(f'weather {{"city": "{c}"}}' for c in CITIES)
        assert sorted(said.results) == sorted(f"weather: sunny in {c}" for c in CITIES)
        assert said.answer == "It is sunny."
        assert show(agent.stream(ASK, **MODES[mode])) == "It is sunny."
    page = saved()
    for city in CITIES:
        assert f'weather {{"city": "{city}"}}' in page
        assert f"sunny in {city}" in page


@each_mode
async def test_a_sub_agent_is_told_aside_and_under_its_name(mode, saved):
    options = MODES[mode]
    supervisor = graphs.supervisor(unwrapped)
    found = [p async for p in passages(supervisor.astream(ASK, **options))]
    said = told(found)
    assert said.answer == "Done."
    assert said.results[-1] == "ask: It is sunny."
    inner = [p for p in found if p.aside]
    assert bool(inner) is bool(options.get("subgraphs"))
    assert {p.source for p in inner if p.kind == "text"} <= {"tools/weather_agent"}
    shown = await show(graphs.supervisor(unwrapped).astream(ASK, **options))
    assert shown == "Done."
    assert ("weather_agent" in saved()) is bool(inner)
    assert saved().count("It is sunny.") >= 1
