"""Properties of every stage: sync is async, and invoke is the joined stream."""

import asyncio
from functools import reduce
from operator import add
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk

from course_utils.buffering import SentenceBuffer, SizeBuffer, buffered
from course_utils.cache import cached
from course_utils.clock import VirtualClock
from course_utils.reliability import reliable
from tests.support.played import Played, chunk, fragment


def steady(model: Any) -> Any:
    return reliable(model, clock=VirtualClock())


STAGES = {
    "reliable": steady,
    "cached": cached,
    "cached reliable": lambda model: cached(steady(model)),
    "reliable cached": lambda model: steady(cached(model)),
    "sentences": lambda model: model | buffered(SentenceBuffer),
    "sizes": lambda model: steady(model) | buffered(lambda: SizeBuffer(5)),
}
each_stage = pytest.mark.parametrize("stage", STAGES)

WORDS = st.sampled_from(["One. ", "two", "\n", "é🌊", "", "3."])


def block(kind: str, text: str, index: int) -> AIMessageChunk:
    return chunk([{"type": kind, kind: text, "index": index}])


def call(number: int) -> AIMessageChunk:
    part = fragment('{"n": 1}', number, name="pay", call_id=f"c{number}")
    return chunk("", tool_call_chunks=[part])


USAGE = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
in_text = st.lists(
    st.one_of(
        st.builds(chunk, WORDS),
        st.builds(call, st.just(0)),
        st.just(chunk(additional_kwargs={"seen": "x"})),
    ),
    max_size=8,
)
in_blocks = st.lists(
    st.tuples(st.sampled_from(["text", "reasoning"]), WORDS), max_size=8
).map(lambda parts: [block(*part, index) for index, part in enumerate(parts)])


def whole(parts: list[AIMessageChunk]) -> list[AIMessageChunk]:
    """An answer with its end; each call has an index of its own."""
    calls = 0
    answer = []
    for part in parts:
        if part.tool_call_chunks:
            part, calls = call(calls), calls + 1
        answer.append(part)
    like = parts[-1].content if parts else ""
    last = chunk([] if isinstance(like, list) else "", "stop", usage_metadata=USAGE)
    return [*answer, last]


answers = (in_text | in_blocks).map(whole)


def told(message: Any) -> tuple[Any, ...]:
    """What a program reads of a message."""
    content = message.content
    if isinstance(content, list):  # empty blocks and their numbers tell nothing
        content = [
            (part["type"], part[part["type"]]) for part in content if part[part["type"]]
        ]
    calls = [(one["name"], one["args"]) for one in message.tool_calls]
    return content, calls, message.usage_metadata


def streamed(model: Any) -> tuple[Any, ...]:
    return told(reduce(add, model.stream("Hi")))


def streamed_async(model: Any) -> tuple[Any, ...]:
    async def read() -> list[Any]:
        return [item async for item in model.astream("Hi")]

    return told(reduce(add, asyncio.run(read())))


@each_stage
@settings(max_examples=30)
@given(answer=answers)
def test_every_way_to_ask_a_stage_tells_the_models_own_answer(stage, answer):
    def asked() -> Any:
        return STAGES[stage](Played(plays=[answer]))

    right = told(reduce(add, Played(plays=[answer]).stream("Hi")))
    assert streamed(asked()) == right
    assert streamed_async(asked()) == right
    assert told(asked().invoke("Hi")) == right
    assert told(asyncio.run(asked().ainvoke("Hi"))) == right
    assert told(asked().batch(["Hi"])[0]) == right
