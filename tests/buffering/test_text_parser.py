"""TextParser gives what StrOutputParser gives, on every path, and uses no thread."""

import threading

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser

from course_utils.buffering import TextParser
from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall

BLOCKS = [{"type": "text", "text": "a"}, {"type": "reasoning", "reasoning": "b"}]
SAID = {
    "text": ["Hel", "", "lo"],
    "chunks": [AIMessageChunk("Hel", id="1"), AIMessageChunk("lo", id="1")],
    "blocks": [AIMessageChunk(content=BLOCKS), AIMessageChunk(content=["x"])],
    "nothing": [AIMessageChunk("")],
    "a whole message": [AIMessage("Hello")],
    "halves of a character": [AIMessageChunk("\ud83d"), AIMessageChunk("\ude00")],
}
REPLIES = ["One two.", Reply(tool_calls=[ToolCall("now", {})]), ""]
every_kind = pytest.mark.parametrize("said", SAID.values(), ids=SAID.keys())
every_reply = pytest.mark.parametrize("reply", REPLIES, ids=["text", "call", "empty"])


async def later(items):
    for item in items:
        yield item


@every_kind
async def test_what_flows_through_is_what_langchains_parser_lets_through(said):
    expected = list(StrOutputParser().transform(iter(said)))
    assert list(TextParser().transform(iter(said))) == expected
    assert [text async for text in TextParser().atransform(later(said))] == expected


@every_kind
async def test_one_item_gives_what_langchains_parser_gives(said):
    for item in said:
        expected = StrOutputParser().invoke(item)
        assert TextParser().invoke(item) == expected
        assert await TextParser().ainvoke(item) == expected
    expected = StrOutputParser().batch(said)
    assert TextParser().batch(said) == expected
    assert await TextParser().abatch(said) == expected


@every_reply
async def test_a_chain_gives_the_same_texts(reply):
    ours = FakeStreamingChatModel(replies=reply) | TextParser()
    theirs = FakeStreamingChatModel(replies=reply) | StrOutputParser()
    expected = list(theirs.stream("Hi"))
    assert list(ours.stream("Hi")) == expected
    assert [text async for text in ours.astream("Hi")] == expected
    assert ours.invoke("Hi") == theirs.invoke("Hi")
    assert await ours.ainvoke("Hi") == await theirs.ainvoke("Hi")


async def test_an_async_stream_stays_on_its_own_thread():
    seen = set()

    class Watched(TextParser):
        def parse(self, text):
            seen.add(threading.get_ident())
            return text

    chain = FakeStreamingChatModel(replies="One two three.") | Watched()
    assert [text async for text in chain.astream("Hi")]
    assert await chain.ainvoke("Hi") == "One two three."
    assert seen == {threading.get_ident()}


def test_its_schemas_are_langchains():
    assert TextParser().get_output_jsonschema()["type"] == "string"
    assert TextParser().InputType == StrOutputParser().InputType


class Runs(AsyncCallbackHandler):
    """Notes the runs of chains and parsers that it hears of."""

    def __init__(self):
        self.heard = []

    async def on_chain_start(self, serialized, inputs, **kwargs):
        self.heard.append((kwargs["run_type"], kwargs.get("name")))

    async def on_chain_end(self, outputs, **kwargs):
        self.heard.append(outputs)


async def test_who_listens_to_runs_hears_of_the_same_ones():
    ours, theirs = Runs(), Runs()
    for parser, runs in ((TextParser(), ours), (StrOutputParser(), theirs)):
        chain = FakeStreamingChatModel(replies="One two.") | parser
        config = {"callbacks": [runs]}
        assert "".join([t async for t in chain.astream("Hi", config)]) == "One two."
    names = [str(one).replace("TextParser", "StrOutputParser") for one in ours.heard]
    assert names == [str(one) for one in theirs.heard]
    assert len(names) == 4


async def test_the_events_of_a_chain_are_langchains():
    kinds = []
    for parser in (TextParser(), StrOutputParser()):
        chain = FakeStreamingChatModel(replies="One two.") | parser
        events = chain.astream_events("Hi", version="v2")
        kinds.append([event["event"] async for event in events])
    assert kinds[0] == kinds[1]
    assert "on_parser_stream" in kinds[0]


async def test_leaving_its_stream_closes_what_it_reads():
    closed = []

    async def said():
        try:
            while True:
                yield "x"
        finally:
            closed.append(True)

    texts = TextParser().atransform(said())
    await anext(texts)
    await texts.aclose()
    assert closed == [True]
