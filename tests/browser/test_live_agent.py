"""An agent's run in JupyterLab, as a person follows it."""

from collections.abc import Callable
from pathlib import Path

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

class Slow(Thinker):
    "Goes silent where it is told to: in a thought, or in a tool's arguments."
    at: str = ""

    def _is_silent_after(self, message):
        thinks, calls = isinstance(message.content, list), message.tool_call_chunks
        return (self.at == "thinking" and thinks) or (self.at == "arguments" and calls)

    def _stream(self, *args, **kwargs):
        for chunk in super()._stream(*args, **kwargs):
            yield chunk
            if self._is_silent_after(chunk.message):
                time.sleep(60)

    async def _astream(self, *args, **kwargs):
        for chunk in super()._stream(*args, **kwargs):
            yield chunk
            if self._is_silent_after(chunk.message):
                await asyncio.sleep(60)

def sleepy(city: str) -> str:
    """A tool that takes its time."""
    time.sleep(60)

def counting(city: str) -> str:
    """A tool that tells how far it is."""
    get_stream_writer()(f"{city} 7 %")
    time.sleep(60)

def slow_helper(city: str) -> str:
    """A sub-agent that stops in the middle of a word."""
    model = FakeStreamingChatModel(replies=Reply("The sage says more", stall_after=2))
    agent = create_agent(model, [], name="sage")
    return agent.invoke({"messages": [("user", city)]})["messages"][-1].text

def stopping(at, tool=sleepy):
    call = ToolCall(tool.__name__, {"city": "Rome"})
    replies = [Reply("Let me look.", tool_calls=[call]), "All done."]
    return create_agent(Slow(replies=replies, at=at), [tool])

CITIES = [ToolCall("weather", {"city": city}) for city in ("Rome", "Oslo")]
CALLS = [*CITIES, ToolCall("helper", {"question": "?"})]
QUESTION = {"messages": [("user", "Hi")]}
CONFIG = {"configurable": {"thread_id": "1"}}
MODES = {"stream_mode": ["messages", "updates", "custom"], "subgraphs": True}

def run(last="All **done**.", **options):
    replies = [Reply("Let me look.", tool_calls=CALLS), last]
    return create_agent(Thinker(replies=replies), [weather, helper], **options)
'''


@pytest.fixture(scope="module")
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


# Stop in each phase: how the run is made, what is seen before, and what is left.
PHASES = {
    "thinking": ("stopping('thinking')", "Hm.", "stopped after", "Hm."),
    "arguments": (
        "stopping('arguments')",
        "→ sleepy",
        "no result of sleepy",
        "→ sleepy",
    ),
    "tool": (
        "stopping('')",
        '→ sleepy {"city": "Rome"}',
        "no result of sleepy",
        "Let me",
    ),
    "progress": ("stopping('', counting)", "Rome 7 %", "no result of counting", "7 %"),
    "sub-agent": (
        "stopping('', slow_helper)",
        "The sage",
        "no result of slow_helper",
        "The sage",
    ),
}


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("phase", PHASES)
def test_stop_in_any_phase_ends_the_run_and_keeps_what_came(
    notebook: OpenNotebook, phase: str, way: str
):
    made, seen, ended, kept = PHASES[phase]
    call = f"agent.stream(QUESTION, **MODES), title='{phase}'"
    call = (
        f"show({call})"
        if way == "sync"
        else f"await show({call})".replace(".stream", ".astream")
    )
    output = notebook.execute(f"agent = {made}; x = {call}; print('went', 'on')", False)
    expect(live(output)).to_contain_text(seen)
    live(output).get_by_role("button", name="Stop").click()
    expect(output).to_contain_text("went on", timeout=8 * SECONDS)
    for words in (f"{phase} · stopped after", ended, kept):
        expect(output).to_contain_text(words)
    expect(output).not_to_contain_text("Traceback")
    assert "All done." not in output.inner_text()
    saved = notebook.save().cells[-1].outputs
    texts = [o.data["text/plain"] for o in saved if o.output_type == "display_data"]
    assert len(texts) == 1 and ended in texts[0]


def test_a_run_that_waits_for_a_person_has_ended_and_offers_no_stop(
    notebook: OpenNotebook,
):
    guard = "[HumanInTheLoopMiddleware(interrupt_on={'weather': True})]"
    made = f"run(middleware={guard}, checkpointer=InMemorySaver())"
    output = notebook.execute(f"agent = {made}; show({STREAM}, title='run')")
    expect(output).to_contain_text("run · paused")
    expect(output.get_by_role("button", name="Stop")).to_have_count(0)


def test_a_reload_in_the_middle_of_a_run_loses_nothing(
    notebook: OpenNotebook, tmp_path: Path
):
    flag = tmp_path / "flag"
    notebook.execute(
        f"""
        from pathlib import Path

        def waits(city: str) -> str:
            "A tool that waits for the page."
            get_stream_writer()(f"{{city}} 7 %")
            while not Path({str(flag)!r}).exists():
                time.sleep(0.05)
            return "14 degrees"
        """
    )
    call = "agent.astream(QUESTION, **MODES)"
    code = f"agent = stopping('', waits); await show({call}, title='run')"
    output = notebook.execute(code, wait=False)
    expect(live(output)).to_contain_text("Rome 7 %")
    number = notebook.page.locator(".jp-Notebook .jp-Cell").count() - 1
    notebook.save()
    notebook.reload()
    after = notebook.output(number)
    expect(after).to_contain_text("Rome 7 %", timeout=60 * SECONDS)
    flag.touch()
    for words in (
        "run · done",
        "thinking",
        "→ waits",
        "← waits 14 degrees",
        "All done.",
    ):
        expect(after).to_contain_text(words)
