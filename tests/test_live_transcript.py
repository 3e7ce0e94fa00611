"""What a stream said, as passages: any item, any chunking, any unicode."""

from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import given
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    ToolMessage,
)

from course_utils.live_transcript import Transcript, messages_in

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(ends)]


def replay(changes: list) -> list[str]:
    """The texts that a page builds from the changes alone."""
    texts: list[str] = []
    for what, where, text in changes:
        if what == "open":
            texts.append("")
        elif what == "add":
            texts[where] += text
    return texts


@given(ANY_TEXT, st.lists(st.integers(0, 60)))
def test_any_chunking_of_any_text_gives_the_same_text(text: str, places: list[int]):
    whole, parts = Transcript(), Transcript()
    whole.add(text), whole.finish()
    changes = [change for piece in cut(text, places) for change in parts.add(piece)]
    changes += parts.finish()
    assert parts.text == whole.text
    assert replay(changes) in ([parts.text], [])
    assert parts.text.encode() is not None  # it can be sent and saved


def test_a_character_split_into_two_halves_arrives_whole():
    transcript = Transcript()
    first, second = "😀".encode("utf-16-be")[:2], "😀".encode("utf-16-be")[2:]
    high, low = (half.decode("utf-16-be", "surrogatepass") for half in (first, second))
    assert transcript.add("a" + high) == [("open", "text", ""), ("add", 0, "a")]
    assert transcript.add(low) == [("add", 0, "😀")]


def test_tool_calls_and_results_stand_between_the_texts():
    transcript = Transcript()
    call = {"name": "weather", "args": '{"ci', "id": "1", "index": 0}
    rest = {"name": None, "args": 'ty": 1}', "id": None, "index": 0}
    transcript.add(AIMessageChunk("Let me look.", tool_call_chunks=[call], id="a"))
    transcript.add(AIMessageChunk("", tool_call_chunks=[rest], id="a"))
    transcript.add(ToolMessage("14 degrees", tool_call_id="1", name="weather"))
    transcript.add(AIMessageChunk("Mild.", id="b"))
    said = [(p.kind, p.label, p.text) for p in transcript.passages]
    assert said == [
        ("text", "", "Let me look."),
        ("tool_call", "weather", '{"city": 1}'),
        ("tool_result", "weather", "14 degrees"),
        ("text", "", "Mild."),
    ]
    assert transcript.text == "Let me look.\n\nMild."


def test_two_tool_calls_at_once_keep_their_arguments_apart():
    transcript = Transcript()
    for index, name, args in [(0, "a", "1"), (1, "b", "2"), (0, None, "1")]:
        part = {"name": name, "args": args, "id": None, "index": index}
        transcript.add(AIMessageChunk("", tool_call_chunks=[part], id="x"))
    assert [p.text for p in transcript.passages] == ["11", "2"]


def test_a_restart_strikes_out_what_it_replaces():
    transcript = Transcript()
    transcript.add("A wrong start")
    transcript.add(AIMessageChunk("", response_metadata={"restart": True}))
    transcript.add("The answer.")
    assert [p.struck for p in transcript.passages] == [True, False]
    assert transcript.text == "The answer."


def test_an_agents_items_are_unwrapped_and_its_state_is_shown_once():
    question, answer = HumanMessage("Hi", id="1"), AIMessage("Hello", id="2")
    chunk = AIMessageChunk("Hel")
    assert messages_in((chunk, {"node": 1}), set()) == [(chunk, {"node": 1})]
    assert messages_in(("messages", (chunk, {})), set()) == [(chunk, {})]
    seen: set = set()
    assert messages_in({"model": {"messages": [answer]}}, seen) == [answer]
    assert messages_in({"messages": [question, answer]}, seen) == [question]
    assert Transcript().add(question) == []
