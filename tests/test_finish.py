"""`finish` knows the words in which providers say that an answer ended."""

from enum import Enum

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from course_utils.finish import (
    MEANINGS,
    Endings,
    add_word,
    finish,
    finish_in,
    finish_of,
)

WORDS = {
    "whole": [
        "stop",
        "STOP",
        "completed",
        "end_turn",
        "COMPLETE",
        "eos_token",
        "eos",
        *("FINISH", "endTurn", "FINISH_REASON_STOP", "REASON_STOP", "endoftext"),
        *("FinishReason.FINISH_REASON_STOP", "stop-sequence", " Stop\n"),
    ],
    "tool": ["tool_calls", "tool_use", "function_call", "TOOL_CALL", "tool-calls"],
    "length": [
        "length",
        "max_tokens",
        "MAX_TOKENS",
        "model_context_window_exceeded",
        *("maxTokens", "REASON_MAX_LEN", "max-tokens", "token_limit_reached"),
    ],
    "filtered": [
        "content_filter",
        "SAFETY",
        "PROHIBITED_CONTENT",
        "RECITATION",
        *("content-filter", "contentFiltered", "blacklist"),
    ],
    "refused": ["refusal"],
    "paused": ["pause_turn", "compaction"],
    "stopped": ["cancelled", "USER_CANCEL"],
    "broken": [
        *("error", "abort", "insufficient_system_resource"),
        *("MALFORMED_FUNCTION_CALL", "failed", "network_error"),
    ],
    "unknown": ["OTHER", "gone fishing", "", "stopp", "stop stop", "lengths"],
}
EACH = [(word, meaning) for meaning, words in WORDS.items() for word in words]


@pytest.mark.parametrize(("word", "meaning"), EACH)
def test_a_word_means_what_its_provider_says(word, meaning):
    assert finish(word).meaning == meaning
    assert finish(word).whole is (meaning in ("whole", "tool"))


@pytest.mark.parametrize(
    "key",
    [
        *("finish_reason", "stop_reason", "done_reason", "stopReason", "status"),
        *("finishReason", "completionReason"),
    ],
)
def test_every_provider_has_a_key_of_its_own(key):
    word = "completed" if key == "status" else "stop"
    assert finish_in({key: word}) == finish(word)
    message = AIMessageChunk(content="", response_metadata={key: word})
    assert finish_of(message) == finish(word)
    assert finish_of((message, {"langgraph_node": "model"})) == finish(word)
    told = ChatGenerationChunk(
        message=AIMessageChunk(content=""), generation_info={key: word}
    )
    assert finish_of(told) == finish(word)


@pytest.mark.parametrize(
    "word",
    ["in_progress", "queued", "null", "NOT_FINISHED", "FINISH_REASON_UNSPECIFIED"],
)
def test_an_answer_that_goes_on_has_no_end(word):
    assert finish_in({"finish_reason": word}) is None


def test_a_status_that_is_no_word_is_no_end():
    assert finish_in({"status": 200}) is None
    assert finish_in({"finish_reason": None, "status": "completed"}) == finish(
        "completed"
    )


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
def test_the_responses_api_says_beside_it_why(reason):
    told = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    assert finish_in(told) == finish(reason)
    assert finish_in({"status": "incomplete"}).meaning == "length"


def test_an_enumeration_or_an_object_says_its_word():
    reason = Enum("FinishReason", "STOP MAX_TOKENS").MAX_TOKENS
    assert finish_in({"finish_reason": reason}).meaning == "length"
    assert finish_in({"finish_reason": {"type": "abort"}}).broken
    assert finish_in({"finishReason": {"reason": "endoftext"}}).whole


@pytest.mark.parametrize("word", ["stop", "length", "SAFETY"])
def test_a_word_that_came_twice_means_the_same(word):
    first, second = (
        AIMessageChunk(content="", response_metadata={"finish_reason": word})
        for _ in range(2)
    )
    assert finish_of(first + second).meaning == finish(word).meaning


def test_an_unknown_word_is_told_as_unknown():
    assert finish("gone fishing").incomplete == "unknown: gone fishing"
    assert finish("length").incomplete == "length"
    assert finish("stop").incomplete is None


def test_a_word_of_your_own_can_be_added(monkeypatch):
    for word in ("gone_fishing", "x"):
        monkeypatch.setitem(MEANINGS, word, "unknown")  # to be taken back afterwards
    add_word("Gone_Fishing", "paused")
    assert finish("gone_fishing").meaning == "paused"
    with pytest.raises(ValueError, match="got 'fine'"):
        add_word("x", "fine")


def test_a_message_without_metadata_says_nothing():
    assert finish_of(AIMessage("Hi")) is None
    assert finish_of("Hi") is None


def test_what_follows_a_finish_reason_opens_the_question_again():
    ends = Endings()
    ends.hear("a", says=True, ended=finish("stop"))
    assert ends.whole
    ends.hear("a")  # usage, say
    assert ends.whole
    ends.hear("a", says=True)
    assert not ends.whole and ends.unended == ["a"]


def test_an_answer_is_whole_only_if_each_of_its_messages_is():
    ends = Endings()
    assert not ends and not ends.whole
    ends.hear("a", ended=finish("length"))
    ends.hear("b", ended=finish("stop"))
    assert not ends.whole and ends.decisive == finish("length")
    ends.forget("a")
    assert ends.whole and ends.decisive == finish("stop")
