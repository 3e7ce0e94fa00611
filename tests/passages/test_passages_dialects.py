"""The same thought, refusal and end in the dialect of each provider."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk
from langchain_openai import ChatOpenAI

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from course_utils.passages import passages

SUMMARY = [{"type": "summary_text", "text": "Hm.", "index": 0}]
THOUGHTS = {
    "LangChain v1": {"content": [{"type": "reasoning", "reasoning": "Hm."}]},
    "Responses": {"content": [{"type": "reasoning", "summary": SUMMARY, "index": 0}]},
    "Responses, open models": {
        "content": [{"type": "reasoning", "content": [{"text": "Hm."}]}]
    },
    "Responses v0": {"additional_kwargs": {"reasoning": {"summary": SUMMARY}}},
    "Anthropic": {"content": [{"type": "thinking", "thinking": "Hm.", "index": 0}]},
    "Mistral": {
        "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]
    },
    "Bedrock": {
        "content": [{"type": "reasoning_content", "reasoning_content": {"text": "Hm."}}]
    },
    "DeepSeek, Ollama, Groq": {"additional_kwargs": {"reasoning_content": "Hm."}},
    "OpenRouter": {"additional_kwargs": {"reasoning": "Hm."}},
}


@pytest.mark.parametrize("provider", THOUGHTS)
@pytest.mark.parametrize("kind", [AIMessageChunk, AIMessage])
def test_a_thought_is_reasoning_in_every_dialect(provider, kind):
    message = kind(**{"content": "", **THOUGHTS[provider]})
    (passage,) = passages(iter([message]))
    assert (passage.kind, passage.text) == ("reasoning", "Hm.")


def test_a_thought_told_twice_is_told_once():
    blocks = [{"type": "reasoning", "reasoning": "Hm."}]
    extra = {"reasoning_content": "Hm."}
    (passage,) = passages(iter([AIMessageChunk(blocks, additional_kwargs=extra)]))
    assert passage.text == "Hm."


def test_blocks_keep_their_order():
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "thinking", "thinking": "b"},
        {"type": "text", "text": "c"},
    ]
    found = list(passages(iter([AIMessageChunk(blocks)])))
    assert [p.text for p in found] == ["a", "b", "c"]


def test_a_refusal_is_told_and_is_no_text():
    blocks = [{"type": "refusal", "refusal": "I won't."}]
    beside = AIMessage("", additional_kwargs={"refusal": "I won't."})
    for message in (AIMessageChunk(blocks), beside):
        (told,) = passages(iter([message]))
        assert (told.kind, told.name, told.text) == ("data", "refusal", "I won't.")


def test_the_end_may_stand_beside_the_message():
    end = ChatGenerationChunk(
        message=AIMessageChunk("Hi"), generation_info={"finish_reason": "stop"}
    )
    assert [p.text for p in passages(iter([end]))] == ["Hi", "stop"]
    end = GenerationChunk(text="Hi", generation_info={"done_reason": "stop"})
    assert [p.text for p in passages(iter([end]))] == ["Hi", "stop"]


def test_an_end_told_twice_is_told_once():
    end = AIMessageChunk("", id="1", response_metadata={"finish_reason": "stop"})
    assert len(list(passages(iter([end, end])))) == 1


APIS = {
    "chat completions": {},
    "Responses": {"use_responses_api": True},
    "Responses, v0": {"use_responses_api": True, "output_version": "v0"},
    "Responses, v1": {"use_responses_api": True, "output_version": "v1"},
}


@pytest.mark.parametrize("api", APIS)
async def test_a_real_client_is_told_alike_over_each_api(api):
    replies = [Reply("It is sunny.", reasoning="Let me think.")] * 2
    with FakeServer(replies=replies) as server:
        thinks = {"reasoning": {"effort": "low", "summary": "auto"}}
        model = ChatOpenAI(
            model="fake",
            base_url=server.url,
            api_key="offline",
            stream_usage=True,
            **APIS[api],
            **(thinks if APIS[api] else {}),
        )
        sync = list(passages(model.stream("Hi")))
        found = [p async for p in passages(model.astream("Hi"))]
    assert [p._replace(message="") for p in sync] == [
        p._replace(message="") for p in found
    ]
    assert "".join(p.text for p in found if p.kind == "text") == "It is sunny."
    thought = "".join(p.text for p in found if p.kind == "reasoning")
    assert thought == ("Let me think." if APIS[api] else "")
    assert len({p.message for p in found}) == 1
    assert found[-1].value["total_tokens"] if found[-1].kind == "usage" else True
