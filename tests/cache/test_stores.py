"""The stores of cached(): stuck, full, old, poisoned, and told apart by their keys."""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from course_utils.cache import RedisStreamCache, SQLiteStreamCache, cached
from course_utils.cache.kept import Kept, pack
from course_utils.cache.key import Question, Unkeyable, by_value
from course_utils.cache.record import Recorder, Run, runs_of
from course_utils.cache.seal import Seal
from course_utils.cache.serialization import from_text, name_of, to_text
from course_utils.cache.store import REST, Store
from course_utils.fake import Reply, ToolCall
from course_utils.reliability import reliable
from tests.support.asking import fake, texts
from tests.support.played import Played, chunk

KEY = ("prompt", "model")


def key(model, *messages, stop=None, **options):
    return Question(list(messages), stop, options).key(model)


def openai(**options):
    return ChatOpenAI(**{"model": "fake", "api_key": "offline", **options})


# Keys

ANSWERING = [
    {"base_url": "http://y/v1"},
    {"default_headers": {"X-Tenant": "b"}},
    {"organization": "b"},
    {"use_responses_api": True},
    {"output_version": "v1"},
    {"temperature": 0.5},
    {"model_kwargs": {"other": {"1": 2}}},
    {"extra_body": {"a": 1}},
]
AROUND = {
    "bare": lambda model: model,
    "reliable": reliable,
    "as a fallback": lambda model: reliable(openai(model="first"), fallbacks=[model]),
    "reliable, cached": lambda model: reliable(cached(model)),
    "cached, reliable": lambda model: cached(reliable(model)),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("options", ANSWERING, ids=str)
def test_what_changes_the_answer_is_seen_through_every_wrapper(around, options):
    wrap = AROUND[around]
    assert key(wrap(openai(**options))) != key(wrap(openai()))
    assert key(wrap(openai(**options))) == key(wrap(openai(**options)))


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "options", [{"temperature": 1.0}, {"max_tokens": 3}, {"stop": ["x"]}, {"seed": "x"}]
)
def test_the_fakes_own_options_are_part_of_the_question(around, options):
    wrap = AROUND[around]
    assert key(wrap(fake(**options))) != key(wrap(fake()))


def test_an_address_in_the_environment_is_part_of_the_question(monkeypatch):
    before = key(openai())
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    assert key(openai()) != before


def test_what_a_tool_gave_the_program_only_is_not_part_of_the_question():
    said = [ToolMessage("4", tool_call_id="1", artifact=art) for art in (object(), 1)]
    assert key(fake(), said[0]) == key(fake(), said[1])


class Joke(BaseModel):
    text: str


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({1, 2}, {2, 3}),
        (SecretStr("a"), SecretStr("b")),
        (b"a", b"b"),
        (Joke(text="a"), Joke(text="b")),
        ({1: "a"}, {2: "a"}),
        ([{"a": (1, 2)}], [{"a": (1, 3)}]),
    ],
)
def test_options_are_told_apart_by_their_value(one, other):
    assert by_value("x", one) != by_value("x", other)
    assert by_value("x", one) == by_value("x", type(one)(one) if one == {1, 2} else one)


class Strange(BaseModel):
    rule: Callable[[int], int] = abs


@tool
def weather(city: str) -> str:
    """The weather."""
    return city


@pytest.mark.parametrize(
    "value",
    [
        *(object(), print, lambda: 1, threading.Lock(), fake, int, iter([1])),
        *(Strange, Strange(), weather, [Strange], {"rule": Strange}, {object()}),
    ],
)
async def test_what_has_no_value_is_not_kept_and_that_is_said_once(value, caplog):
    why = r"got .*: it is not told apart by its value"
    with pytest.raises(Unkeyable, match=why) as told:
        key(fake(), option=value)
    inner = fake("One.", "Two.", "Three.")
    model = cached(inner).bind(option=value)
    with caplog.at_level(logging.WARNING, logger="course_utils.cache"):
        assert "".join(texts(model.stream("Hi"))) == "One."
        assert (await model.ainvoke("Hi")).text == "Two."
        assert model.invoke("Hi").text == "Three."
    assert [record.getMessage() for record in caplog.records] == [told.value.args[0]]
    assert len(inner.log) == 3


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("kind", ["a list in itself", "nested deep", "in a message"])
async def test_what_cannot_be_written_down_at_all_is_no_error(kind, way, caplog):
    endless: list[Any] = []
    endless.append(endless)
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"deeper": deep}
    options = {"a list in itself": endless, "nested deep": deep}
    asked = [HumanMessage("Hi")]
    if kind == "in a message":
        asked = [HumanMessage("Hi", additional_kwargs={"more": endless})]
    inner = Played(plays=[[chunk("One.", "stop")]])
    model = cached(inner).bind(option=options.get(kind))
    for _ in range(2):
        answer = model.invoke(asked) if way == "sync" else await model.ainvoke(asked)
        assert answer.text == "One."
    assert inner.requests == 2 and len(caplog.records) == 1


def test_stop_words_in_a_set_are_told_apart_too():
    assert key(fake(), stop={"a"}) != key(fake(), stop={"b"})


# Stuck


class Stuck(BaseCache):
    """A store that answers when the test ends."""

    timeout = 0.05

    def __init__(self):
        self.asked = 0
        self.let_go = threading.Event()

    def lookup(self, prompt, llm_string):
        self.asked += 1
        self.let_go.wait(20)

    def update(self, prompt, llm_string, return_val):
        self.asked += 1
        self.let_go.wait(20)

    def clear(self, **kwargs):
        """Nothing to forget."""


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_stuck_store_costs_one_wait(way):
    store = Stuck()
    model = cached(fake("One.", "Two.", "Three."), store)
    try:
        for number, text in enumerate(["One.", "Two.", "Three."]):
            question = f"Question {number}"
            if way == "async":
                assert (await model.ainvoke(question)).text == text
            else:
                assert model.invoke(question).text == text
    finally:
        store.let_go.set()
    assert store.asked == 1


def test_a_store_that_rested_is_asked_again_by_one():
    now = [0.0]
    store = Slow(now)
    keeper = Store(lambda: store, lambda: now[0])
    assert [keeper.find(KEY) for _ in range(3)] == [None] * 3
    assert store.asked == 1
    now[0] += REST + 1
    keeper.find(KEY), keeper.find(KEY)
    assert store.asked == 2
    store.well = True
    now[0] += REST + 1
    keeper.find(KEY), keeper.find(KEY)
    assert store.asked == 4


class Slow(InMemoryCache):
    """A store that fails after a second of the test's clock, until it is well."""

    def __init__(self, now):
        super().__init__()
        self.asked, self.well, self._now = 0, False, now

    def lookup(self, prompt, llm_string):
        self.asked += 1
        if not self.well:
            self._now[0] += 1.0
            raise ConnectionError("no answer")
        return super().lookup(prompt, llm_string)


def test_a_locked_file_costs_one_wait(tmp_path):
    path = tmp_path / "answers.db"
    store = SQLiteStreamCache(path, timeout=0.2)
    model = cached(fake("One.", "Two.", "Three."), store)
    model.invoke("Hi")
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        for number in range(5):
            model.invoke(f"Question {number}")
        assert time.monotonic() - began < 1.0
        other.execute("ROLLBACK")


# Bound, age, old files


def test_a_file_keeps_no_more_than_it_should(tmp_path):
    store = SQLiteStreamCache(tmp_path / "answers.db", max_answers=3)
    for number in range(10):
        cached(fake(f"{number}"), store).invoke(f"Question {number}")
    with sqlite3.connect(store.path) as database:
        assert database.execute("SELECT count(*) FROM answers").fetchone() == (3,)
    assert cached(fake("new"), store).invoke("Question 9").text == "9"


def test_the_memory_of_a_new_cache_is_bounded():
    assert cached(fake()).store._maxsize == 1000


def test_a_file_forgets_after_a_time(tmp_path):
    path = tmp_path / "answers.db"
    cached(fake("old"), SQLiteStreamCache(path)).invoke("Hi")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE answers SET at = at - 100")
    assert cached(fake("new"), SQLiteStreamCache(path)).invoke("Hi").text == "old"
    aged = SQLiteStreamCache(path, ttl=50)
    assert cached(fake("new"), aged).invoke("Hi").text == "new"


@pytest.mark.parametrize(
    "setting", [{"timeout": 0}, {"ttl": 0}, {"ttl": -1}, {"max_answers": 0}], ids=str
)
def test_a_setting_that_means_nothing_is_refused(setting, tmp_path):
    with pytest.raises(ValueError, match=r"got .*: use "):
        SQLiteStreamCache(tmp_path / "a.db", **setting)


# As version 1.0 wrote it: one line, without sum, slots, lines or a time.
def of_1_0(info, **message):
    chunk = {"kind": "AIMessageChunk", **message}
    kept = {"course_cache": info}
    return {"kind": "ChatGenerationChunk", "info": kept, "message": chunk}


OF_1_0 = json.dumps(
    [
        of_1_0({"at": 0.0}, content=""),
        of_1_0({"pieces": [[0.0, "One"], [0.5, " two."]]}, content="One two."),
        of_1_0({"at": 1.0}, content="", response_metadata={"finish_reason": "stop"}),
    ]
)


def test_a_file_of_version_1_0_still_opens_and_answers(tmp_path):
    path = tmp_path / "answers.db"
    asked = (
        '[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages",'
        ' "HumanMessage"], "kwargs": {"content": "Hi", "type": "human"}}]',
        '[["course_utils.fake_model.FakeStreamingChatModel", {"_type":'
        ' "fake-streaming", "model": "fake", "stop": null}], {}, null]',
    )
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE answers (name TEXT PRIMARY KEY, answer TEXT)")
        row = [name_of(*asked), OF_1_0]
        database.execute("INSERT INTO answers VALUES (?, ?)", row)
    inner = fake("never")
    model = cached(inner, SQLiteStreamCache(path))
    assert texts(model.stream("Hi")) == ["One", " two."]
    assert key(inner, HumanMessage("Hi")) == asked
    model.invoke("another")
    assert model.invoke("another").text == "never"
    assert len(inner.log) == 1


# Poisoned


PAY = ToolCall("pay", {"amount": 10000})


def test_a_tool_call_that_a_stranger_kept_is_not_run(tmp_path):
    ran = []

    def pay(amount: int) -> str:
        """Pay an amount."""
        ran.append(amount)
        return "Paid."

    ask = {"messages": [("user", "Hi")]}
    stranger = SQLiteStreamCache(tmp_path / "a.db", secret="of a stranger")
    call = Reply(tool_calls=[PAY])
    create_agent(cached(fake(call, "Paid."), stranger), [pay]).invoke(ask)
    ran.clear()
    mine = SQLiteStreamCache(tmp_path / "a.db")
    inner = fake("No need.")
    answer = create_agent(cached(inner, mine), [pay]).invoke(ask)
    assert answer["messages"][-1].text == "No need."
    assert ran == []


def test_who_shares_a_secret_shares_tool_calls(tmp_path):
    for number in range(2):
        store = SQLiteStreamCache(tmp_path / "a.db", secret="ours")
        inner = fake(Reply(tool_calls=[PAY]))
        model = cached(inner, store)
        assert model.invoke("Pay").tool_calls[0]["args"] == {"amount": 10000}
        assert len(inner.log) == 1 - number


def calling():
    call = {"name": "pay", "args": "{}", "id": "1", "index": 0}
    message = AIMessageChunk(content="", tool_call_chunks=[call])
    return [ChatGenerationChunk(message=message)]


def test_a_seal_is_for_one_text_and_one_name():
    text = to_text(calling(), Seal(None, "a"))
    assert from_text(text, Seal(None, "a"))
    for other in (Seal(None, "b"), Seal("another", "a")):
        with pytest.raises(ValueError, match="its seal is wrong"):
            from_text(text, other)
    first, rest = text.split("\n", 1)
    with pytest.raises(ValueError, match="was damaged"):
        from_text(f"{first}\n{rest.replace('pay', 'buy')}", Seal(None, "a"))


def test_long_answers_survive_as_text():
    recorder = Recorder()
    chunks = [AIMessageChunk(content=f" {number}") for number in range(1000)]
    chunks.append(
        AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})
    )
    arrivals = [
        recorder.arrival(ChatGenerationChunk(message=chunk), float(number))
        for number, chunk in enumerate(chunks)
    ]
    packed = pack(runs_of(arrivals))
    again = from_text(to_text(packed))
    assert again == packed


# Redis, without a server


@pytest.mark.parametrize("name", ["Redis", "RedisCluster"])
def test_an_async_client_is_refused(name):
    import redis.asyncio

    kind = getattr(redis.asyncio, name)
    client = object.__new__(kind)
    client._closed = True  # what its finalizer looks at
    client.connection_pool = client.connection = None
    with pytest.raises(TypeError, match=r"not async, got redis\.asyncio"):
        RedisStreamCache(client)


class Async(BaseCache):
    """A store with a way of its own to be asked in an event loop."""

    def __init__(self):
        self.answers = {}

    def lookup(self, *args):
        raise AssertionError("asked on a thread")

    update = clear = lookup

    async def alookup(self, *key):
        return self.answers.get(key)

    async def aupdate(self, prompt, llm_string, return_val):
        self.answers[prompt, llm_string] = return_val


async def test_a_store_that_is_async_itself_is_asked_in_the_loop():
    inner = fake("One.", "Two.")
    model = cached(inner, Async())
    assert (await model.ainvoke("Hi")).text == (await model.ainvoke("Hi")).text
    assert len(inner.log) == 1


def test_the_first_chunk_of_a_hit_unpacks_no_more_than_itself():
    unpacked = []

    def pieces():
        for number in range(100_000):
            unpacked.append(number)
            yield 0.0, f"{number} "

    arrival = Recorder().arrival(ChatGenerationChunk(message=chunk("One")), 0.0)
    hit = Kept([Run(arrival.shape, pieces())]).delivered("chunks")
    assert next(hit)[1].text == "0 "
    assert len(unpacked) <= 2
