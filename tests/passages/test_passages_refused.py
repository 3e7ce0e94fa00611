"""What no stream of LangChain gives is refused, wherever it stands."""

from random import Random

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.prompt_values import ChatPromptValue
from langchain_core.tracers.log_stream import RunLogPatch

from course_utils.fake import FakeStreamingChatModel
from course_utils.passages import Reader, passages
from course_utils.timing import measure
from tests.forms.cases import CASES

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)


class Stranger:
    """An object of somebody else."""


STRANGE = {
    "bytes": b"data: {}",
    "a log patch": RunLogPatch({"op": "add", "path": "", "value": 1}),
    "an object": Stranger(),
    "a prompt": ChatPromptValue(messages=[]),
    "a set": {1},
}
META = {"langgraph_node": "model"}
PLACES = {
    "alone": lambda item: item,
    "in a pair of messages": lambda item: (item, META),
    "in a list of modes": lambda item: ("messages", (item, META)),
    "beside a mode": lambda item: ("updates", item),
    "below a namespace": lambda item: (("tools:1",), item),
    "in a mode below a namespace": lambda item: (("tools:1",), "updates", item),
    "as values": lambda item: ("values", item),
    "as a task": lambda item: ("tasks", item),
    "as debug": lambda item: ("debug", item),
    "as a tool": lambda item: ("tools", item),
    "in a v2 part": lambda item: {"type": "messages", "ns": (), "data": item},
    "in v2 updates": lambda item: {"type": "updates", "ns": (), "data": item},
    "in an unknown v2 mode": lambda item: {"type": "words", "ns": (), "data": item},
    "in an unknown mode": lambda item: ("words", item),
    "in a tuple of four": lambda item: ((), "messages", item, 1),
    "in an event": lambda item: {
        "event": "on_chat_model_stream",
        "run_id": "1",
        "name": "model",
        "data": {"chunk": item},
    },
    "in v3": lambda item: {
        "type": "event",
        "method": "messages",
        "params": {"namespace": [], "data": (item, META)},
    },
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("strange", STRANGE)
def test_an_unknown_item_is_refused_in_every_place(strange, place):
    with pytest.raises(TypeError) as caught:
        Reader(name="show").read(PLACES[place](STRANGE[strange]))
    said = str(caught.value)
    assert said.startswith("show() reads streams of LangChain, got one of ")
    assert ": " in said
    assert "0x" not in said, "never a repr"


def test_what_came_before_an_unknown_item_has_been_told():
    told = []
    with pytest.raises(TypeError, match="decode them first"):
        for passage in passages(iter([AIMessageChunk("Hi"), b"x"])):
            told.append(passage.text)
    assert told == ["Hi"]


PARTS = {
    "messages": lambda run: run.messages,
    "values": lambda run: run.values,
    "tool calls": lambda run: run.tool_calls,
    "interleave": lambda run: run.interleave("messages", "tool_calls"),
    "messages of interleave": lambda run: (m for _, m in run.interleave("messages")),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("reader", [passages, measure])
def test_of_a_v3_run_the_run_itself_is_read(part, reader):
    run = next(case for case in CASES if case.id == "lc-e1").run().stream()
    with pytest.raises(TypeError, match="read the run itself"):
        list(reader(PARTS[part](run)))


@pytest.mark.parametrize("wrong", [7, "Hi", None, {"a": 1}, AIMessageChunk("Hi")])
def test_what_is_no_stream_is_refused_at_the_door(wrong):
    with pytest.raises(TypeError, match=r"passages\(\) needs a stream, got"):
        passages(wrong)


async def test_a_log_is_refused_with_the_better_call():
    stream = FakeStreamingChatModel(replies="Hi").astream_log("x")
    with pytest.raises(TypeError, match="use astream instead of astream_log"):
        async for _ in passages(stream):
            pass


JUNK = (None, 1, "x", b"x", {}, [], (), Stranger(), {"a": 1}, [1], ("a",))


def spoilt(item, dice):
    """The item with one part of it, however deep, replaced or left out."""
    if type(item) is dict and item and dice.random() < 0.8:
        key = dice.choice(list(item))
        rest = {other: value for other, value in item.items() if other != key}
        return rest if dice.random() < 0.3 else {**item, key: spoilt(item[key], dice)}
    if type(item) in (tuple, list) and item and dice.random() < 0.8:
        number, parts = dice.randrange(len(item)), list(item)
        parts[number] = spoilt(parts[number], dice)
        return type(item)(parts)
    return dice.choice(JUNK)


@pytest.mark.parametrize("case", [c for c in CASES if c.both], ids=lambda c: c.id)
def test_a_spoilt_item_is_told_or_refused_with_the_next_step(case):
    dice, items = Random(case.id), list(case.run().stream())
    for _ in range(20):
        reader = Reader()
        for item in items:
            told_or_refused(reader, spoilt(item, dice) if dice.random() < 0.3 else item)


def told_or_refused(reader, item):
    try:
        reader.read(item)
    except TypeError as error:
        if not str(error).startswith("passages() reads streams of LangChain, got"):
            raise
