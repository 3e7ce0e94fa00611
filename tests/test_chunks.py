"""What a chunk says, whatever kind of chunk it is."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk

from course_utils.chunks import finish_of, text_of

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


@pytest.mark.parametrize("key", ["finish_reason", "stop_reason", "status"])
def test_the_finish_reason_is_found_under_each_of_its_names(key: str) -> None:
    chunk = AIMessageChunk(content="", response_metadata={key: "stop"})
    assert finish_of(chunk) == "stop"
    assert finish_of((chunk, {})) == "stop"


def test_a_finish_reason_in_the_generation_info_counts() -> None:
    message = AIMessageChunk(content="")
    chunk = ChatGenerationChunk(message=message, generation_info={"finish_reason": "x"})
    assert finish_of(chunk) == "x"


def test_a_chunk_that_ends_nothing_has_no_finish_reason() -> None:
    assert finish_of(AIMessageChunk(content="Hi")) is None
    assert finish_of("Hi") is None
