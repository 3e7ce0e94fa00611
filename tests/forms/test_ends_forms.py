"""Every word of an end, and every end that is odd, with every judge."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.exceptions import ModelError
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableParallel

from course_utils.buffering import WordBuffer, buffered
from course_utils.cache import cached
from course_utils.callbacks import PartialRecorder
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
}
# Of a chain's text its judge knows the text alone, not the calls and thoughts.
NOT_IN_TEXT: dict[str, tuple[list[Any], str]] = {
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


def beside_another(model: Played) -> Any:
    other = Played(plays=[[chunk("Well."), chunk(""), chunk("", "stop")]])
    both = RunnableParallel(a=model | StrOutputParser(), b=other | StrOutputParser())
    return both.stream("Hi")


QUESTION: Any = {"messages": [("user", "Hi")]}


def in_agent(model: Played) -> Any:
    agent = create_agent(model, [])
    return agent.stream(QUESTION, stream_mode=["messages", "custom"], version="v2")


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
}
each_judge = pytest.mark.parametrize("judge", JUDGES)
every_judge = pytest.mark.parametrize("judge", {**JUDGES, **OF_TEXT})


def judged(judge: str, play: list[Any], right: str) -> None:
    said = {**JUDGES, **OF_TEXT}[judge](Played(plays=[play]))
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


@each_judge
@pytest.mark.parametrize("scene", NOT_IN_TEXT)
def test_what_is_not_text_opens_the_question_again_too(scene, judge):
    judged(judge, *NOT_IN_TEXT[scene])
