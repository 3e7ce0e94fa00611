import asyncio

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langgraph.types import Interrupt

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel
from course_utils.timing import StreamTiming, measure
from course_utils.timing.recording import Mark


class Script:
    """A stream that waits, yields and may break, and notes that it was closed."""

    def __init__(self, *steps):
        self.clock = VirtualClock(time=100.0)
        self.steps = steps
        self.closed = False

    def stream(self):
        try:
            for wait, item in self.steps:
                self.clock.sleep(wait)
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.closed = True

    async def astream(self):
        items = self.stream()
        try:
            for item in items:
                await asyncio.sleep(0)
                yield item
        finally:
            items.close()


async def read(script, how, **options):
    """Measure a script both ways with one call."""
    if how == "sync":
        return measure(script.stream(), clock=script.clock, **options)
    return await measure(script.astream(), clock=script.clock, **options)


both = pytest.mark.parametrize("how", ["sync", "async"])


@both
async def test_figures_are_measured_at_the_reader(how):
    timing = await read(Script((0.5, "a"), (0.25, "b"), (0.25, "c")), how, title="run")

    assert timing.title == "run"
    assert timing.text == "abc"
    assert timing.arrivals == [0.5, 0.75, 1.0]
    assert timing.time_to_first_token == 0.5
    assert timing.inter_token_latencies == [0.25, 0.25]
    assert timing.total == 1.0
    assert timing.chunks == 3
    assert timing.tokens_per_second == 3.0


@both
async def test_only_chunks_with_text_count(how):
    empty = AIMessageChunk(content="")
    timing = await read(Script((1, empty), (1, ""), (1, "a"), (1, None)), how)

    assert timing.chunks == 1
    assert timing.time_to_first_token == 3.0
    assert timing.total == 4.0


@both
async def test_an_error_in_midstream_is_recorded_and_goes_on(how):
    script = Script((1, "half"), (1, ConnectionError("reset")))

    with pytest.raises(ConnectionError, match="reset") as caught:
        await read(script, how)

    timing = caught.value.timing
    assert timing.text == "half"
    assert timing.error is caught.value
    assert timing.marks == [Mark("fault", 2.0, "ConnectionError")]
    assert timing.total == 2.0
    assert script.closed


@both
async def test_keep_error_returns_the_timing_of_a_broken_stream(how):
    error = ConnectionError("reset")
    timing = await read(Script((1, "half"), (1, error)), how, keep_error=True)

    assert timing.error is error
    assert repr(timing).endswith("error: ConnectionError")


def test_leaving_a_watched_stream_marks_the_stop_and_closes_the_inner_one():
    script = Script((1, "a"), (1, "b"), (1, "c"))
    timing = StreamTiming(clock=script.clock)
    watched = timing.watch(script.stream())

    assert next(watched) == "a"
    watched.close()

    assert script.closed
    assert timing.marks == [Mark("stopped", 1.0)]
    assert timing.error is None
    assert timing.ending == "stopped"


async def test_leaving_a_watched_async_stream_closes_the_inner_one():
    script = Script((1, "a"), (1, "b"))
    timing = StreamTiming(clock=script.clock)
    watched = timing.watch(script.astream())

    assert await anext(watched) == "a"
    await watched.aclose()

    assert script.closed
    assert timing.stopped


async def test_a_cancelled_reader_is_a_stop_and_no_fault():
    started = asyncio.Event()

    async def endless():
        yield "a"
        started.set()
        await asyncio.Event().wait()

    timing = StreamTiming()

    async def reader():
        async for _ in timing.watch(endless()):
            pass

    task = asyncio.create_task(reader())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert timing.stopped
    assert timing.error is None


def test_watching_passes_every_item_through_unchanged():
    part = (AIMessageChunk(content="c"), {})
    items = [AIMessageChunk(content="a"), "b", None, part, {"event": "on_x"}]

    assert list(StreamTiming().watch(iter(items))) == items


def test_time_starts_when_the_stream_is_first_asked():
    script = Script((0.5, "a"))
    timing = StreamTiming(clock=script.clock)
    watched = timing.watch(script.stream())
    script.clock.advance(60)

    assert timing.ending == "not started"
    assert list(watched) == ["a"]
    assert timing.time_to_first_token == 0.5


def test_usage_finish_and_tool_calls_become_marks():
    def call(name, args):
        return {"name": name, "args": args, "id": name and "1", "index": 0}

    usage = {"input_tokens": 5, "output_tokens": 6, "total_tokens": 11}
    script = Script(
        (1, AIMessageChunk(content="", tool_call_chunks=[call("pay", "")])),
        (1, AIMessageChunk(content="", tool_call_chunks=[call(None, '{"x": 1}')])),
        (1, (ToolMessage("paid", tool_call_id="1", name="pay"), {"node": "tools"})),
        (1, AIMessageChunk("ok", response_metadata={"finish_reason": "stop"})),
        (1, AIMessageChunk("", usage_metadata=usage)),
    )

    timing = measure(script.stream(), clock=script.clock)

    assert timing.marks == [
        Mark("tool_call", 1.0, "pay"),
        Mark("tool_result", 3.0, "pay"),
        Mark("finish", 4.0, "stop"),
        Mark("usage", 5.0, "11 tokens"),
    ]
    assert timing.text == "ok", "a tool's result is not the answer's text"
    assert timing.finish_reason == "stop"
    assert timing.usage == usage
    assert timing.tokens_per_second == pytest.approx(6 / 5)


def test_usage_told_in_parts_is_summed():
    def told(given, taken):
        usage = {"input_tokens": given, "output_tokens": taken}
        return AIMessageChunk(
            "", usage_metadata=usage | {"total_tokens": given + taken}
        )

    timing = measure(iter([told(10, 0), told(0, 4)]))

    assert timing.usage == {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14}


def test_a_restart_is_marked_and_takes_the_text_back():
    again = AIMessageChunk("", response_metadata={"restart": True})
    script = Script((1, AIMessageChunk("ol")), (1, again), (1, AIMessageChunk("new")))

    timing = measure(script.stream(), clock=script.clock)

    assert timing.text == "new"
    assert timing.arrivals == [1.0, 3.0], "the old text has been on the screen"
    assert timing.marks == [Mark("restart", 2.0)]


def test_an_answer_that_nobody_finished_says_so():
    assert measure([AIMessageChunk("half")]).ending == "cut: no finish reason"
    assert measure(["half"]).ending == "done", "plain text can't carry a finish reason"


def test_the_repr_is_one_line_for_every_state():
    clock = VirtualClock()
    timing = StreamTiming("run", clock=clock)
    zero = "no text · 0 chunks · 0.0 chunks/s · total 0.00 s"
    assert repr(timing) == f"{zero} · not started"
    timing.start()
    assert repr(timing) == f"{zero} · running"
    clock.advance(0.5)
    timing.add("Hi")
    assert repr(timing) == (
        "first token 0.50 s · 1 chunk · 2.0 chunks/s · total 0.50 s · running"
    )


async def test_a_function_is_called_and_its_wait_counts():
    clock = VirtualClock()

    def invoke():
        clock.sleep(3)
        return AIMessage("whole", response_metadata={"finish_reason": "stop"})

    async def ainvoke():
        return invoke()

    for timing in [
        measure(invoke, clock=clock),
        await measure(lambda: ainvoke(), clock=clock),
        measure(lambda: iter([invoke()]), clock=clock),
    ]:
        assert timing.arrivals == [3.0]
        assert timing.total == 3.0
        assert timing.ending == "done: stop"


def test_a_function_that_fails_is_a_fault_with_a_timing():
    def refused():
        raise ConnectionError("no")

    assert measure(refused, keep_error=True).ending == "error: ConnectionError"
    with pytest.raises(ConnectionError) as caught:
        measure(refused)
    assert caught.value.timing.chunks == 0


def v3_model():
    return FakeStreamingChatModel(replies="Hi")


NEEDS_AWAIT = (
    "a coroutine: astream needs no await, "
    'astream_events(version="v3") needs one, invoke is not a stream'
)


class Model:
    def invoke(self, question):
        return AIMessage("Hi")

    def stream(self, question):
        yield "Hi"

    async def astream(self, question):
        yield "Hi"

    async def ainvoke(self, question):
        return AIMessage("Hi")


@pytest.mark.parametrize(
    ("wrong", "fact"),
    [
        (lambda: Model().stream, "a method: call it"),
        (lambda: Model(), "Model, which can be asked for one: call its stream"),
        (lambda: Model().invoke(""), "AIMessage, which has arrived already"),
        (lambda: "Hi", "str, which has arrived already"),
        (lambda: Model().ainvoke(""), "a coroutine: astream needs no await"),
        (lambda: v3_model().astream_events("Hi", version="v3"), NEEDS_AWAIT),
        (lambda: {"messages": []}, "dict: pass one"),
        (lambda: 7, "int: pass one"),
        (lambda: None, "NoneType: pass one"),
    ],
)
def test_what_is_not_a_stream_gets_the_next_step_at_the_door(wrong, fact):
    for name, reader in [("measure", measure), ("watch", StreamTiming().watch)]:
        with pytest.raises(TypeError) as caught:
            reader(wrong())
        assert str(caught.value).startswith(f"{name}() needs a stream, got {fact}")
        assert str(caught.value).endswith('(model.stream("Hi")).')


def chunk(text="", message_id="1", reason=None, **fields):
    metadata = {"finish_reason": reason} if reason else {}
    return AIMessageChunk(text, id=message_id, response_metadata=metadata, **fields)


def used(given, taken, message_id="1"):
    counts = {"input_tokens": given, "output_tokens": taken}
    usage = {**counts, "total_tokens": given + taken}
    return chunk(message_id=message_id, usage_metadata=usage)


def test_running_totals_of_one_message_are_not_added_up():
    timing = measure([used(100, 1), used(100, 2), used(100, 3), used(10, 5, "2")])

    counts = {"input_tokens": 110, "output_tokens": 8, "total_tokens": 118}
    assert timing.usage == counts
    assert timing.usage_of["1"]["total_tokens"] == 103
    assert [mark.label for mark in timing.marks] == ["103 tokens", "118 tokens"]


def test_the_first_sign_the_first_thought_and_the_first_word_are_three_times():
    call = {"name": "look", "args": "", "id": "c", "index": 0}
    script = Script(
        (1, chunk(tool_call_chunks=[call])),
        (1, chunk(additional_kwargs={"reasoning_content": "Hm."})),
        (1, chunk("Hi")),
    )
    timing = measure(script.stream(), clock=script.clock)

    assert timing.time_to_first_sign == 1.0
    assert timing.time_to_first_thought == 2.0
    assert timing.time_to_first_token == 3.0
    assert Mark("reasoning", 2.0) in timing.marks
    assert timing.text == "Hi"


def test_two_voices_are_two_texts_and_each_must_end():
    a, b = chunk("a", "a"), chunk("b", "b")
    timing = measure([a, b, a, b, chunk(message_id="b", reason="stop")])

    assert timing.text == "aa\n\nbb"
    assert timing.ending == "cut: no finish reason"


def test_what_is_said_within_a_tool_is_not_the_answer():
    inside = (chunk("secret", "a"), {"langgraph_node": "tools"})
    timing = measure([inside, (chunk("End.", "b"), {"langgraph_node": "model"})])

    assert timing.text == "End."
    assert timing.chunks == 1


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("stop", "done: stop"),
        ("length", "cut: length"),
        ("SAFETY", "cut: SAFETY"),
        ("gone fishing", "error: gone fishing"),
    ],
)
def test_the_ending_says_what_the_word_means(reason, ending):
    assert measure([chunk("Hi", reason=reason)]).ending == ending
    whole = AIMessage("Hi", response_metadata={"stop_reason": reason})
    assert measure([whole]).ending == ending


def test_text_after_the_finish_reason_opens_the_answer_again():
    timing = measure([chunk(reason="stop"), chunk("One tw")])
    assert timing.ending == "cut: no finish reason"


def test_a_run_that_waits_for_a_person_is_paused():
    asked = {"__interrupt__": (Interrupt("Pay?", id="1"),)}
    timing = measure([chunk("Hm.", reason="tool_calls"), asked])
    assert timing.paused
    assert timing.ending == "paused"
