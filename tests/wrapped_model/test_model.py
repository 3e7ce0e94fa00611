"""A model with ours around it is the model: whatever a caller does with one, works."""

import asyncio
import copy
import pickle
import re
from collections.abc import Callable
from typing import Any, Literal, TypedDict

import openai
import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.exceptions import ModelConnectionError, OutputParserException
from langchain_core.messages import AIMessageChunk, HumanMessage, trim_messages
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from course_utils.cache import cached
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.fake.server import FakeServer
from course_utils.model_call import AsyncChunks, Chunks, Request, acall, call
from course_utils.reliability import reliable
from course_utils.wrapped_model.model import Reader, WrappedChatModel
from tests.support.callers import chat
from tests.support.played import Played, chunk

Wrap = Callable[[Any], Any]


class Plain(WrappedChatModel):
    """The least that a wrapper is: it passes everything on."""

    @property
    def _llm_type(self) -> str:
        return "plain"

    def _answer(self, request: Request, reader: Reader) -> Chunks:
        yield from call(self.inner, request)

    async def _aanswer(self, request: Request, reader: Reader) -> AsyncChunks:
        async for one in acall(self.inner, request):
            yield one


WRAPS: dict[str, Wrap] = {
    "plain": lambda model: Plain(inner=model),
    "reliable": reliable,
    "cached": cached,
    "cached reliable": lambda model: cached(reliable(model)),
    "reliable cached": lambda model: reliable(cached(model)),
}
every = pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)


# Structured output


class City(BaseModel):
    name: str
    people: int


class CityDict(TypedDict):
    name: str
    people: int


Method = Literal["json_schema", "json_mode", "function_calling"]
METHODS = ["json_schema", "json_mode", "function_calling"]
QUESTION = "Name a city, in JSON."


OURS = ["reliable", "cached", "cached reliable"]


@pytest.mark.parametrize("wrap", [WRAPS[name] for name in OURS], ids=OURS)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "raw"])
@pytest.mark.parametrize("schema", [City, CityDict])
@pytest.mark.parametrize("method", METHODS)
def test_structured_output_sends_the_same_request_and_gives_the_same_object(
    wrap: Wrap, method: Method, schema: Any, raw: bool, responses: bool
):
    with FakeServer() as server:
        model = chat(server, use_responses_api=responses)
        for one in (model, wrap(model)):
            asked = one.with_structured_output(schema, method=method, include_raw=raw)
            came = [
                outcome(lambda asked=asked: asked.invoke(QUESTION)),
                outcome(lambda asked=asked: asyncio.run(asked.ainvoke("JSON?"))),
                outcome(lambda asked=asked: list(asked.stream("JSON!"))),
            ]
            sent, server.log[:] = [repr(entry.request) for entry in server.log], []
            if one is model:
                expected = without_ids([came, sent])
        assert without_ids([came, sent]) == expected


def outcome(ask: Callable[[], Any]) -> Any:
    """What came; json_mode knows no schema, so that a parser may refuse the answer."""
    try:
        return ask()
    except OutputParserException as error:
        return type(error)


def without_ids(what: Any) -> str:
    """Ids and times differ from answer to answer."""
    text = re.sub(r"'created_at': [\d.]+", "", repr(what))
    return re.sub(r"(lc_run|run|resp|msg|call|fc|rs|chatcmpl)[-_][\w-]+", "id", text)


@every
def test_tools_are_bound_as_the_model_binds_them(wrap: Wrap):
    def look(at: str) -> str:
        """Look."""
        return at

    with FakeServer() as server:
        model = chat(server)
        how: dict[str, Any] = {"tool_choice": "look", "strict": True}
        how |= {"parallel_tool_calls": False}
        for one in (model, wrap(model)):
            one.bind_tools([look], **how).invoke("Hi")
        bare, wrapped = [repr(entry.request) for entry in server.log]
    assert wrapped == bare


def test_a_fallback_is_asked_for_structured_output_in_its_own_way():
    with FakeServer([Reply(status=500)]) as broken, FakeServer() as well:
        model = reliable(
            chat(broken, max_retries=0), [chat(well, model="other")], attempts=1
        )
        city = model.with_structured_output(City, strict=True).invoke(QUESTION)
    assert isinstance(city, City)
    assert len(broken.log) == len(well.log) == 1


def test_a_fallback_that_answers_in_another_form_is_refused():
    models = ChatOpenAI(model="gpt-4o", api_key="offline"), [FakeStreamingChatModel()]
    with pytest.raises(ValueError, match="different forms from ChatOpenAI, Fake"):
        reliable(*models).with_structured_output(City)
    chain = reliable(*models).with_structured_output(City, method="function_calling")
    assert chain is not None


# Counting, naming, tracing


class Counts(FakeStreamingChatModel):
    def get_token_ids(self, text: str) -> list[int]:
        return [len(word) for word in text.split()]


@every
def test_tokens_are_counted_as_the_model_counts_them(wrap: Wrap):
    inner = Counts()
    model = wrap(inner)
    messages = [HumanMessage("one two three"), HumanMessage("four")]
    assert model.get_token_ids("a bc") == [1, 2]
    assert model.get_num_tokens("a bc") == 2
    count = inner.get_num_tokens_from_messages(messages)
    assert model.get_num_tokens_from_messages(messages) == count
    trimmed = trim_messages(messages, max_tokens=count - 1, token_counter=model)
    assert trimmed == messages[1:]


@every
def test_a_trace_is_told_what_the_bare_model_tells(wrap: Wrap):
    class Notes(BaseCallbackHandler):
        def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any):
            self.told = told

    def told(model: Any) -> Any:
        notes = Notes()
        with FakeServer() as server:
            model = model.model_copy(update={"openai_api_base": server.url})
        with pytest.raises((openai.APIConnectionError, ModelConnectionError)):
            model.invoke("Hi", {"callbacks": [notes]}, temperature=0.5)
        return notes.told

    bare = ChatOpenAI(model="gpt-4o", api_key="offline", max_retries=0)
    mine, theirs = told(wrap(bare)), told(bare)
    for name in ("ls_provider", "ls_model_name", "ls_model_type", "ls_temperature"):
        assert mine["metadata"][name] == theirs["metadata"][name]
    for name, value in theirs["invocation_params"].items():
        assert mine["invocation_params"][name] == value


@every
def test_what_only_the_model_knows_can_be_asked_of_the_wrapper(wrap: Wrap):
    inner = ChatOpenAI(model="gpt-4o", api_key="offline", temperature=0.5)
    model = wrap(inner)
    assert (model.model_name, model.temperature) == ("gpt-4o", 0.5)
    assert model.profile == inner.profile and model.metadata["lc_versions"]
    with pytest.raises(AttributeError):
        _ = model.no_such_thing


@every
def test_langchains_own_cache_tells_models_apart_by_the_model_inside(wrap: Wrap):
    one, other = (
        wrap(ChatOpenAI(model="m", api_key="offline", base_url=f"http://{host}/v1"))
        for host in ("a", "b")
    )
    assert one._get_llm_string() != other._get_llm_string()
    assert one._get_llm_string(stop=["."]) != one._get_llm_string()


# Copied, changed, kept


@every
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_answers(wrap: Wrap, copied: Wrap):
    model = copied(wrap(FakeStreamingChatModel(replies=["One.", "Two."])))
    assert model.invoke("Hi").text == "One."
    assert "".join(one.text for one in model.stream("Hi again")) == "Two."


def test_the_plain_fake_can_be_copied_and_goes_on_where_it_stood():
    fake = FakeStreamingChatModel(replies=["One.", "Two."])
    fake.invoke("Hi")
    for one in (copy.deepcopy(fake), pickle.loads(pickle.dumps(fake))):
        assert one.invoke("Hi").text == "Two."
        assert len(one.log) == 2
    assert len(fake.log) == 1


def test_a_copy_with_another_store_uses_it():
    store = InMemoryCache()
    model = cached(FakeStreamingChatModel(replies=["One.", "Two."]))
    other = model.model_copy(update={"store": store})
    assert model.invoke("Hi").text == "One."
    assert other.invoke("Hi").text == "Two."
    assert len(store._cache) == 1


@every
def test_a_copy_changes_the_inner_models_fields_and_nothing_else(wrap: Wrap):
    inner = ChatOpenAI(model="gpt-4o", api_key="offline")
    model = wrap(inner)
    other = model.model_copy(update={"temperature": 0.5, "model": "gpt-5"})
    assert (other.temperature, other.model_name) == (0.5, "gpt-5")
    assert (model.temperature, inner.model_name) == (None, "gpt-4o")
    assert type(other) is type(model)


def test_a_copy_keeps_how_it_is_reliable():
    model = reliable(FakeStreamingChatModel(), attempts=7, total_timeout=9.0)
    other = model.model_copy(update={"inner": FakeStreamingChatModel(replies=["New."])})
    assert (other.policy.attempts, other.deadlines.total_timeout) == (7, 9.0)
    assert other.invoke("Hi").text == "New."


@every
def test_fields_of_the_model_inside_are_configurable(wrap: Wrap):
    with FakeServer() as server:
        field = ConfigurableField(id="which")
        model = wrap(chat(server)).configurable_fields(model_name=field)
        model.invoke("Hi")
        model.with_config(configurable={"which": "one"}).invoke("Hi there")
        model.with_config(configurable={"which": "two"}).bind(stop=["x"]).invoke("Ho")
        asked = [entry.request.model for entry in server.log]
    assert asked == ["fake", "one", "two"]
    assert [spec.id for spec in model.config_specs] == ["which"]
    with pytest.raises(ValueError, match="no_such"):
        wrap(FakeStreamingChatModel()).configurable_fields(no_such=field)


@every
def test_what_a_full_response_tells_of_the_call_is_told(wrap: Wrap):
    told = []
    with FakeServer("One two.") as server:
        for model in (chat(server), wrap(chat(server))):
            output = model.generate([[HumanMessage("Hi")]]).llm_output
            told.append((output["token_usage"]["total_tokens"], output["model_name"]))
    assert told[0] == told[1]


@every
def test_a_full_response_is_one_though_its_model_would_stream(wrap: Wrap):
    with FakeServer("One two.") as server:
        model = wrap(chat(server, streaming=True))
        assert model.invoke("Hi", stream=False).text == "One two."
        assert asyncio.run(model.ainvoke("Hi", stream=False)).text == "One two."


@every
def test_with_retry_asks_again(wrap: Wrap):
    model = wrap(FakeStreamingChatModel(replies=[Reply(status=401), "Well."]))
    assert model.with_retry(wait_exponential_jitter=False).invoke("Hi").text == "Well."


# Streams


@every
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
def test_an_agents_chunks_end_with_one_that_says_so(wrap: Wrap, responses: bool):
    def sums(model: Any) -> list[str]:
        total: Any = None
        done = []
        agent = create_agent(model, [])
        asked = {"messages": [("user", "Hi")]}
        for one, _ in agent.stream(asked, stream_mode="messages"):
            total = one if total is None else total + one
            if one.chunk_position == "last":
                done.append(total.text)
                total = None
        return done

    with FakeServer(["Nice to meet you."]) as server:
        model = chat(server, use_responses_api=responses)
        assert sums(wrap(model)) == sums(model) == ["Nice to meet you."]


@every
@pytest.mark.filterwarnings("ignore")
def test_protocol_events_tell_the_same_message(wrap: Wrap):
    with FakeServer(["Nice to meet you."]) as server:
        model = wrap(chat(server))
        run = model.stream_events("Hi", version="v3")
        assert "".join(run.text) == "Nice to meet you."
        assert run.output.response_metadata["finish_reason"] == "stop"
        again = model.stream_events("Hi", version="v3")
        assert again.output.text == "Nice to meet you."


@every
@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
@pytest.mark.parametrize("version", [None, "v1"])
def test_a_handler_hears_what_it_hears_of_the_bare_model(
    wrap: Wrap, responses: bool, version: Any
):
    class Ears(BaseCallbackHandler):
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def on_llm_new_token(self, token: Any, **told: Any) -> None:
            self.heard.append((token, told["chunk"].message.chunk_position))

    def heard(model: Any) -> str:
        ears = Ears()
        list(model.stream("Hi", {"callbacks": [ears]}))
        return without_ids(ears.heard)

    with FakeServer(["Nice to meet you."]) as server:
        model = chat(server, use_responses_api=responses, output_version=version)
        assert heard(wrap(model)) == heard(model)


@every
def test_a_model_that_does_not_stream_is_no_other_with_ours_around_it(wrap: Wrap):
    inner = FakeStreamingChatModel(replies=["One two."], disable_streaming=True)
    (message,) = wrap(inner).stream("Hi")
    assert message.text == "One two." and type(message) is not AIMessageChunk


RESTARTED = [
    [chunk("Half of"), ConnectionError("reset")],
    [chunk("All of it.", "stop")],
]


def restarting(around: Wrap) -> Any:
    model = Played(plays=RESTARTED)
    clock = VirtualClock()
    return around(reliable(model, after_first_token="restart", clock=clock))


AROUND: dict[str, Wrap] = {
    "reliable": lambda model: model,
    "cached": cached,
    "plain": lambda model: Plain(inner=model),
}
around = pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)


@around
def test_text_that_was_taken_back_is_in_no_state_and_no_trace(around: Wrap):
    class Ears(BaseCallbackHandler):
        def on_llm_end(self, response: Any, **told: Any) -> None:
            self.text = response.generations[0][0].text

    ears = Ears()
    asked = {"messages": [("user", "Hi")]}
    agent = create_agent(restarting(around), [])
    modes: Any = ["messages", "values"]
    states = [
        item
        for mode, item in agent.stream(asked, {"callbacks": [ears]}, stream_mode=modes)
        if mode == "values"
    ]
    assert states[-1]["messages"][-1].text == "All of it."
    assert ears.text == "All of it."


@around
@pytest.mark.filterwarnings("ignore")
def test_protocol_events_never_join_what_was_taken_back(around: Wrap):
    run = restarting(around).stream_events("Hi", version="v3")
    with pytest.raises(Exception, match=r"began anew|reset"):
        _ = run.output


def test_a_model_that_is_not_in_its_own_chain_is_refused():
    class Odd(FakeStreamingChatModel):
        def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
            return RunnableLambda(lambda _: None)

    with pytest.raises(NotImplementedError, match="RunnableLambda"):
        reliable(Odd()).with_structured_output(City)
