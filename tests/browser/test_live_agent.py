"""An agent's run in JupyterLab, as a person follows it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import OpenNotebook

SECONDS = 1000
pytestmark = pytest.mark.slow
expect.set_options(timeout=20 * SECONDS)

AGENT = '''
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessageChunk
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.types import Command
from course_utils import ToolCall

def weather(city: str) -> str:
    """The weather in a city."""
    for percent in (1, 50, 99):
        get_stream_writer()(f"{city} {percent} %")
    return "\\n".join(f"{city} line {n}" for n in range(9))

def helper(question: str) -> str:
    """Ask a sub-agent."""
    model = FakeStreamingChatModel(replies="The helper speaks.")
    agent = create_agent(model, [], name="sage")
    return agent.invoke({"messages": [("user", question)]})["messages"][-1].text

class Thinker(FakeStreamingChatModel):
    def _stream(self, *args, **kwargs):
        from langchain_core.outputs import ChatGenerationChunk
        for _ in range(3):
            time.sleep(0.6)
            block = {"type": "reasoning", "reasoning": "Hm. ", "index": 0}
            yield ChatGenerationChunk(message=AIMessageChunk([block]))
        yield from super()._stream(*args, **kwargs)

CITIES = [ToolCall("weather", {"city": city}) for city in ("Rome", "Oslo")]
CALLS = [*CITIES, ToolCall("helper", {"question": "?"})]
QUESTION = {"messages": [("user", "Hi")]}
CONFIG = {"configurable": {"thread_id": "1"}}
MODES = {"stream_mode": ["messages", "updates", "custom"], "subgraphs": True}

def run(last="All **done**.", **options):
    replies = [Reply("Let me look.", tool_calls=CALLS), last]
    return create_agent(Thinker(replies=replies), [weather, helper], **options)
'''


@pytest.fixture
def notebook(open_notebook: Callable[..., OpenNotebook]) -> OpenNotebook:
    notebook = open_notebook()
    notebook.execute(AGENT)
    return notebook


def live(output: Locator) -> Locator:
    return output.locator("section.course-live")


STREAM = "agent.stream(QUESTION, CONFIG, **MODES)"


def test_a_run_is_told_as_it_goes_and_saved_the_same(notebook: OpenNotebook):
    output = notebook.execute(f"agent = run(); show({STREAM}, title='run')", wait=False)
    expect(live(output)).to_contain_text("thinking 1 s")
    expect(live(output)).to_have_count(0)  # the saved page stands there now
    for words in (
        "run · done",
        "thinking",
        "Let me look.",
        '→ weather {"city": "Rome"}',
        '→ weather {"city": "Oslo"}',
        " 99 %",
        "← weather",
        "Rome line 0",
        "6 more lines",
        "tools/sage:",
        "The helper speaks.",
        "All done.",
    ):
        expect(output).to_contain_text(words)
    expect(output).not_to_contain_text("50 %")  # its line was renewed
    fold = output.locator("details", has_text="thinking").first
    assert fold.get_attribute("open") is None


def test_a_run_pauses_for_a_person_and_is_gone_on_with(notebook: OpenNotebook):
    guard = "[HumanInTheLoopMiddleware(interrupt_on={'weather': True})]"
    made = f"run(middleware={guard}, checkpointer=InMemorySaver())"
    output = notebook.execute(f"agent = {made}; show({STREAM}, title='run')")
    expect(output).to_contain_text("run · paused")
    expect(output).to_contain_text("? a person is asked")
    expect(output).to_contain_text('weather {"city": "Oslo"} (approve, edit, reject')
    yes = "Command(resume={'decisions': [{'type': 'approve'}] * 2})"
    output = notebook.execute(f"show(agent.stream({yes}, CONFIG, **MODES))")
    expect(output).to_contain_text("← weather Rome line 0")
    expect(output).to_contain_text("All done.")


def test_a_stop_keeps_what_came_and_says_what_was_left_open(notebook: OpenNotebook):
    slow = "FakeStreamingChatModel(replies=Reply('a', tool_calls=CALLS, stall_after=5))"
    output = notebook.execute(f"show({slow}.stream('Hi'))", wait=False)
    expect(live(output)).to_contain_text("→ weather")
    live(output).get_by_role("button", name="Stop").click()
    expect(output).to_contain_text("stopped after 1 chunk · no result of weather")
