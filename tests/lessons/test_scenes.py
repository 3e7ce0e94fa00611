"""The scenes that exercises are checked with are true to the wire, and fair."""

import time
import tracemalloc
from itertools import pairwise

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionChunk

from course_utils import FakeServer
from course_utils.lessons import (
    full_responses,
    inside_the_architecture,
    interruptions_and_errors,
    production_scale,
    what_is_streaming,
)
from course_utils.lessons import (
    scenes as _scenes,
)
from course_utils.lessons import (
    scripted as _scripted,
)
from course_utils.lessons.what_is_streaming import events as _events
from course_utils.teaching import NotYet

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


def endless(*given):
    while True:
        yield "x" * 1000


async def endless_pairs(*given):
    while True:
        yield "text", "x" * 1000


class EndlessEcho(BaseChatModel):
    model: str = "echo"

    @property
    def _llm_type(self):
        return "endless"

    def _stream(self, *args, **kwargs):
        while True:
            yield ChatGenerationChunk(message=AIMessageChunk(content="x "))

    def _generate(self, *args, **kwargs):
        raise AssertionError("nobody comes so far")


ENDLESS = [
    (full_responses.ask_all, endless),
    (what_is_streaming.plain, endless),
    (what_is_streaming.sse_text, endless),
    (interruptions_and_errors.stream_with_retry, endless),
    (interruptions_and_errors.with_full_response, endless),
    (production_scale.stream_cached, endless),
    (production_scale.hand_over, endless_pairs),
    (production_scale.honest_events, endless_pairs),
    (inside_the_architecture.echo, EndlessEcho),
    (inside_the_architecture.hide_numbers, endless),
]


@pytest.mark.parametrize(
    ("exercise", "answer"), ENDLESS, ids=[one.name for one, _ in ENDLESS]
)
def test_an_answer_that_does_not_end_is_told_so_and_fills_no_memory(exercise, answer):
    tracemalloc.start()
    outcome = exercise.check(answer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcome.outcome == "not yet"
    assert "running after" not in repr(outcome)
    assert peak < 100e6


async def gives_a_list(stream, maxsize=1):
    return [item async for item in stream]


@pytest.mark.parametrize(
    "exercise", [production_scale.hand_over, production_scale.honest_events]
)
def test_what_a_check_says_is_never_taken_for_the_answers_own_error(exercise):
    said = repr(exercise.check(gives_a_list))
    assert "NotYet" not in said
    assert "write `async def`, and `yield` each" in said
