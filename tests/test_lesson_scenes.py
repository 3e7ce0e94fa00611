"""The scenes that exercises are checked with are true to the wire, and fair."""

import time
from itertools import pairwise

import pytest
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionChunk

from course_utils import FakeServer
from course_utils.exercise import NotYet
from course_utils.lessons import _events, _scenes, _scripted

PIECES = ["Hi", " you"]


def shape(chunk):
    """What a chunk says, without ids and hours."""
    told = {k: v for k, v in chunk.response_metadata.items() if k in KNOWN}
    content = chunk.content
    if isinstance(content, list):
        content = [(block["type"], block["text"]) for block in content]
    return content, told, bool(chunk.usage_metadata)


KNOWN = ("finish_reason", "status", "model_name", "model_provider")


@pytest.mark.parametrize(
    ("responses", "made"),
    [(False, _scripted.from_chat_completions), (True, _scripted.from_responses)],
)
def test_the_scenes_chunks_are_those_of_chatopenai(responses, made):
    with FakeServer("Hi you") as server:
        model = ChatOpenAI(
            model="fake",
            base_url=server.url,
            api_key="offline",
            stream_usage=True,
            use_responses_api=responses,
        )
        real = [shape(chunk) for chunk in model.stream("Hi")]
    empty = ("", {}, False)  # the one that LangChain adds at the end
    ours = [shape(chunk) for chunk in made(PIECES)]
    assert ours == [one for one in real if one != empty]


def test_the_scenes_lines_are_those_of_a_server():
    """Every line is a chunk to the SDK's own type, with every field that it knows."""
    lines = [line for _, lines, _ in _events.EVENTS for line in lines]
    chunks = [line[5:] for line in lines if line.startswith("data:") and "{" in line]
    for chunk in chunks:
        made = ChatCompletionChunk.model_validate_json(chunk)
        assert all(choice.logprobs is None for choice in made.choices)


def sleeper():
    time.sleep(0)


def test_a_sleep_is_found_and_nothing_else_is_held_for_one():
    with _scenes.nobody_sleeps("answer"):
        sum(range(10))
    with pytest.raises(NotYet, match=r"time\.sleep"), _scenes.nobody_sleeps("answer"):
        sleeper()


def test_the_odd_text_has_what_spoils_text():
    text = _scenes.NASTY
    assert "" in _scenes.PIECES and " " in _scenes.PIECES and "\n\n" in _scenes.PIECES
    assert text != text.casefold() and text != text.strip() and not text.isascii()
    assert any(one == other for one, other in pairwise(_scenes.PIECES))
