"""What a stream said, as entries: any passages, any chunking, any unicode."""

import json
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from langchain_core.messages import AIMessageChunk, ToolMessage
from langchain_core.runnables.utils import AddableDict

from course_utils.live.transcript import Transcript
from course_utils.passages import Passage, Reader

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(ends)]


def told(*passages: Passage) -> Transcript:
    """A transcript of these, whose changes build the same entries on a page."""
    transcript, changes = Transcript(), []
    for passage in passages:
        changes += transcript.add(passage)
    changes += transcript.finish()
    entries = [[e.kind, e.timed_label, e.text, e.struck] for e in transcript.entries]
    assert replay(changes) == entries
    return transcript


def replay(changes: list[Any]) -> list[list[Any]]:
    """What a page builds from the changes alone."""
    entries: list[list[Any]] = []
    for what, where, text in changes:
        if what == "open":
            entries.append([where, text, "", False])
        elif what == "add":
            entries[where][2] += text
        elif what == "set":
            entries[where][2] = text
        elif what == "label":
            entries[where][1] = text
        else:
            entries[where][3] = True
    return entries


def said(transcript: Transcript) -> list[tuple[str, str, str]]:
    return [(e.kind, e.label, e.text) for e in transcript.entries]


def text(words: str, message: str = "m", source: str = "", **more: Any) -> Passage:
    return Passage("text", words, message, source, **more)


@given(ANY_TEXT, st.lists(st.integers(0, 60)), st.sampled_from(["", "m"]))
def test_any_chunking_of_any_text_gives_the_same_text(words, places, message):
    whole = told(text(words, message))
    parts = told(*(text(piece, message) for piece in cut(words, places)))
    assert parts.text == whole.text
    assert parts.text.encode() is not None  # it can be sent and saved


def test_a_character_split_into_two_halves_arrives_whole():
    transcript = Transcript()
    first, second = "😀".encode("utf-16-be")[:2], "😀".encode("utf-16-be")[2:]
    high, low = (half.decode("utf-16-be", "surrogatepass") for half in (first, second))
    opened = [("open", "text", ""), ("add", 0, "a")]
    assert transcript.add(text("a" + high)) == opened
    assert transcript.add(text(low)) == [("add", 0, "😀")]


def test_tool_calls_and_results_stand_between_the_texts():
    reader = Reader()
    call = {"name": "weather", "args": '{"ci', "id": "1", "index": 0}
    rest = {"name": None, "args": 'ty": 1}', "id": None, "index": 0}
    items = [
        AIMessageChunk("Let me look.", tool_call_chunks=[call], id="a"),
        AIMessageChunk("", tool_call_chunks=[rest], id="a"),
        ToolMessage("14 degrees", tool_call_id="1", name="weather"),
        AIMessageChunk("Mild.", id="b"),
    ]
    transcript = told(*(passage for item in items for passage in reader.read(item)))
    assert said(transcript) == [
        ("text", "", "Let me look."),
        ("tool_call", "weather", '{"city": 1}'),
        ("tool_result", "weather", "14 degrees"),
        ("text", "", "Mild."),
    ]
    assert transcript.text == "Let me look.\n\nMild."


def test_text_around_a_tool_call_is_one_message_all_the_same():
    call = Passage("tool_call", "{}", "m", name="now", call="1")
    transcript = told(text("One "), call, text("two."))
    assert [e.kind for e in transcript.entries] == ["text", "tool_call", "text"]
    assert transcript.text == "One two."


def test_two_tool_calls_at_once_keep_their_arguments_apart():
    parts = [("1", "a", "1"), ("2", "b", "2"), ("1", "", "1"), ("2", "", "2")]
    calls = [Passage("tool_call", args, "m", "", n, key) for key, n, args in parts]
    assert said(told(*calls)) == [("tool_call", "a", "11"), ("tool_call", "b", "22")]


def test_two_voices_at_once_are_two_named_entries():
    pairs = [("al", "a"), ("one", "b"), ("pha", "a"), (" two", "b")]
    transcript = told(*(text(words, who, who) for words, who in pairs))
    assert said(transcript) == [("text", "a", "alpha"), ("text", "b", "one two")]
    assert transcript.text == "alpha\n\none two"


def test_one_voice_needs_no_name():
    assert said(told(text("Hi", source="model"))) == [("text", "", "Hi")]


def test_what_is_said_on_the_side_is_named_and_no_part_of_the_answer():
    secret = text("psst", "x", "tools/helper", aside=True)
    transcript = told(text("One "), secret, text("two."))
    assert said(transcript)[1] == ("aside", "tools/helper", "psst")
    assert transcript.text == "One two."


def test_a_restart_strikes_out_what_its_message_said_and_nothing_else():
    other = text("Stays.", "other")
    call = Passage("tool_call", "{}", "m", name="pay", call="1")
    restart = Passage("restart", message="m")
    transcript = told(other, text("Wrong"), call, restart, text("Right."))
    assert [e.struck for e in transcript.entries] == [False, True, True, False]
    assert transcript.text == "Stays.\n\nRight."


def test_late_text_still_belongs_to_its_message():
    transcript = told(text("One"), Passage("finish", "stop", "m"), text(" more."))
    assert said(transcript) == [("text", "", "One more.")]


def test_thinking_is_one_entry_that_tells_its_seconds():
    time = iter([0.0, 0.0, 1.2, 3.4, 3.4])
    transcript = Transcript(lambda: next(time))
    transcript.add(Passage("reasoning", "Hm", "m"))
    assert transcript.add(Passage("reasoning", "m.", "m")) == [
        ("add", 0, "m."),
        ("label", 0, "thinking 1 s"),
    ]
    transcript.add(text("Hi"))
    [thought, answer] = transcript.entries
    assert (thought.label, thought.timed_label) == ("thinking", "thinking 3 s")
    assert transcript.text == answer.text == "Hi"


def test_progress_renews_its_line_beside_another_line():
    parts = [("1 %", "a"), ("5 %", "b"), ("50 %", "a")]
    transcript = told(*(Passage("progress", t, call=key, value=t) for t, key in parts))
    assert said(transcript) == [("progress", "", "50 %"), ("progress", "", "5 %")]


def test_an_object_fills_up_in_one_entry_and_another_begins_anew():
    values = [{}, {"city": "Ro"}, {"city": "Rome", "days": [1]}, {"other": None}]
    transcript = told(*(Passage("data", value=value) for value in values))
    assert [e.text for e in transcript.entries] == [
        '{\n  "city": "Rome",\n  "days": [\n    1\n  ]\n}',
        '{\n  "other": null\n}',
    ]


def test_no_value_hides_another():
    values = [1, 2, {"n": 1}, {"n": 2}, [True], [False]]
    transcript = told(*(Passage("data", value=value) for value in values))
    assert [json.loads(e.text) for e in transcript.entries] == values


def test_the_parts_of_a_parallel_chain_are_added_up():
    parts = [AddableDict(a="On"), AddableDict(b="x"), AddableDict(a="e")]
    [entry] = told(*(Passage("data", value=part) for part in parts)).entries
    assert '"a": "One"' in entry.text and '"b": "x"' in entry.text


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (None, "Shall it go on?"),
        ("Pay?", "Pay?"),
        ({"why": 1}, '{"why": 1}'),
        (
            {
                "action_requests": [{"name": "pay", "args": {"amount": 5}}],
                "review_configs": [
                    {"action_name": "pay", "allowed_decisions": ["approve", "reject"]}
                ],
            },
            'pay {"amount": 5} (approve, reject)',
        ),
        ({"type": "tool_approval", "name": "pay", "args": {}}, "pay {}"),
    ],
)
def test_a_person_is_asked_in_words(value: Any, asked: str):
    [entry] = told(Passage("interrupt", value=value)).entries
    assert (entry.kind, entry.text) == ("question", asked)


def test_a_state_shows_what_is_no_message():
    secret = {"model": {"messages": ["psst"], "joke": "Ha."}}
    [entry] = told(Passage("state", source="model", value=secret)).entries
    assert entry.text == '{"model": {"joke": "Ha."}}'
    assert told(Passage("state", value={"messages": ["psst"]})).entries == []
