"""A stopped run goes on: whole histories, nothing lost, nothing said twice."""

from collections import Counter

import pytest
from langchain.agents import create_agent
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
)
from langchain_core.output_parsers import StrOutputParser
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.stream import CustomTransformer

from course_utils.fake import FakeServer, FakeStreamingChatModel, Reply, ToolCall
from course_utils.fake.history import fault_in
from course_utils.live import show
from course_utils.own_stream import Turn, close_calls, own_stream
from course_utils.own_stream.turn import STOPPED
from course_utils.passages import Reader
from tests.fake.test_history import REFUSED, TAKEN
from tests.forms.cases import unwrapped
from tests.forms.graphs import careful, chatty

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)
THREAD = {"configurable": {"thread_id": "1"}}
QUESTION = HumanMessage("Weather in Paris?", id="question")
NEXT = HumanMessage("And in Rome?", id="next")
LOOKS = "Let me look."
ANSWER = "It is sunny there."
TWO_CALLS = [ToolCall("chatty", {"city": city}) for city in ("Paris", "Rome")]
REPLIES = [Reply(LOOKS, tool_calls=TWO_CALLS), ANSWER]


def answering(replies):
    """Replies by what was asked, however often the model is asked."""

    def reply(messages):
        return replies[1] if messages[-1].type == "tool" else replies[0]

    return reply


def agent(pace: float = 0.0, **options):
    model = FakeStreamingChatModel(
        replies=answering(REPLIES), per_token=pace, strict=True
    )
    return create_agent(model, [chatty], **options)


FORMS = {
    "messages v1": {"stream_mode": ["messages", "custom"]},
    "messages v2": {"stream_mode": ["messages", "custom"], "version": "v2"},
    "updates": {"stream_mode": ["updates", "custom"]},
    "values v2": {"stream_mode": ["values", "custom"], "version": "v2"},
    "v3": {"version": "v3", "transformers": [CustomTransformer]},
}
each_form = pytest.mark.parametrize("form", FORMS)


def asked(graph, question, form, config):
    given = {"messages": question}
    if form == "v3":
        return graph.stream_events(given, config, **FORMS[form])
    return graph.stream(given, config, **FORMS[form])


async def aasked(graph, question, form, config):
    given = {"messages": question}
    if form == "v3":
        return await graph.astream_events(given, config, **FORMS[form])
    return graph.astream(given, config, **FORMS[form])


class Until:
    """Says when to stop: at the first passage of a kind, perhaps after a result."""

    def __init__(self, kind: str, answered: bool = False) -> None:
        self.kind, self.answered, self.reader = kind, answered, Reader()
        self.seen: list[str] = []

    def __call__(self, item) -> bool:
        for passage in self.reader.read(item):
            after = not self.answered or "tool_result" in self.seen
            self.seen.append(passage.kind)
            if passage.kind == self.kind and after:
                return True
        return False


STOPS = {
    "in the text": ("text",),
    "in a call's arguments": ("tool_call",),
    "at a call's end": ("finish",),
    "while a tool runs": ("progress",),
    "at a result": ("tool_result",),
    "in the text after a tool": ("text", True),
    "at the last fragment": ("finish", True),
    "never": ("nothing",),
}
each_stop = pytest.mark.parametrize("stop", STOPS)
each_pace = pytest.mark.parametrize("pace", [0.0, 0.02])


def stopped(graph, form, stop, config=None) -> Turn:
    turn, until = Turn(), Until(*STOPS[stop])
    with own_stream(asked(graph, [QUESTION], form, config)) as items:
        for item in turn.watch(items):
            if until(item):
                break
    return turn


async def astopped(graph, form, stop, config=None) -> Turn:
    turn, until = Turn(), Until(*STOPS[stop])
    stream = await aasked(graph, [QUESTION], form, config)
    async with own_stream(stream) as items:
        async for item in turn.watch(items):
            if until(item):
                break
    return turn


def assert_honest(history: list[BaseMessage], turn: Turn) -> None:
    """Every call has its result, all that was told is there, and there once."""
    assert fault_in(history) is None
    assert history[0] == QUESTION
    ids = Counter(message.id for message in history if message.id)
    assert max(ids.values()) == 1
    texts = [m.text for m in history if isinstance(m, AIMessage) and m.text]
    assert len(texts) == len(set(texts)) <= 2
    for text, whole in zip(texts, (LOOKS, ANSWER), strict=False):
        assert whole.startswith(text)
    told = [m.text for m in turn.messages if isinstance(m, AIMessage) and m.text]
    for text, kept in zip(told, texts, strict=False):
        assert kept.startswith(text)
    assert len(told) <= len(texts)


def assert_goes_on(graph, history, config=None) -> None:
    """The next request is one that OpenAI takes, and the agent answers."""
    given = [NEXT] if config else [*history, NEXT]
    answer = graph.invoke({"messages": given}, config)["messages"]
    assert fault_in(answer) is None
    assert [m.type for m in answer[: len(history)]] == [m.type for m in history]
    assert answer[len(history)] == NEXT
    assert answer[-1].text == ANSWER


@each_form
@each_stop
@each_pace
def test_a_stopped_run_goes_on_in_its_thread(form, stop, pace):
    graph = agent(pace, checkpointer=InMemorySaver())
    turn = stopped(graph, form, stop, THREAD)
    history = turn.keep(graph, THREAD)
    assert graph.get_state(THREAD).values["messages"] == history
    assert_honest(history, turn)
    assert_goes_on(graph, history, THREAD)


@each_form
@each_stop
async def test_a_stopped_async_run_goes_on_in_its_thread(form, stop):
    graph = agent(0.02, checkpointer=InMemorySaver())
    turn = await astopped(graph, form, stop, THREAD)
    history = await turn.akeep(graph, THREAD)
    assert_honest(history, turn)
    assert_goes_on(graph, history, THREAD)


@each_form
@each_stop
@each_pace
def test_a_stopped_run_goes_on_without_a_checkpointer(form, stop, pace):
    graph = agent(pace)
    turn = stopped(graph, form, stop)
    history = [QUESTION, *turn.messages]
    assert_honest(history, turn)
    assert_goes_on(graph, history)


@each_form
@each_stop
async def test_a_stopped_async_run_goes_on_without_a_checkpointer(form, stop):
    graph = agent(0.02)
    turn = await astopped(graph, form, stop)
    history = [QUESTION, *turn.messages]
    assert_honest(history, turn)
    assert_goes_on(graph, history)


@each_form
@each_stop
def test_a_stopped_run_can_go_on_without_a_new_question(form, stop):
    graph = agent(0.02, checkpointer=InMemorySaver())
    turn = stopped(graph, form, stop, THREAD)
    history = turn.keep(graph, THREAD)
    whole = history[-1].type == "ai" and history[-1].text == ANSWER
    if whole and "incomplete" not in history[-1].response_metadata:
        assert graph.get_state(THREAD).next == ()  # there is nothing to go on with
        return
    after = list(graph.stream(None, THREAD, stream_mode="values"))[-1]["messages"]
    assert fault_in(after) is None and len(after) > len(history)
    assert after[-1].text == ANSWER


def test_a_partial_answer_says_that_it_was_stopped():
    graph = agent(0.02, checkpointer=InMemorySaver())
    turn = stopped(graph, "messages v2", "in the text", THREAD)
    partial = turn.keep(graph, THREAD)[-1]
    assert partial.response_metadata == {"incomplete": "stopped"}
    assert partial.tool_calls == [] and LOOKS.startswith(partial.text) and partial.text


async def test_a_call_whose_tool_was_stopped_says_that_nobody_knows():
    graph = agent(0.02)
    turn = await astopped(graph, "messages v1", "at a call's end")
    asks, *results = turn.messages
    assert [call["args"] for call in asks.tool_calls] == [c.args for c in TWO_CALLS]
    assert [(r.text, r.status, r.name) for r in results] == [
        (STOPPED, "error", "chatty")
    ] * 2


def test_a_new_message_instead_of_an_answer_closes_the_open_question():
    graph = careful(unwrapped)
    turn = Turn()
    for _ in turn.watch(graph.stream({"messages": [QUESTION]}, THREAD)):
        pass
    history = turn.keep(graph, THREAD)
    assert [m.type for m in history] == ["human", "ai", "tool"]
    graph.update_state(THREAD, {"messages": [NEXT]})
    assert fault_in(graph.get_state(THREAD).values["messages"]) is None


def test_a_thread_that_went_on_with_an_open_call_is_mended():
    graph = agent(checkpointer=InMemorySaver())
    call = {"name": "chatty", "args": {"city": "Paris"}, "id": "a"}
    broken = [QUESTION, AIMessage("", tool_calls=[call]), HumanMessage("Hello?")]
    graph.update_state(THREAD, {"messages": broken}, as_node="__start__")
    history = Turn().keep(graph, THREAD)
    assert [m.type for m in history] == ["human", "ai", "tool", "human"]
    assert_goes_on(graph, history, THREAD)


def test_to_keep_twice_changes_nothing():
    graph = agent(0.02, checkpointer=InMemorySaver())
    turn = stopped(graph, "messages v1", "in the text after a tool", THREAD)
    once = turn.keep(graph, THREAD)
    assert turn.keep(graph, THREAD) == once


def test_a_run_that_never_began_leaves_its_thread_empty():
    graph = agent(checkpointer=InMemorySaver())
    assert Turn().keep(graph, THREAD) == []
    assert_goes_on(graph, [], THREAD)


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
@each_stop
def test_a_thread_that_is_written_late_is_kept_too(durability, stop):
    graph, turn = agent(0.02, checkpointer=InMemorySaver()), Turn()
    given, until = {"messages": [QUESTION]}, Until(*STOPS[stop])
    options = {**FORMS["messages v2"], "durability": durability}
    with own_stream(graph.stream(given, THREAD, **options)) as items:
        for item in turn.watch(items):
            if until(item):
                break
    history = turn.keep(graph, THREAD)
    assert_honest(history, turn)
    assert_goes_on(graph, history, THREAD)


def test_it_wants_a_checkpointer_to_keep_anything():
    with pytest.raises(ValueError, match=r"turn\.messages"):
        Turn().keep(agent(), THREAD)


@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
@pytest.mark.parametrize("stop", list(STOPS)[:-1])
async def test_a_server_takes_what_a_stopped_run_left(responses, stop):
    with FakeServer(answering(REPLIES), per_token=0.02) as server:
        model = ChatOpenAI(
            model="fake",
            base_url=server.url,
            api_key="offline",
            max_retries=0,
            use_responses_api=responses,
        )
        graph = create_agent(model, [chatty], checkpointer=InMemorySaver())
        turn = await astopped(graph, "messages v2", stop, THREAD)
        history = await turn.akeep(graph, THREAD)
        assert_honest(history, turn)
        answer = await graph.ainvoke({"messages": [NEXT]}, THREAD)
        assert answer["messages"][-1].text == ANSWER


@each_form
async def test_what_is_shown_can_be_watched_too(form, monkeypatch):
    monkeypatch.setenv("COURSE_LIVE", "static")
    turn, graph = Turn(), agent(checkpointer=InMemorySaver())
    shown = await show(turn.watch(await aasked(graph, [QUESTION], form, THREAD)))
    texts = [m.text for m in turn.messages if isinstance(m, AIMessage)]
    assert shown == "\n\n".join(texts) == f"{LOOKS}\n\n{ANSWER}"
    assert [m.type for m in turn.keep(graph, THREAD)] == [
        "human",
        *(m.type for m in turn.messages),
    ]


# What a turn keeps of other streams


def watched(*items, stop: int = 99) -> Turn:
    turn = Turn()
    for number, _ in enumerate(turn.watch(iter(items)), 1):
        if number == stop:
            break
    return turn


def incomplete(message: BaseMessage) -> str | None:
    return message.response_metadata.get("incomplete")


def end(word: str) -> AIMessageChunk:
    return AIMessageChunk("", id="1", response_metadata={"finish_reason": word})


def test_the_text_of_a_chain_is_whole_only_if_nobody_stopped_it():
    chain = FakeStreamingChatModel("One two three.") | StrOutputParser()
    assert incomplete(watched(*chain.stream("Hi")).messages[0]) is None
    [partial] = watched(*chain.stream("Hi"), stop=2).messages
    assert incomplete(partial) == "stopped"


def test_a_message_that_is_not_whole_says_why():
    said = AIMessageChunk("Hel", id="1")
    assert incomplete(watched(said).messages[0]) == "no finish reason"
    assert incomplete(watched(said, end("length")).messages[0]) == "length"
    assert incomplete(watched(said, end("stop")).messages[0]) is None
    assert incomplete(watched(said, end("stop"), stop=1).messages[0]) == "stopped"


def test_what_was_taken_back_is_not_kept():
    again = AIMessageChunk("", id="2", response_metadata={"restart": True})
    turn = watched(
        AIMessageChunk("Wro", id="1"), again, AIMessageChunk("Right", id="2")
    )
    assert [m.text for m in turn.messages] == ["Right"]


def test_half_a_call_is_no_call():
    part = {"name": "pay", "args": '{"amount": 100', "id": "a", "index": 0}
    half = AIMessageChunk("Paying.", id="1", tool_call_chunks=[part])
    [message] = watched(half, stop=1).messages
    assert message.text == "Paying." and not message.tool_calls


def test_a_stop_before_the_first_word_leaves_nothing():
    assert watched(AIMessageChunk("", id="1"), stop=1).messages == []


# close_calls


@pytest.mark.parametrize("name", REFUSED)
def test_a_history_that_openai_refuses_is_one_that_it_takes(name):
    before = list(REFUSED[name][0])
    after = close_calls(before)
    assert fault_in(after) is None
    assert [m for m in after if m.type != "tool"] == [
        m for m in before if m.type != "tool"
    ]
    assert close_calls(after) == after


@pytest.mark.parametrize("name", TAKEN)
def test_a_history_that_is_whole_stays_as_it_is(name):
    assert close_calls(TAKEN[name]) == TAKEN[name]


def test_a_result_known_from_elsewhere_is_used():
    call = {"name": "pay", "args": {}, "id": "a"}
    paid = ToolMessage("paid", tool_call_id="a")
    assert close_calls([AIMessage("", tool_calls=[call])], [paid])[1] is paid
