"""show() and race(): any stream, its text, its state, its one saved output."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from langchain.agents import create_agent
from langchain_core.exceptions import ModelAPIError
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.output_parsers import StrOutputParser

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.live import Shown, StreamView, race, show
from course_utils.live import lane as live_lane
from course_utils.live.stop import StopSwitch
from course_utils.reliability import reliable
from tests.support.shell import captured_outputs

ANSWER = "A stream is a promise."


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What a notebook keeps: a function that gives the one bundle displayed."""
    monkeypatch.setenv("COURSE_LIVE", "static")
    with captured_outputs() as captured:
        yield lambda: [output.data for output in captured.outputs]


async def drip(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text
        await asyncio.sleep(0)


def model(*replies: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=list(replies), clock=VirtualClock())


def test_a_sync_stream_gives_its_text_with_its_timing(saved):
    clock = VirtualClock()
    shown = show(model(Reply(ANSWER)).stream("Hi"), title="tokens", clock=clock)
    assert shown == ANSWER and isinstance(shown, Shown)
    assert shown.timing.chunks > 3 and shown.timing.title == "tokens"


async def test_an_async_stream_gives_an_awaitable_of_the_same(saved):
    shown = await show(model(Reply(ANSWER)).astream("Hi"))
    assert shown == ANSWER
    assert shown.timing.finish_reason == "stop"


def test_one_bundle_is_saved_with_title_state_and_text_and_no_time(saved):
    show(model(Reply(ANSWER)).stream("Hi"), title="tokens")
    [bundle] = saved()
    assert bundle["text/plain"] == f"tokens · done\n\n{ANSWER}"
    assert "<strong>tokens</strong> · done" in bundle["text/html"]
    assert f'<p dir="auto">{ANSWER}</p>' in bundle["text/html"]
    assert set(bundle) == {"text/html", "text/plain"}


def test_as_the_last_expression_of_a_cell_it_displays_nothing_more(saved):
    assert show(iter([ANSWER]))._ipython_display_() is None
    assert race(a=iter([ANSWER]))._ipython_display_() is None
    assert len(saved()) == 2


@given(st.text(max_size=40), st.lists(st.integers(1, 5)))
def test_any_chunking_gives_the_same_text(text: str, sizes: list[int]):
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_LIVE", "text")
        assert show(iter([*pieces, rest])) == text


def test_chains_chunks_and_an_agents_pairs_are_all_streams(saved):
    chain = model(Reply(ANSWER)) | StrOutputParser()
    pairs = ((AIMessageChunk(word), {"node": "model"}) for word in ("a", "b"))
    assert show(chain.stream("Hi")) == ANSWER
    assert show(pairs) == "ab"
    assert show([ANSWER[:5], ANSWER[5:]]) == ANSWER


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (model("x").stream, r"got a method: call it, show\(model.stream"),
        ("Hello", "arrived already"),
        (7, "got int"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_stream_gets_the_next_step(wrong: Any, told: str):
    with pytest.raises(TypeError, match=told):
        show(wrong)
    if wrong is not None and not callable(wrong):
        with pytest.raises(TypeError, match=told):
            race(a=wrong)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"cut_after": 3}, "cut: no finish reason"),
        ({"length_after": 3}, "cut: length"),
        ({"filter_after": 3}, "cut: content_filter"),
        ({}, "done"),
    ],
)
def test_only_an_answer_that_says_it_is_whole_is_done(saved, fault, state):
    reply = Reply(ANSWER, **fault)
    show(FakeStreamingChatModel(replies=reply).stream("Hi"), title="answer")
    [bundle] = saved()
    assert bundle["text/plain"].startswith(f"answer · {state}\n")


def test_an_error_keeps_the_text_and_goes_on(saved):
    with pytest.raises(ModelAPIError):
        show(model(Reply(ANSWER, error_after=2)).stream("Hi"), title="t")
    [bundle] = saved()
    assert bundle["text/plain"].startswith("t · error: Model")


def test_an_interrupt_keeps_the_text_closes_the_stream_and_goes_on(saved):
    closed = []

    def broken() -> Iterator[str]:
        try:
            yield "one "
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        show(broken())
    assert saved()[0]["text/plain"] == "stopped after 1 chunk\n\none"
    assert closed == [True]


async def test_a_cancelled_task_keeps_the_text_and_closes_the_stream(saved):
    closed = asyncio.Event()
    started = asyncio.Event()

    async def silent() -> AsyncIterator[str]:
        try:
            yield "one "
            started.set()
            await asyncio.sleep(60)
        finally:
            closed.set()

    task = asyncio.ensure_future(show(silent()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()
    assert saved()[0]["text/plain"] == "stopped after 1 chunk\n\none"


def test_stop_between_two_tokens_does_not_read_a_chain_to_its_end():
    lane, switch = live_lane.Lane("", True, VirtualClock()), StopSwitch()
    lane.report = lambda lane, changes: switch.press() if changes else None
    fake = FakeStreamingChatModel(replies=[Reply("a b c d e f", per_token=0.01)])
    live_lane.read(lane, (fake | StrOutputParser()).stream("Hi"), switch)
    assert lane.transcript.text == "a"
    assert "closed" in str(fake.log[-1])


def test_a_view_takes_text_from_a_callback(saved):
    with StreamView("answer") as view:
        for word in ("Hel", "lo"):
            view.write(word)
    assert view.text == "Hello" and view.timing.chunks == 2
    assert saved()[0]["text/plain"] == "answer · done\n\nHello"


def test_a_race_shows_all_streams_and_says_who_was_first(saved):
    spoken = threading.Event()

    def stream() -> Iterator[str]:
        yield ANSWER[:9]
        spoken.set()
        yield ANSWER[9:]

    def full() -> AIMessage:
        spoken.wait(10)
        return AIMessage(ANSWER)

    assert race(full=full, stream=stream()) == {"full": ANSWER, "stream": ANSWER}
    [bundle] = saved()
    plain = bundle["text/plain"]
    assert plain.startswith(f"full · done\n\n{ANSWER}\n\nstream · done\n\n{ANSWER}")
    assert plain.rpartition(ANSWER)[2].startswith("\n\nFirst text: stream after")


def test_a_race_has_a_title_a_clock_and_markdown_as_show_has(capsys):
    clock = VirtualClock()

    def slow():
        clock.advance(2.0)
        yield ANSWER

    given = {"title": "Two at once", "clock": clock, "markdown": False}
    raced = race(a=slow(), b=iter([ANSWER]), **given)
    assert raced["a"].timing.time_to_first_token == 2.0
    assert capsys.readouterr().out.startswith("Two at once\n\na · done")


@pytest.mark.parametrize("given", [{"tilte": "Two"}, {"mark_down": False}])
def test_a_misspelt_setting_of_a_race_is_no_stream(given):
    with pytest.raises(TypeError, match=r"race\(\) has no such setting.*write (ti|ma)"):
        race(a=iter([ANSWER]), **given)


async def test_a_race_of_async_streams_is_awaited(saved):
    fake = model(Reply(ANSWER))
    raced = await race(
        stream=drip("a", "b"), full=lambda: fake.invoke("Hi"), sync=iter(["c"])
    )
    assert raced == {"stream": "ab", "full": ANSWER, "sync": "c"}
    assert raced["stream"].timing.chunks == 2


def test_an_error_of_one_stream_leaves_the_others_their_text(saved):
    def broken() -> Iterator[str]:
        yield "half "
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        race(good=iter([ANSWER]), bad=broken())
    plain = saved()[0]["text/plain"]
    assert (
        f"good · done\n\n{ANSWER}" in plain
        and "bad · error: ValueError\n\nhalf" in plain
    )


def test_a_terminal_gets_the_text_as_it_comes(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_LIVE", "text")
    show(iter(["one ", "two"]))
    assert capsys.readouterr().out == "one two\n[done]\n"


def test_a_stop_says_which_tool_calls_it_left_open(saved):
    call = {"name": "pay", "args": '{"am', "id": "1", "index": 0}

    def interrupted() -> Iterator[AIMessageChunk]:
        yield AIMessageChunk("Let me pay.", id="m")
        yield AIMessageChunk("", tool_call_chunks=[call], id="m")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show(interrupted())
    plain = saved()[0]["text/plain"]
    assert plain.startswith("stopped after 1 chunk · no result of pay\n")
    assert plain.endswith('Let me pay.\n\n→ pay {"am')


def test_a_long_result_is_folded_and_kept_whole(saved):
    result = ToolMessage("1\n2\n3\n4\n<5>", tool_call_id="1", name="count")
    show(iter([result, "Done."]))
    [bundle] = saved()
    assert "← count 1\n2\n3\n… 2 more lines\n\nDone." in bundle["text/plain"]
    assert "<summary><small>2 more lines</small></summary>" in bundle["text/html"]
    assert "4\n&lt;5&gt;</code></details>" in bundle["text/html"]


def test_a_misspelt_mode_is_refused_and_not_shown_as_nothing():
    agent = create_agent(model(ANSWER), [])
    question = {"messages": [("user", "Hi")]}
    with pytest.raises(ValueError, match="no stream_mode 'token'"):
        show(agent.stream(question, stream_mode="token"))


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"cut_after": 3}, "cut: no finish reason"),
        ({"length_after": 3}, "cut: length"),
        ({"finish_reason": "gone_fishing"}, "error: gone_fishing"),
        ({}, "done"),
    ],
)
@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_chains_text_ends_as_its_model_did(saved, fault, state, way):
    chain = model(Reply(ANSWER, **fault)) | StrOutputParser()
    if way == "sync":
        show(chain.stream("Hi"))
    else:
        asyncio.run(_awaited(lambda: show(chain.astream("Hi"))))
    assert saved()[0]["text/plain"].startswith(f"{state}\n")


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_chains_text_that_began_anew_is_not_done(saved, way):
    broken = [Reply(ANSWER, drop_after=2), "Another answer."]
    steady = reliable(model(*broken), after_first_token="restart", wait_initial=0.01)
    chain = steady | StrOutputParser()
    if way == "sync":
        show(chain.stream("Hi"))
    else:
        asyncio.run(_awaited(lambda: show(chain.astream("Hi"))))
    assert saved()[0]["text/plain"].startswith("error: began anew")


async def _awaited(call: Any) -> Any:
    return await call()
