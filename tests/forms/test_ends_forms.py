"""Every word of an end, and every end that is odd, with every judge."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from IPython.utils.capture import capture_output
from langchain.agents import create_agent
from langchain_core.exceptions import ModelError
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph

from course_utils.buffering import WordBuffer, buffered
from course_utils.cache import cached
from course_utils.callbacks import PartialRecorder
from course_utils.live import show
from course_utils.own_stream import own_stream
from course_utils.reliability import reliable
from course_utils.serving import read_sse, sse_response
from course_utils.timing import measure
from tests.support.played import Played, chunk, fragment

# What a judge says of an answer: it is whole; it ended in some other way, whose word is
# known; or nobody can say that it is whole: it was cut, broken, or ended unknown.
WHOLE, SHORT, CUT = "whole", "short", "cut"

WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "OpenAI": ({"finish_reason": "stop"}, WHOLE),
    "Anthropic": ({"stop_reason": "end_turn"}, WHOLE),
    "Ollama": ({"done_reason": "stop"}, WHOLE),
    "Bedrock": ({"stopReason": "stop_sequence"}, WHOLE),
    "Responses": ({"status": "completed"}, WHOLE),
    "Cohere": ({"finish_reason": "COMPLETE"}, WHOLE),
    "an enumeration": ({"finish_reason": "FinishReason.STOP"}, WHOLE),
    "a limit": ({"finish_reason": "MAX_TOKENS"}, SHORT),
    "a filter": ({"finish_reason": "PROHIBITED_CONTENT"}, SHORT),
    "the context": ({"stop_reason": "model_context_window_exceeded"}, SHORT),
    "a refusal": ({"stop_reason": "refusal"}, SHORT),
    "a pause": ({"stop_reason": "pause_turn"}, SHORT),
    "a server": ({"finish_reason": "insufficient_system_resource"}, CUT),
    "a call": ({"finish_reason": "MALFORMED_FUNCTION_CALL"}, CUT),
    "unloaded": ({"done_reason": "unload"}, CUT),
    "unknown": ({"finish_reason": "gone_fishing"}, CUT),
    "unknown, Bedrock": ({"stopReason": "gone_fishing"}, CUT),
    "none": ({}, CUT),
}


def call(args: str) -> Any:
    return chunk("", tool_call_chunks=[fragment(args, name="pay", call_id="c1")])


THOUGHT = [{"type": "reasoning", "reasoning": "Hm", "index": 0}]
ODD: dict[str, tuple[list[Any], str]] = {
    "text and finish in one": ([chunk("One two.", "stop")], WHOLE),
    "finish twice": ([chunk("One"), chunk("", "stop"), chunk("", "stop")], WHOLE),
    "two words": ([chunk("One"), chunk("", "stop"), chunk("", "length")], SHORT),
    "goes on and ends": ([chunk("One", "tool_calls"), chunk(" two", "stop")], WHOLE),
    "text after the finish": ([chunk("One", "stop"), chunk(" tw")], CUT),
    "blocks after the finish": (
        [chunk([{"type": "text", "text": "One"}], "stop"), chunk([" tw"])],
        CUT,
    ),
    "a whole call after it": ([chunk("One", "stop"), call('{"a": 1}')], WHOLE),
    "half a call after it": ([chunk("One", "stop"), call('{"a": 1')], CUT),
    "a thought after it": ([chunk("One", "stop"), chunk(THOUGHT)], CUT),
}


def by_reliable(model: Played) -> str:
    try:
        last = list(reliable(model, attempts=1).stream("Hi"))
    except ModelError:
        return CUT
    told = [c.response_metadata.get("incomplete") for c in last]
    incomplete = next(filter(None, told), "")
    if incomplete.startswith("unknown"):
        return CUT
    return SHORT if incomplete else WHOLE


def by_cached(model: Played) -> str:
    twice = cached(model)
    for _ in range(2):
        list(twice.stream("Hi"))
    return WHOLE if model.requests == 1 else "not whole"


def by_cached_async(model: Played) -> str:
    async def ask() -> None:
        twice = cached(model)
        for _ in range(2):
            async for _ in twice.astream("Hi"):
                pass

    asyncio.run(ask())
    return WHOLE if model.requests == 1 else "not whole"


def by_measure(stream: Any) -> str:
    timing: Any = measure(stream)
    if hasattr(timing, "__await__"):
        timing = asyncio.run(_awaited(timing))
    ending = timing.ending
    if ending.startswith("done"):
        return WHOLE
    return CUT if ending.startswith(("error", "cut: no finish")) else SHORT


async def _awaited(timing: Any) -> Any:
    return await timing


def by_recorder(model: Played) -> str:
    with PartialRecorder() as recorder:
        list(model.stream("Hi", {"callbacks": [recorder]}))
    return WHOLE if recorder.last.outcome == "finished" else "not whole"


def by_browser(stream: Any) -> str:
    async def body() -> str:
        return "".join([part async for part in sse_response(stream).body_iterator])

    *_, last = read_sse(asyncio.run(body()).split("\n"))
    if last.event == "cut":
        return CUT if json.loads(last.data)["finish_reason"] is None else SHORT
    return {"done": WHOLE, "error": CUT}.get(last.event, SHORT)


def in_chain(model: Played) -> Any:
    return model | StrOutputParser() | buffered(WordBuffer)


def another() -> Played:
    return Played(plays=[[chunk("Well."), chunk(""), chunk("", "stop")]])


def beside_another(model: Played) -> Any:
    other = another() | StrOutputParser()
    return RunnableParallel(a=model | StrOutputParser(), b=other).stream("Hi")


def before_another(model: Played) -> Any:
    """The second model is all that is read: the first only writes its question."""
    return model | StrOutputParser() | another()


def in_a_node_before_another(model: Played) -> Any:
    graph = StateGraph(MessagesState)
    told = RunnableLambda(lambda state: {"messages": []})
    unread = model.with_config(tags=["nostream"])
    graph.add_node("plan", (lambda state: state["messages"]) | unread | told)
    answer = (lambda state: state["messages"]) | another()
    graph.add_node("answer", answer | (lambda message: {"messages": [message]}))
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "answer")
    return graph.compile().stream(QUESTION, stream_mode="messages")


QUESTION: Any = {"messages": [("user", "Hi")]}


def in_agent(model: Played) -> Any:
    agent = create_agent(model, [])
    return agent.stream(QUESTION, stream_mode=["messages", "custom"], version="v2")


def by_show(stream: Any) -> str:
    with pytest.MonkeyPatch.context() as patch, capture_output() as output:
        patch.setenv("COURSE_LIVE", "text")
        shown = show(stream)
        if hasattr(shown, "__await__"):
            asyncio.run(_awaited(shown))
    state = output.stdout.rstrip().rpartition("[")[2]
    if state.startswith("done"):
        return WHOLE
    return CUT if state.startswith(("error", "cut: no finish")) else SHORT


def by_owner(stream: Any) -> str:
    with own_stream(stream) as items:
        list(items)
    return _of_ends(items.ends)


def by_owner_async(stream: Any) -> str:
    async def read() -> Any:
        async with own_stream(stream) as items:
            return [item async for item in items] and items.ends

    return _of_ends(asyncio.run(read()))


def _of_ends(ends: Any) -> str:
    if ends.whole:
        return WHOLE
    end = ends.decisive
    return CUT if ends.unended or end.meaning in ("broken", "unknown") else SHORT


JUDGES: dict[str, Callable[[Played], str]] = {
    "reliable": by_reliable,
    "cached": by_cached,
    "cached, async": by_cached_async,
    "measure": lambda model: by_measure(model.stream("Hi")),
    "measure, async": lambda model: by_measure(model.astream("Hi")),
    "recorder": by_recorder,
    "browser": lambda model: by_browser(model.stream("Hi")),
    "browser, async": lambda model: by_browser(model.astream("Hi")),
    "browser of an agent": lambda model: by_browser(in_agent(model)),
}
OF_TEXT: dict[str, Callable[[Played], str]] = {
    "browser of a chain": lambda model: by_browser(in_chain(model).stream("Hi")),
    "measure of a chain": lambda model: by_measure(in_chain(model).stream("Hi")),
    "measure of a chain, async": lambda model: by_measure(
        in_chain(model).astream("Hi")
    ),
    "measure of two": lambda model: by_measure(beside_another(model)),
    "browser of two": lambda model: by_browser(beside_another(model)),
    "owner of a chain": lambda model: by_owner(in_chain(model).stream("Hi")),
    "owner of a chain, async": lambda model: by_owner_async(
        in_chain(model).astream("Hi")
    ),
}
# Where the model speaks to another one, its reader reads that one alone.
OF_ANOTHER: dict[str, Callable[[Any], str]] = {
    "show": by_show,
    "measure": by_measure,
    "browser": by_browser,
    "owner": by_owner,
}
FEEDS: dict[str, Callable[[Played], str]] = {
    f"{name} of another": lambda model, judge=judge: judge(
        before_another(model).stream("Hi")
    )
    for name, judge in OF_ANOTHER.items()
}
FEEDS |= {
    f"{name} of another, async": lambda model, judge=judge: judge(
        before_another(model).astream("Hi")
    )
    for name, judge in {**OF_ANOTHER, "owner": by_owner_async}.items()
}
FEEDS |= {
    f"{name} of another node": lambda model, judge=judge: judge(
        in_a_node_before_another(model)
    )
    for name, judge in OF_ANOTHER.items()
}
EVERY = {**JUDGES, **OF_TEXT, **FEEDS}
every_judge = pytest.mark.parametrize("judge", EVERY)


def judged(judge: str, play: list[Any], right: str) -> None:
    said = EVERY[judge](Played(plays=[play]))
    assert said == right or (said == "not whole" and right != WHOLE)


@every_judge
@pytest.mark.parametrize("word", WORDS)
def test_every_judge_says_the_same_of_a_word(word, judge):
    metadata, right = WORDS[word]
    judged(judge, [chunk("One."), chunk("", response_metadata=metadata)], right)


@every_judge
@pytest.mark.parametrize("scene", ODD)
def test_every_judge_says_the_same_of_an_odd_end(scene, judge):
    judged(judge, *ODD[scene])


def in_a_tool(model: Played) -> Any:
    """An agent's tool asks the model: its answer is the tool's, not the reader's."""

    @tool
    def look_up() -> str:
        """Look it up."""
        return model.invoke("Hi").text

    asks = chunk("", tool_call_chunks=[fragment("{}", name="look_up", call_id="c1")])
    plays = [[asks, chunk("", "tool_calls")], [chunk("Well."), chunk("", "stop")]]
    return create_agent(Played(plays=plays), [look_up])


@pytest.mark.parametrize("mode", ["messages", "updates", "values", ["custom"]])
@pytest.mark.parametrize("judge", OF_ANOTHER)
def test_a_model_that_a_tool_asks_is_no_part_of_the_answer(judge, mode):
    cut = Played(plays=[[chunk("One"), chunk("", "length")]])
    stream = in_a_tool(cut).stream(QUESTION, stream_mode=mode)
    assert OF_ANOTHER[judge](stream) == WHOLE


def test_a_full_response_that_says_no_reason_is_whole_where_it_is_not_read():
    def asks(text: str) -> Any:
        return FakeListChatModel(responses=["One."], disable_streaming=True).invoke(
            text
        )

    stream = (RunnableLambda(asks) | StrOutputParser() | another()).stream("Hi")
    assert by_measure(stream) == WHOLE
