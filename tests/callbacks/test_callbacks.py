"""on_token and PartialRecorder: every token, wherever the model stands."""

import asyncio
import threading
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.exceptions import ModelConnectionError, ModelError
from langchain_core.language_models import LLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk, LLMResult
from langchain_core.runnables import RunnableGenerator

from course_utils.callbacks import PartialRecorder, on_token
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.timing import measure
from course_utils.tokens import pieces

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)

ASK = {"messages": [("user", "Hi")]}
ANSWER = ["One", " two", " three", "."]


class WordLLM(LLM):
    """A completion model: text in, text out."""

    @property
    def _llm_type(self):
        return "words"

    def _call(self, prompt, stop=None, run_manager=None, **kwargs):
        return "".join(ANSWER)

    def _stream(self, prompt, stop=None, run_manager=None, **kwargs):
        for word in ANSWER:
            chunk = GenerationChunk(text=word)
            if run_manager:
                run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def model(clock):
    return FakeStreamingChatModel(
        replies="One two three.", first_token=1.0, per_token=0.5, clock=clock
    )


def watched(handler):
    return {"callbacks": [handler]}


WAYS = {
    "stream": lambda m, c: list(m.stream("Hi", config=c)),
    "invoke": lambda m, c: m.invoke("Hi", config=c, stream=True),
    "chain": lambda m, c: list((m | StrOutputParser()).stream("Hi", config=c)),
    "v3": lambda m, c: list(m.stream_events("Hi", version="v3", config=c).text),
    "agent": lambda m, c: list(
        create_agent(m, []).stream(ASK, stream_mode="messages", config=c)
    ),
    "agent v3": lambda m, c: [
        list(message.text)
        for message in create_agent(m, [])
        .stream_events(ASK, version="v3", config=c)
        .messages
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_function_hears_every_token_once(model, way):
    heard = []
    WAYS[way](model, watched(on_token(heard.append)))
    assert heard == ANSWER


def test_a_function_hears_a_model_that_tells_only_events():
    heard = []
    model = FakeListChatModel(responses=["abc"])
    WAYS["v3"](model, watched(on_token(heard.append)))
    assert heard == ["a", "b", "c"]


def test_a_function_hears_a_completion_model():
    heard = []
    list(WordLLM().stream("Hi", config=watched(on_token(heard.append))))
    assert heard == ANSWER


def test_a_constructor_takes_the_handler(model):
    heard = []
    model.callbacks = [on_token(heard.append)]
    list(model.stream("Hi"))
    assert heard == ANSWER


def test_text_is_a_string_when_the_token_is_a_list():
    heard = []
    handler = on_token(heard.append)
    blocks = [{"type": "text", "text": "Hi", "index": 0}]
    chunk = ChatGenerationChunk(message=AIMessageChunk(content=blocks))
    handler.on_llm_new_token(blocks, chunk=chunk, run_id=uuid4())
    handler.on_llm_new_token(blocks, run_id=uuid4())
    handler.on_llm_new_token("Ho", run_id=uuid4())
    assert heard == ["Hi", "Hi", "Ho"]


async def test_in_async_streams_the_function_runs_in_order_on_the_same_thread(model):
    heard = []
    handler = on_token(lambda text: heard.append((text, threading.get_ident())))
    async for _ in model.astream("Hi", config=watched(handler)):
        pass
    assert heard == [(text, threading.get_ident()) for text in ANSWER]


async def test_a_coroutine_function_is_awaited_in_async_streams(model):
    heard = []

    async def hear(text):
        await asyncio.sleep(0)
        heard.append(text)

    async for _ in model.astream("Hi", config=watched(on_token(hear))):
        pass
    agent = create_agent(model, [])
    config = watched(on_token(hear))
    async for _ in agent.astream(ASK, stream_mode="messages", config=config):
        pass
    assert heard == ANSWER * 2


class AsyncCall:
    async def __call__(self, text):
        raise AssertionError("never called by a sync stream")


async def hear_nothing(text):
    raise AssertionError("never called by a sync stream")


@pytest.mark.parametrize("fn", [hear_nothing, AsyncCall()])
@pytest.mark.parametrize("source", ["chat", "completion"])
def test_a_coroutine_function_on_a_sync_stream_is_refused(model, fn, source):
    stage = model if source == "chat" else WordLLM()
    with pytest.raises(TypeError, match=r"sync one: read it with astream\(\)"):
        list(stage.stream("Hi", config=watched(on_token(fn))))


async def test_a_coroutine_function_on_a_sync_stream_is_refused_in_a_notebook(model):
    with pytest.raises(TypeError, match="is a coroutine function"):
        list(model.stream("Hi", config=watched(on_token(hear_nothing))))


def test_a_function_that_returns_a_coroutine_is_refused(model):
    handler = on_token(lambda text: hear_nothing(text))
    with pytest.raises(TypeError, match="returned a coroutine: define it with"):
        list(model.stream("Hi", config=watched(handler)))


def test_a_failing_function_ends_the_stream_and_is_seen(model):
    def fail(text):
        raise ValueError("a bug of mine")

    with pytest.raises(ValueError, match="a bug of mine"):
        list(model.stream("Hi", config=watched(on_token(fail))))
    assert model.log[0].outcome == "closed by reader"


async def test_a_failing_function_is_seen_in_async_streams(model):
    async def fail(text):
        raise ValueError("a bug of mine")

    with pytest.raises(ValueError, match="a bug of mine"):
        async for _ in model.astream("Hi", config=watched(on_token(fail))):
            pass


def test_a_failing_function_can_be_let_go_on(model):
    handler = on_token(lambda text: 1 / 0)
    handler.raise_error = False
    assert "".join(c.text for c in model.stream("Hi", config=watched(handler)))


@pytest.mark.parametrize("not_a_function", [None, ["print"], PartialRecorder()])
def test_what_is_no_function_is_refused_at_the_door(not_a_function):
    with pytest.raises(TypeError, match=r"needs a function.*pass one, on_token\(print"):
        on_token(not_a_function)


def test_cancelled_runs_do_not_pile_up():
    handler = on_token(lambda text: None)
    for _ in range(1500):
        handler.on_llm_new_token("Hi", run_id=uuid4())
    assert len(handler.tokens._by_token) == 1000


# PartialRecorder


@pytest.mark.parametrize("way", WAYS)
def test_a_run_is_recorded_with_text_times_finish_and_usage(model, clock, way):
    recorder = PartialRecorder(clock=clock)
    WAYS[way](model, watched(recorder))
    (run,) = recorder.runs.values()
    assert run is recorder.last
    assert run.text == "One two three."
    assert run.arrivals == [1.0, 1.5, 2.0, 2.5]
    assert run.time_to_first_token == 1.0
    assert run.finish_reason == "stop"
    assert run.usage["output_tokens"] == 4
    assert not run.usage_estimated
    assert run.outcome == "finished"


def test_a_run_without_a_stream_is_recorded_at_its_end(model, clock):
    recorder = PartialRecorder(clock=clock)
    model.invoke("Hi", config=watched(recorder))
    assert recorder.last.text == "One two three."
    assert recorder.last.arrivals == []
    assert recorder.last.outcome == "finished"
    assert not recorder.last.usage_estimated


def test_a_completion_model_is_recorded():
    recorder = PartialRecorder()
    list(WordLLM().stream("Hi there", config=watched(recorder)))
    assert recorder.last.text == "One two three."
    assert recorder.last.outcome == "cut"  # it gives no finish reason
    assert recorder.last.usage == {
        "input_tokens": 2,
        "output_tokens": 4,
        "total_tokens": 6,
    }


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply("One two three.", cut_after=2), "cut"),
        (Reply("One two three.", drop_after=2), "failed"),
        (Reply("One two three.", error_after=2), "failed"),
    ],
)
def test_a_broken_run_keeps_its_text_and_an_estimate(reply, outcome):
    recorder = PartialRecorder()
    model = FakeStreamingChatModel(replies=reply)
    with suppress(ModelError):
        list(model.stream("Hi", config=watched(recorder)))
    assert recorder.last.text == "One two"
    assert (recorder.last.error is None) == (outcome == "cut")
    assert recorder.last.outcome == outcome
    assert recorder.last.usage_estimated
    assert recorder.last.usage["output_tokens"] == 2


def test_a_run_left_by_its_reader_is_stopped(model, clock):
    recorder = PartialRecorder(clock=clock)
    stream = model.stream("Hi", config=watched(recorder))
    while not recorder.runs or not recorder.last.text:
        next(stream)
    stream.close()
    assert (recorder.last.text, recorder.last.outcome) == ("One", "stopped")


async def test_a_cancelled_agent_is_stopped_though_the_model_reports_nothing():
    model = FakeStreamingChatModel(replies=Reply("One two", stall_after=1))
    heard = asyncio.Event()
    recorder = PartialRecorder()
    handlers = {"callbacks": [recorder, on_token(lambda text: heard.set())]}
    agent = create_agent(model, [])

    async def read():
        async for _ in agent.astream(ASK, stream_mode="messages", config=handlers):
            pass

    task = asyncio.create_task(read())
    await heard.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (recorder.last.text, recorder.last.outcome) == ("One", "stopped")


async def test_closing_settles_a_run_that_nobody_reported():
    model = FakeStreamingChatModel(replies=Reply("One two", stall_after=1))
    heard = asyncio.Event()
    with PartialRecorder() as recorder:
        handlers = {"callbacks": [recorder, on_token(lambda text: heard.set())]}
        task = asyncio.create_task(model.ainvoke("Hi", config=handlers, stream=True))
        await heard.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert recorder.last.outcome == "running"
    assert (recorder.last.text, recorder.last.outcome) == ("One", "unreported")


def test_one_run_can_be_closed_alone():
    recorder = PartialRecorder()
    first, second = uuid4(), uuid4()
    recorder.on_llm_start({}, ["Hi"], run_id=first)
    recorder.on_llm_start({}, ["Ho"], run_id=second)
    recorder.close(first)
    outcomes = [run.outcome for run in recorder.runs.values()]
    assert outcomes == ["unreported", "running"]


def test_simultaneous_runs_are_kept_apart(clock):
    model = FakeStreamingChatModel(replies=["One.", "Two."], clock=clock)
    recorder = PartialRecorder(clock=clock)
    first = model.stream("1", config=watched(recorder))
    second = model.stream("2", config=watched(recorder))
    list(zip(first, second, strict=False))
    assert sorted(run.text for run in recorder.runs.values()) == ["One.", "Two."]


def test_an_empty_recorder_says_what_to_do():
    with pytest.raises(LookupError, match="pass it on"):
        _ = PartialRecorder().last


@given(st.text(min_size=1), st.data())
def test_the_record_is_what_the_reader_saw(text, data):
    after = data.draw(st.integers(0, len(pieces(text))))
    recorder = PartialRecorder()
    heard = []
    model = FakeStreamingChatModel(replies=Reply(text, drop_after=after))
    config = {"callbacks": [recorder, on_token(heard.append)]}
    seen = measure(model.stream("Hi", config=config), keep_error=True)
    assert isinstance(seen.error, ModelConnectionError)
    assert recorder.last.text == seen.text == "".join(heard)


def test_a_stage_in_between_hides_nothing_from_the_handler(model):
    def upper(texts):
        for text in texts:
            yield text.upper()

    heard = []
    chain = model | StrOutputParser() | RunnableGenerator(upper)
    shown = list(chain.stream("Hi", config=watched(on_token(heard.append))))
    assert heard == ANSWER
    assert "".join(shown) == "ONE TWO THREE."


def of_chunks(*chunks):
    """What the recorder keeps of a model that plays these chunks."""
    recorder = PartialRecorder()
    run_id = uuid4()
    recorder.on_llm_start({}, ["Hi"], run_id=run_id)
    for chunk in chunks:
        told = ChatGenerationChunk(message=chunk)
        recorder.on_llm_new_token(chunk.text, chunk=told, run_id=run_id)
    total = ChatGenerationChunk(message=sum(chunks[1:], chunks[0]))
    recorder.on_llm_end(LLMResult(generations=[[total]]), run_id=run_id)
    return recorder.last


def says(text="", reason=None, **fields):
    metadata = {"finish_reason": reason} if reason else {}
    return AIMessageChunk(text, id="1", response_metadata=metadata, **fields)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("stop", "finished"),
        ("tool_calls", "finished"),
        ("length", "cut"),
        ("content_filter", "cut"),
        ("insufficient_system_resource", "cut"),
        ("gone fishing", "cut"),
    ],
)
def test_only_a_word_that_means_whole_is_finished(reason, outcome):
    for chunks in ([says("Hi", reason)], [says("Hi"), says("", reason)]):
        run = of_chunks(*chunks)
        assert (run.text, run.finish_reason, run.outcome) == ("Hi", reason, outcome)


def test_what_comes_after_the_finish_reason_opens_the_run_again():
    run = of_chunks(says("", "stop"), says("One tw"))
    assert (run.text, run.outcome) == ("One tw", "cut")


def test_thoughts_are_kept_apart_from_the_text():
    thought = says(additional_kwargs={"reasoning_content": "Hm."})
    block = says([{"type": "thinking", "thinking": " Well."}])
    run = of_chunks(thought, block, says("42", "stop"))
    assert (run.reasoning, run.text) == ("Hm. Well.", "42")


def test_running_totals_are_not_added_up():
    def used(taken):
        counts = {"input_tokens": 100, "output_tokens": taken}
        return says(usage_metadata={**counts, "total_tokens": 100 + taken})

    run = of_chunks(used(1), used(2), used(3))
    assert run.usage == {"input_tokens": 100, "output_tokens": 3, "total_tokens": 103}


def test_a_restart_takes_the_text_back():
    again = AIMessageChunk("", id="2", response_metadata={"restart": True})
    run = of_chunks(says("One tw"), again, AIMessageChunk("Two.", id="2"))
    assert run.text == "Two."
