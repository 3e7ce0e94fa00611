"""The in-process model and ChatOpenAI over the wire give the same chunks."""

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.exceptions import ModelError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_openai import ChatOpenAI

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.fake.server import FakeServer
from course_utils.finish import finish_of
from tests.support.callers import chat


def paired(text: str) -> str:
    """Halves of a character that stand together are one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


# Half a character, too: JSON has a form for it, though UTF-8 has none.
texts = st.text(st.characters(), max_size=40).map(paired)
arguments = st.dictionaries(st.text("abc", min_size=1), texts | st.integers())
calls = st.lists(
    st.builds(
        lambda args, n: {"name": f"tool_{n}", "args": args}, arguments, st.just(1)
    ),
    max_size=2,
)
faults = st.sampled_from(
    ["drop_after", "cut_after", "truncate_after", "length_after", "filter_after"]
)
replies = st.builds(
    lambda text, calls, fault: Reply(text, tool_calls=calls, **fault),
    texts,
    calls,
    st.just({}) | st.dictionaries(faults, st.integers(-3, 9), min_size=1, max_size=1),
)


def facts(message: BaseMessage) -> tuple[Any, ...]:
    """What a chunk says: text, fragments of tool calls, finish reason, usage."""
    assert isinstance(message, AIMessage)
    parts = message.tool_call_chunks if isinstance(message, AIMessageChunk) else ()
    called = [(p["name"], p["args"], p["id"], p["index"]) for p in parts]
    counted = message.usage_metadata
    usage = counted and (counted["input_tokens"], counted["output_tokens"])
    ended = finish_of(message)
    return str(message.text), called, ended and ended.reason, usage


def family(error: Exception) -> str:
    """The name of LangChain's own class of this error, without the provider's."""
    kinds = (
        kind for kind in type(error).__mro__ if kind in ModelError.__subclasses__()
    )
    return next(kinds).__name__


def told(chunks: Iterable[BaseMessage]) -> list[Any]:
    """The facts of all chunks, and the error that ended them."""
    seen: list[Any] = []
    try:
        for chunk in chunks:
            seen.append(facts(chunk))
    except ModelError as error:
        seen.append(family(error))
    return seen


def whole(model: BaseChatModel) -> Any:
    """The facts of a full response, or its error."""
    try:
        message = model.invoke("Hi there")
    except ModelError as error:
        return family(error)
    invalid = [(call["name"], call["args"]) for call in message.invalid_tool_calls]
    return facts(message), message.tool_calls, invalid


class Wire:
    """One server whose next reply is set, and ChatOpenAI over both of its APIs."""

    chat: ChatOpenAI
    responses: ChatOpenAI
    reply = Reply()

    def answer(self, messages: list[BaseMessage]) -> Reply:
        return self.reply


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """Made once: loading certificates takes ChatOpenAI longer than an example."""
    wire = Wire()
    with FakeServer(wire.answer, clock=VirtualClock()) as server:
        wire.chat = chat(server, max_retries=0)
        wire.responses = chat(server, max_retries=0, use_responses_api=True)
        yield wire


def in_process(reply: Reply) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=reply, clock=VirtualClock())


@settings(max_examples=60)
@given(reply=replies)
def test_a_stream_is_the_same_in_process_and_over_the_wire(
    wire: Wire, reply: Reply
) -> None:
    wire.reply = reply
    assert told(wire.chat.stream("Hi there")) == told(
        in_process(reply).stream("Hi there")
    )


@settings(max_examples=30)
@given(reply=replies)
def test_a_full_response_is_the_same_in_process_and_over_the_wire(
    wire: Wire, reply: Reply
) -> None:
    wire.reply = reply
    assert whole(wire.chat) == whole(in_process(reply))


@settings(max_examples=30)
@given(text=texts, calls=calls)
def test_the_responses_api_adds_up_to_the_same_answer(
    wire: Wire, text: str, calls: list[dict[str, Any]]
) -> None:
    wire.reply = Reply(text, tool_calls=calls)
    total = joined(wire.responses.stream("Hi there"))
    said, _, _, usage = facts(joined(in_process(wire.reply).stream("Hi there")))
    ended = finish_of(total)
    assert (total.text, facts(total)[3]) == (said, usage)
    assert ended is not None and ended.reason == "completed"
    assert [(call["name"], call["args"]) for call in total.tool_calls] == [
        (call["name"], call["args"]) for call in calls
    ]


def joined(chunks: Iterator[AIMessageChunk]) -> AIMessageChunk:
    """All chunks as one."""
    return reduce(lambda whole, chunk: whole + chunk, chunks)
