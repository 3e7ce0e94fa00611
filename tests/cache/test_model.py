"""cached(): the same answer again, in chunks, and one call for all who ask at once."""

import logging
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.exceptions import ModelError
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation
from langchain_openai import ChatOpenAI

from course_utils.cache import cached
from course_utils.cache.kept import pack, unpack
from course_utils.cache.record import Recorder, is_whole, runs_of
from course_utils.cache.serialization import from_text, to_text
from course_utils.clock import VirtualClock
from course_utils.fake import Reply, ToolCall
from course_utils.fake.server import FakeServer
from course_utils.reliability import reliable
from tests.support.asking import fake, texts
from tests.support.ways import ASK, AWAYS, WAYS, ask

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)

# Hits, whichever way one asks


@pytest.mark.parametrize("second", [*WAYS, *AWAYS])
@pytest.mark.parametrize("first", ["stream", "invoke", "aagent"])
async def test_whoever_asks_again_gets_the_kept_answer(first, second):
    inner = fake("One two three.", "Another.")
    model = cached(inner)
    assert await ask(model, first) == "One two three."
    assert await ask(model, second) == "One two three."
    assert len(inner.log) == 1


def test_a_hit_comes_in_the_chunks_it_had():
    model = cached(fake("One two three."))
    first, second = texts(model.stream("Hi")), texts(model.stream("Hi"))
    assert first == second == ["One", " two", " three", "."]


def test_an_answer_asked_for_whole_replays_in_pieces():
    model = cached(fake("One two three."))
    model.invoke("Hi")
    assert texts(model.stream("Hi")) == ["One", " two", " three", "."]


def test_a_hit_can_come_whole():
    model = cached(fake("One two three."), delivery="whole")
    list(model.stream("Hi"))
    assert texts(model.stream("Hi")) == ["One two three."]
    assert model.invoke("Hi").text == "One two three."


async def test_a_hit_can_be_paced_as_it_was():
    clock = VirtualClock()
    inner = fake("One two three.", first_token=5.0, per_token=0.5, clock=clock)
    model = cached(inner, delivery="paced", clock=clock)
    list(model.stream("Hi"))
    begin = clock.now()
    arrivals = [clock.now() - begin for chunk in model.stream("Hi") if chunk.text]
    assert arrivals == [0.0, 0.5, 1.0, 1.5]  # the first at once, then the gaps
    begin = clock.now()
    arrivals = [
        clock.now() - begin async for chunk in model.astream("Hi") if chunk.text
    ]
    assert arrivals == [0.0, 0.5, 1.0, 1.5]


def test_unpaced_hits_take_no_time():
    clock = VirtualClock()
    inner = fake("One two three.", first_token=5.0, per_token=0.5, clock=clock)
    model = cached(inner, clock=clock)
    list(model.stream("Hi"))
    before = clock.now()
    list(model.stream("Hi"))
    assert clock.now() == before


def test_tool_calls_are_replayed():
    call = Reply(tool_calls=[ToolCall("pay", {"to": "Bob", "amount": 10000})])
    inner = fake(call, "never")
    model = cached(inner)
    for how in ("stream", "stream", "invoke"):
        if how == "stream":
            chunks = list(model.stream("Pay"))
            message = sum(chunks[1:], chunks[0])
        else:
            message = model.invoke("Pay")
        assert message.tool_calls[0]["args"] == {"to": "Bob", "amount": 10000}
        assert message.response_metadata["finish_reason"] == "tool_calls"
    assert len(inner.log) == 1


def test_tool_calls_asked_for_whole_are_streamed():
    call = Reply(tool_calls=[ToolCall("pay", {"amount": 1}), ToolCall("now", {})])
    model = cached(fake(call, "never"))
    model.invoke("Pay")
    chunks = list(model.stream("Pay"))
    calls = sum(chunks[1:], chunks[0]).tool_calls
    assert [(c["name"], c["args"]) for c in calls] == [
        ("pay", {"amount": 1}),
        ("now", {}),
    ]


def test_an_agent_with_tools_runs_wholly_from_the_cache():
    ran = []

    def pay(amount: int) -> str:
        """Pay an amount."""
        ran.append(amount)
        return "Paid."

    call = Reply(tool_calls=[ToolCall("pay", {"amount": 10})])
    inner = fake(call, "Done.")
    agent = create_agent(cached(inner), [pay])
    for _ in range(3):
        assert agent.invoke(ASK)["messages"][-1].text == "Done."
    streamed = agent.stream(ASK, stream_mode="messages")
    assert "".join(m.text for m, _ in streamed if m.type != "tool") == "Done."
    assert len(inner.log) == 2
    assert ran == [10] * 4  # a tool is not the model's answer: it runs each time


def test_structured_output_comes_from_the_cache():
    inner = fake(Reply(tool_calls=[ToolCall("Joke", {"text": "Ha"})]))
    schema = {
        "title": "Joke",
        "description": "A joke.",
        "type": "object",
        "properties": {"text": {"type": "string"}},
    }
    model = cached(inner).with_structured_output(schema)
    assert model.invoke("Hi") == model.invoke("Hi") == {"text": "Ha"}
    assert len(inner.log) == 1


@given(st.text(min_size=1), st.sampled_from(["chunks", "whole"]), st.booleans())
def test_any_text_comes_back_as_it_was(text, delivery, whole):
    model = cached(fake(text, "another"), delivery=delivery)
    first = model.invoke("Hi").text if whole else "".join(texts(model.stream("Hi")))
    assert (
        first == "".join(texts(model.stream("Hi"))) == model.invoke("Hi").text == text
    )


# Usage, ids, marks


def test_usage_is_counted_once():
    model = cached(fake("One two."))
    with get_usage_metadata_callback() as usage:
        for _ in range(3):
            list(model.stream("Hi"))
            model.invoke("Hi")
    (counted,) = usage.usage_metadata.values()
    assert counted["output_tokens"] == 3


@pytest.mark.parametrize("first", ["stream", "invoke"])
def test_a_hit_says_that_it_is_cached(first):
    model = cached(fake())
    live = list(model.stream("Hi")) if first == "stream" else [model.invoke("Hi")]
    again = list(model.stream("Hi"))
    assert not any(chunk.response_metadata.get("cached") for chunk in live)
    assert sum(again[1:], again[0]).response_metadata["cached"] is True
    assert model.invoke("Hi").response_metadata["cached"] is True
    assert all(chunk.usage_metadata is None for chunk in again)
    assert model.invoke("Hi").usage_metadata is None


def test_every_answer_has_an_id_of_its_own():
    model = cached(fake())
    ids = {next(iter(model.stream("Hi"))).id for _ in range(3)}
    assert len(ids) == 3


def test_what_a_reader_does_to_its_chunks_harms_nobody():
    model = cached(fake("One two."))
    for chunk in model.stream("Hi"):
        chunk.content = "spoilt"
        chunk.response_metadata["finish_reason"] = "spoilt"
    assert texts(model.stream("Hi")) == ["One", " two", "."]
    assert model.invoke("Hi").response_metadata["finish_reason"] == "stop"


def test_the_global_cache_of_langchain_is_left_alone():
    set_llm_cache(InMemoryCache())
    try:
        model = cached(fake())
        model.invoke("Hi")
        assert model.invoke("Hi").usage_metadata is None  # and no total_cost of 0
    finally:
        set_llm_cache(None)


# What is kept


@pytest.mark.parametrize(
    "reply",
    [
        Reply("One two three.", cut_after=2),
        Reply("One two three.", length_after=2),
        Reply("One two three.", filter_after=2),
        Reply("One two three.", drop_after=2),
        Reply("One two three.", error_after=2),
        Reply("", finish_reason="stop"),
        Reply(status=500),
        Reply(tool_calls=[ToolCall("pay", {"amount": 10000})], length_after=2),
    ],
    ids=lambda reply: "-".join(
        name for name, value in vars(reply).items() if value not in ("", None, (), 0)
    ),
)
@pytest.mark.parametrize("how", ["stream", "invoke"])
def test_what_is_not_whole_is_not_kept(reply, how):
    inner = fake(reply, "Whole.")
    model = cached(inner)
    with suppress(ModelError):
        list(model.stream("Hi")) if how == "stream" else model.invoke("Hi")
    assert model.invoke("Hi").text == "Whole."
    assert len(inner.log) == 2


def recorded(*chunks):
    """The runs that these chunks make, one a second."""
    recorder = Recorder()
    return runs_of(recorder.arrival(one, float(at)) for at, one in enumerate(chunks))


def test_half_a_tool_call_is_not_kept_even_if_it_says_that_it_is_whole():
    half = chunk(tool_call_chunks=[fragment('{"amount": 10')])
    end = chunk(response_metadata={"finish_reason": "tool_calls"})
    with pytest.raises(ValueError, match="no whole answer"):
        unpack(pack(recorded(half, end)))


def chunk(**fields):
    message = AIMessageChunk(**{"content": "", **fields})
    return ChatGenerationChunk(message=message)


def fragment(args, index=0):
    return {
        "name": "pay",
        "args": args,
        "id": "1",
        "index": index,
        "type": "tool_call_chunk",
    }


def test_an_answer_left_halfway_is_not_kept():
    inner = fake("One two three.", "Whole.")
    model = cached(inner)
    stream = model.stream("Hi")
    next(stream)
    stream.close()
    assert "".join(texts(model.stream("Hi"))) == "Whole."


def test_an_answer_begun_anew_is_kept_without_its_first_half():
    inner = fake(Reply("One two three.", drop_after=2), "Four five.", "never")
    sturdy = reliable(inner, after_first_token="restart", wait_initial=0)
    model = cached(sturdy)
    list(model.stream("Hi"))
    assert "".join(texts(model.stream("Hi"))) == "Four five."
    assert len(inner.log) == 2


# What makes the same question


def openai(**options):
    return ChatOpenAI(
        **{"model": "fake", "api_key": "offline", "base_url": "http://x/v1", **options}
    )


def key(model, messages=(), stop=None, **options):
    from course_utils.cache.key import Question

    return Question(list(messages), stop, options).key(model)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 3},
        {"max_retries": 7},
        {"streaming": True},
        {"stream_usage": True},
        {"api_key": "another"},
    ],
)
def test_how_the_request_travels_is_not_part_of_the_question(options):
    assert key(openai()) == key(openai(**options))


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.5},
        {"model": "other"},
        {"base_url": "http://y/v1"},
        {"max_tokens": 5},
        {"seed": 1},
    ],
)
def test_what_changes_the_answer_is_part_of_the_question(options):
    assert key(openai()) != key(openai(**options))


def test_options_of_the_call_are_part_of_the_question():
    model = openai()
    assert key(model) != key(model, stop=["."])
    assert key(model) != key(model, tools=[{"type": "function"}])
    assert key(model) == key(model, timeout=3, stream=True)


def test_the_cost_of_earlier_answers_is_not_part_of_the_question():
    told = {"finish_reason": "stop", "cached": True}
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    first = AIMessage("Hi", id="1", usage_metadata=usage)
    second = AIMessage("Hi", id="2", response_metadata=told)
    assert key(openai(), [first]) == key(openai(), [second])
    assert key(openai(), [first]) != key(openai(), [AIMessage("Ho")])


def test_options_and_prompts_keep_answers_apart():
    inner = fake("1", "2", "3")
    model = cached(inner)
    assert [model.invoke("a").text, model.invoke("b").text] == ["1", "2"]
    assert model.invoke("a", stop=["x"]).text == "3"
    assert model.invoke("a").text == "1"


# A cache that fails


class BrokenCache(BaseCache):
    def __init__(self, found=None):
        self.found = found

    def lookup(self, prompt, llm_string):
        if self.found is not None:
            return self.found
        raise ConnectionError("the cache is down")

    def update(self, prompt, llm_string, return_val):
        raise ConnectionError("the cache is down")

    def clear(self, **kwargs):
        raise ConnectionError("the cache is down")


RUBBISH = [
    [Generation(text="of another")],
    [ChatGeneration(message=AIMessage("of another"))],
    [chunk(content="no mark")],
    ["text"],
    [None],
    42,
    "text",
    [{}],
]


@pytest.mark.parametrize("found", [None, *RUBBISH], ids=repr)
async def test_a_cache_that_fails_never_breaks_an_answer(found, caplog):
    inner = fake("One two.")
    model = cached(inner, BrokenCache(found))
    with caplog.at_level(logging.WARNING, logger="course_utils.cache"):
        assert await ask(model, "stream") == "One two."
        assert await ask(model, "astream") == "One two."
        assert await ask(model, "invoke") == "One two."
    assert len(inner.log) == 3
    assert len(caplog.records) == 1


def test_what_stands_around_no_model_is_refused():
    with pytest.raises(TypeError, match="stands around a chat model, got str"):
        cached("gpt")
    with pytest.raises(TypeError, match="Binding: write cached"):
        cached(fake().bind(stop=["x"]))
    with pytest.raises(TypeError, match="one of LangChain's caches, got dict"):
        cached(fake(), {})
    with pytest.raises(ValueError, match="chunks, paced or whole, got 'slow'"):
        cached(fake(), delivery="slow")


def test_the_old_name_of_delivery_works_and_says_the_new_one():
    with pytest.warns(FutureWarning, match=r"replay=\.\.\.\) is called delivery="):
        assert cached(fake(), replay="whole").delivery == "whole"


# The record


PARTS = st.one_of(
    st.text().map(lambda text: chunk(content=text)),
    st.text().map(lambda text: chunk(content=text, response_metadata={"p": "x"})),
    st.text().map(lambda text: chunk(content=[block("text", text)])),
    st.text().map(lambda text: chunk(content=[block("reasoning", text)])),
    st.text().map(lambda text: chunk(additional_kwargs={"thought": text})),
    st.just(chunk(tool_call_chunks=[fragment('{"amount": ', 1)])),
    st.just(chunk(content="Now", tool_call_chunks=[fragment("{}", 2)])),
)


def block(kind, text):
    return {"type": kind, kind: text, "index": 0}


@given(st.lists(PARTS))
def test_a_record_survives_the_cache(parts):
    parts = [chunk(content="a"), *parts, chunk(tool_call_chunks=[fragment("1}", 1)])]
    runs = recorded(*parts, chunk(response_metadata={"finish_reason": "stop"}))
    try:
        kept = unpack(from_text(to_text(pack(runs))))
    except ValueError:
        assert not is_whole(runs)
        return
    again = [one for _, one in kept.delivered("chunks")]
    shown = ("content", "tool_call_chunks", "additional_kwargs")
    for name in shown:
        assert [getattr(one.message, name) for one in again[:-1]] == [
            getattr(one.message, name) for one in parts
        ]
    assert [at for at, _ in kept.delivered("chunks")] == list(range(len(again)))


@pytest.mark.parametrize(
    "generations",
    [
        [Generation(text="Hi", generation_info={"finish_reason": "stop"})],
        [ChatGeneration(message=AIMessage("Hi", response_metadata={"a": 1}))],
        [chunk(content=[{"type": "text", "text": "Hi", "index": 0}])],
    ],
)
def test_any_answer_of_langchain_survives_as_text(generations):
    again = from_text(to_text(generations))
    assert again == generations
    assert type(again[0]) is type(generations[0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish",
        "42",
        "{}x",
        "[1]",
        '[{"kind": "os.system", "info": null}]',
        "[{}]",
    ],
)
def test_text_of_something_else_is_refused(text):
    with pytest.raises(ValueError):
        from_text(text)


# Around the real client


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"output_version": "v1"},
        {"use_responses_api": True},
        {"use_responses_api": True, "output_version": "v1"},
    ],
    ids=lambda options: " ".join(options) or "chat completions",
)
@pytest.mark.parametrize("second", ["stream", "invoke", "v3", "agent v3", "astream"])
async def test_the_answers_of_a_real_client_are_kept(options, second):
    with FakeServer(replies=["One two three.", "Another."]) as server:
        model = cached(openai(base_url=server.url, stream_usage=True, **options))
        assert await ask(model, "stream") == "One two three."
        assert await ask(model, second) == "One two three."
        assert len(server.log) == 1


async def test_half_a_tool_call_of_a_real_client_is_not_kept():
    call = ToolCall("pay", {"to": "Bob", "amount": 10000})
    replies = [
        Reply(tool_calls=[call], length_after=-1),
        Reply(tool_calls=[call], cut_after=-1),
        Reply(tool_calls=[call]),
        "never",
    ]
    with FakeServer(replies=replies) as server:
        model = cached(openai(base_url=server.url))
        for _ in range(5):
            chunks = list(model.stream("Pay"))
        assert sum(chunks[1:], chunks[0]).tool_calls[0]["args"]["amount"] == 10000
        assert len(server.log) == 3
