"""What a chunk says, whatever kind of chunk it is."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk

from course_utils.chunks import only_text, text_of

BLOCKS = [{"type": "text", "text": "Hi", "index": 0}]


@pytest.mark.parametrize(
    "item",
    [
        "Hi",
        AIMessage("Hi"),
        AIMessageChunk(content="Hi"),
        AIMessageChunk(content=BLOCKS),  # type: ignore[arg-type]  # a list of blocks
        ChatGenerationChunk(message=AIMessageChunk(content="Hi")),
        GenerationChunk(text="Hi"),
        (AIMessageChunk(content="Hi"), {"langgraph_node": "model"}),
        ("Hi", {}),
    ],
)
def test_text_is_found_in_every_kind_of_item(item: object) -> None:
    assert text_of(item) == "Hi"
    assert type(text_of(item)) is str


@pytest.mark.parametrize("item", [None, 3, {}, (), AIMessageChunk(content="")])
def test_an_item_without_text_says_nothing(item: object) -> None:
    assert text_of(item) == ""


MORE = {
    "a block": {"content": BLOCKS},
    "an end": {"response_metadata": {"finish_reason": "stop"}},
    "a restart": {"response_metadata": {"restart": True}},
    "a thought": {"additional_kwargs": {"reasoning_content": "Hm"}},
    "a call": {"tool_call_chunks": [tool_call_chunk(name="pay", args="{", index=0)]},
    "usage": {
        "usage_metadata": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    },
}


def wrapped(message: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=message)


@pytest.mark.parametrize("around", [lambda message: message, wrapped])
@pytest.mark.parametrize("more", MORE)
def test_a_chunk_that_brings_more_is_not_only_text(more: str, around: Any) -> None:
    assert only_text(around(AIMessageChunk("Hi")))
    assert not only_text(around(AIMessageChunk(**{"content": "Hi", **MORE[more]})))


def test_what_stands_beside_the_message_is_more_than_text() -> None:
    info = {"finish_reason": "stop"}
    assert not only_text(
        ChatGenerationChunk(message=AIMessageChunk("Hi"), generation_info=info)
    )


@pytest.mark.parametrize("item", [None, "Hi", 3, {}, (AIMessageChunk("Hi"), {})])
def test_what_is_no_chunk_is_not_taken_for_one(item: object) -> None:
    assert not only_text(item)
