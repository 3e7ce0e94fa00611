"""Every mark of a stream × every reader × sync and async × every form of the stream.

A mark is what may stand in a stream beside text. All readers tell it, agree on the
text and on the end, and none ends in a bare *done* that is not true.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from IPython.utils.capture import capture_output
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langgraph.types import Interrupt

from course_utils.live import StreamView, race, show
from course_utils.serving import read_sse, sse_response
from tests.support.shell import captured_outputs

Items = list[Any]


def chunk(
    text: Any = "", end: str = "", key: str = "finish_reason", **more: Any
) -> Any:
    metadata = {key: end} if end else {}
    given = {"id": "lc_run--1", "response_metadata": metadata} | more
    return AIMessageChunk(text, **given)


def call(args: str, name: str | None = None, **more: Any) -> Any:
    part = {"name": name, "args": args, "id": "c1" if name else None, "index": 0}
    return chunk(tool_call_chunks=[part], **more)


def thought(text: str) -> Any:
    return chunk([{"type": "reasoning", "reasoning": text, "index": 0}])


ONE_TWO = [chunk("One"), chunk(" two.")]
PAYS = [call('{"amount"', "pay"), call(": 5}")]
RESTART = chunk(response_metadata={"restart": True})
ANSWERED = ToolMessage("Paid.\nb\nc\nd\ne", tool_call_id="c1", name="pay", id="t1")
ASKED = {"__interrupt__": (Interrupt(value="Really pay?", id="i1"),)}
USAGE = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
LATER = {"id": "lc_run--2"}


@dataclass
class Mark:
    """Items of a stream, and what every reader makes of them."""

    items: Items
    text: str = "One two."
    state: str = "done"
    last: str = "done"  # the last event, and a word in it
    word: str = ""
    plain: list[str] = field(default_factory=list)  # what is to be read, beside text
    events: list[str] = field(default_factory=list)
    struck: str = ""


MARKS = {
    "whole": Mark([*ONE_TWO, chunk(end="stop")], word="stop"),
    "finish and text in one chunk": Mark([chunk("One"), chunk(" two.", "stop")]),
    "finish twice": Mark([*ONE_TWO, chunk(end="stop"), chunk(end="stop")]),
    "text after the finish": Mark(
        [chunk("One"), chunk(end="stop"), chunk(" two."), chunk(end="stop")]
    ),
    "text after the finish, cut": Mark(
        [chunk("One", "stop"), chunk(" two.")],
        state="cut: no finish reason",
        last="cut",
        word="without a finish reason",
    ),
    "cut": Mark(
        ONE_TWO,
        state="cut: no finish reason",
        last="cut",
        word="without a finish reason",
    ),
    "length": Mark(
        [*ONE_TWO, chunk(end="length")], state="cut: length", last="cut", word="length"
    ),
    "filtered, in capitals": Mark(
        [*ONE_TWO, chunk(end="SAFETY")], state="cut: SAFETY", last="cut", word="SAFETY"
    ),
    "another provider's length": Mark(
        [*ONE_TWO, chunk(end="max_tokens", key="stop_reason")],
        state="cut: max_tokens",
        last="cut",
        word="max_tokens",
    ),
    "another provider's stop": Mark([*ONE_TWO, chunk(end="stop", key="done_reason")]),
    "refusal": Mark(
        [*ONE_TWO, chunk(end="refusal", key="stop_reason")],
        state="cut: refusal",
        last="cut",
        word="refusal",
    ),
    "unknown end": Mark(
        [*ONE_TWO, chunk(end="gone_fishing")],
        state="error: gone_fishing",
        last="error",
        word="gone_fishing",
    ),
    "the server's own stop": Mark(
        [*ONE_TWO, chunk(end="insufficient_system_resource")],
        state="error: insufficient_system_resource",
        last="error",
        word="insufficient_system_resource",
    ),
    "the provider pauses": Mark(
        [*ONE_TWO, chunk(end="pause_turn", key="stop_reason")],
        state="paused: pause_turn",
        last="paused",
        word="pause_turn",
    ),
    "reasoning": Mark(
        [thought("Hm, "), thought("well."), *ONE_TWO, chunk(end="stop")],
        plain=["○ thinking: Hm, well."],
        events=["reasoning"],
    ),
    "nothing but thinking": Mark(
        [thought("Hm."), chunk(end="stop")],
        text="",
        state="done: no text",
        word="no text",
        plain=["○ thinking: Hm."],
        events=["reasoning"],
    ),
    "an empty answer": Mark(
        [chunk(end="stop")], text="", state="done: no text", word="no text"
    ),
    "restart": Mark(
        [chunk("Wrong"), RESTART, *ONE_TWO, chunk(end="stop")],
        plain=["Wrong"],
        events=["restart"],
        struck="Wrong",
    ),
    "tool call without a result": Mark(
        [*ONE_TWO, *PAYS, chunk(end="tool_calls")],
        state="done · no result of pay",
        word='"open_calls": ["pay"]',
        plain=['→ pay {"amount": 5}'],
        events=["tool_call"],
    ),
    "half a tool call": Mark(
        [*ONE_TWO, PAYS[0]],
        state="cut: no finish reason · no result of pay",
        last="cut",
        word="without a finish reason",
        plain=['→ pay {"amount"'],
        events=["tool_call"],
    ),
    "tool call and result": Mark(
        [*PAYS, chunk(end="tool_calls"), ANSWERED, chunk("One two.", "stop", **LATER)],
        plain=['→ pay {"amount": 5}', "← pay Paid.\nb\nc"],
        events=["tool_call", "tool_result"],
    ),
    "cut after a tool": Mark(
        [*PAYS, chunk(end="tool_calls"), ANSWERED, chunk("One two.", **LATER)],
        state="cut: no finish reason",
        last="cut",
        word="without a finish reason",
    ),
    "usage": Mark(
        [*ONE_TWO, chunk(end="stop"), chunk(usage_metadata=USAGE)],
        word='"total_tokens": 5',
    ),
    "a question to a person": Mark(
        [*ONE_TWO, *PAYS, chunk(end="tool_calls"), ASKED],
        state="paused",
        last="paused",
        word="Really pay?",
        plain=["? a person is asked\nReally pay?"],
        events=["tool_call", "interrupt"],
    ),
    "what a person said": Mark(
        [HumanMessage("secret", id="h"), *ONE_TWO, chunk(end="stop")]
    ),
}

WHERE = {"langgraph_node": "model", "thread_id": "secret"}
FORMS: dict[str, Callable[[str, Any], Any]] = {
    "messages v1": lambda mode, data: (data, WHERE),
    "messages v2": lambda mode, data: {"type": mode, "ns": (), "data": (data, WHERE)},
    "lists": lambda mode, data: (mode, (data, WHERE)),
    "lists and subgraphs": lambda mode, data: ((), mode, (data, WHERE)),
}


def in_form(items: Items, form: str) -> Items:
    """The items as a model gives them, or a graph in one of its forms."""
    if form == "model":
        return items
    return [_wrapped(item, FORMS[form]) for item in items]


def _wrapped(item: Any, wrap: Callable[[str, Any], Any]) -> Any:
    if not isinstance(item, dict):
        return wrap("messages", item)
    shape = wrap("updates", item)
    if isinstance(shape, dict):
        return shape | {"data": item}
    return (*shape[:-1], item) if len(shape) > 2 or shape[0] == "updates" else item


async def later(items: Items) -> AsyncIterator[Any]:
    for item in items:
        yield item
        await asyncio.sleep(0)


each_mark = pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
each_form = pytest.mark.parametrize("form", ["model", *FORMS])
each_way = pytest.mark.parametrize("way", ["sync", "async"])


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """What a notebook keeps: the last bundle displayed."""
    monkeypatch.setenv("COURSE_LIVE", "static")
    with captured_outputs() as captured:
        yield lambda: captured.outputs[-1].data


def read(reader: Callable[..., Any], items: Items, way: str, **options: Any) -> Any:
    """What a reader returns for these items, sync or async."""
    if way == "sync":
        return reader(iter(items), **options)

    async def wait() -> Any:
        return await reader(later(items), **options)

    return asyncio.run(wait())


@each_mark
@each_form
@each_way
def test_show_tells_it_on_the_saved_page(mark, form, way, saved):
    shown = read(show, in_form(mark.items, form), way)
    plain, html = saved()["text/plain"], saved()["text/html"]
    assert shown == mark.text
    assert plain.split("\n")[0] == mark.state
    assert f"<small>{mark.state}</small>" in html
    for words in [mark.text, *mark.plain]:
        assert words in plain
    assert "secret" not in plain + html
    assert ("<del>" in html) is bool(mark.struck) is ("replaced:" in plain)


@each_mark
@each_way
def test_a_terminal_tells_it(mark, way, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_LIVE", "text")
    assert read(show, mark.items, way) == mark.text
    told = capsys.readouterr().out
    assert told.endswith(f"\n[{mark.state}]\n")
    assert mark.text in told
    assert ("[replaced]" in told) is bool(mark.struck)
    for words in mark.plain:
        if "thinking" not in words:  # folded here: only that it thinks
            assert words in told


@each_mark
@each_way
def test_a_race_tells_it_in_each_lane(mark, way, saved):
    def both(stream: Any) -> Any:
        return race(one=stream, two=iter(mark.items))

    raced = read(both, mark.items, way)
    assert raced == {"one": mark.text, "two": mark.text}
    plain = saved()["text/plain"]
    assert f"one · {mark.state}\n" in plain and f"two · {mark.state}\n" in plain
    complete = "Complete: together" if mark.state.startswith("done") else "one never"
    assert complete in plain or mark.state.startswith("done")


@each_mark
@each_form
def test_a_view_tells_it(mark, form, saved):
    with StreamView("answer") as view:
        for item in in_form(mark.items, form):
            view.write(item)
    assert view.text == mark.text
    assert saved()["text/plain"].split("\n")[0] == f"answer · {mark.state}"


def strictly(text: str) -> Any:
    """JSON as a browser parses it."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def served(stream: Any, **options: Any) -> list[tuple[str, Any]]:
    """The events that a browser gets."""

    async def body() -> str:
        response = sse_response(stream, **options)
        return "".join([part async for part in response.body_iterator])

    found = read_sse(asyncio.run(body()).split("\n"))
    return [(event.event, strictly(event.data)) for event in found]


def answer_of(events: list[tuple[str, Any]]) -> str:
    """The text as a page holds it, that follows each message and each restart."""
    texts: dict[str, str] = {}
    for name, told in events:
        if name == "text":
            key = told.get("message", "")
            texts[key] = texts.get(key, "") + told["text"]
        elif name == "restart":
            texts.pop(told.get("message", ""), None)
    return "\n\n".join(texts.values())


@each_mark
@each_form
@each_way
def test_a_browser_is_told(mark, form, way):
    items = in_form(mark.items, form)
    events = served(iter(items) if way == "sync" else later(items))
    *before, (last, told) = events
    assert answer_of(events) == mark.text
    assert last == mark.last and mark.word in json.dumps(told)
    names = {name for name, _ in before}
    assert names - {"text"} == set(mark.events) or not mark.events
    assert "secret" not in json.dumps(events)


# Property: the text that a reader was shown is the text of the messages.

PIECES = st.lists(st.sampled_from(["a", "Ö ", "1. ", "🌊", ""]), max_size=6)
MARK = st.sampled_from(["", "reasoning", "usage", "call", "finish", "restart"])


@given(st.lists(st.tuples(st.sampled_from("ab"), PIECES, MARK), max_size=8))
def test_any_chunks_marks_and_voices_give_the_messages_own_text(steps):
    """A message's text is what came for it since it was last taken back."""
    items, texts, spoken = [], {}, set()
    for voice, pieces, mark in steps:
        if mark == "restart" and not pieces and voice not in spoken:
            continue  # a new message's restart takes back the one before it
        if pieces or mark:
            spoken.add(voice)
        items += [chunk(piece, id=voice) for piece in pieces]
        texts[voice] = texts.get(voice, "") + "".join(pieces)
        items += marked(voice, mark)
        if mark == "restart":
            texts[voice] = ""
    wanted = "\n\n".join(text for text in texts.values() if text)
    assert sorted(answer_of(served(iter(items))).split("\n\n")) == sorted(
        wanted.split("\n\n")
    )
    with pytest.MonkeyPatch.context() as patch, capture_output():
        patch.setenv("COURSE_LIVE", "text")
        assert sorted(show(iter(items)).split("\n\n")) == sorted(wanted.split("\n\n"))


def marked(voice: str, mark: str) -> Items:
    blocks = [{"type": "reasoning", "reasoning": "Hm", "index": 0}]
    part = {"name": "pay", "args": "{}", "id": f"call-{voice}", "index": 0}
    return {
        "": [],
        "reasoning": [chunk(blocks, id=voice)],
        "usage": [chunk(usage_metadata=USAGE, id=voice)],
        "call": [chunk(tool_call_chunks=[part], id=voice)],
        "finish": [chunk(end="stop", id=voice)],
        "restart": [chunk(response_metadata={"restart": True}, id=voice)],
    }[mark]
