"""Readers of a web site: what each asks, what must come, and how they leave.

Each question has its reply, whatever the order. An event's data is JSON with a `text`,
as `sse_response` writes it; a text alone is taken as well.

    gets_its_answer(get, model, reader, "a whole answer")
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.fake.reply import Reply
from course_utils.lessons.scenes import NASTY
from course_utils.lessons.site import settled
from course_utils.serving.sse import read_sse
from course_utils.teaching.checks import expect, expect_equal, shorten

Get = Callable[[str], Any]  # a question to its response

ANSWER = "One two three."


@dataclass(frozen=True)
class Reader:
    """What one reader asks, what the model says, and what the reader gets."""

    question: str
    reply: Reply
    text: str
    end: str


READERS_OF_THE_SITE = {
    "a whole answer": Reader("Hi", Reply(ANSWER), ANSWER, "done"),
    "a cut one": Reader("Why", Reply(ANSWER, cut_after=2), "One two", "cut"),
    "a broken one": Reader("Where", Reply(ANSWER, drop_after=2), "One two", "error"),
    "an odd one": Reader("Köln & 3.5?\n#no", Reply(NASTY), NASTY, "done"),
}
MOST_BYTES = 1_000_000  # of an answer that does not end
LAST = "More"  # its answer is so long that nobody reads it to the end
LONG = Reply("One two" + " more" * 200, per_token=0.25)


def model_for_readers() -> FakeStreamingChatModel:
    """A model that has a reply to each question."""
    replies = {one.question: one.reply for one in READERS_OF_THE_SITE.values()}

    def reply(messages: list[Any]) -> Reply:
        return replies.get(str(messages[-1].text), LONG)

    return FakeStreamingChatModel(replies=reply)


def gets_its_answer(
    get: Get, model: FakeStreamingChatModel, reader: Reader, name: str
) -> None:
    """Go on if the events say the whole text, and then how it ended."""
    with get(reader.question) as response:
        kind = response.headers.get("Content-Type", "")
        events = list(read_sse([response.read(MOST_BYTES)]))
    expect(model.log, "The chat was never asked.")
    question, got = reader.question, model.log[-1].request.prompt
    expect(question in got, f"`question` was {question!r}, the chat was asked {got!r}.")
    expect(events, f"With {name} there came no event: `sse_response` makes them.")
    stream = f"With {name} the type is {kind!r}, and browsers want text/event-stream."
    expect(kind.startswith("text/event-stream"), stream)
    last = events[-1].event
    why = f": {shorten(events[-1].data)}" if last == "error" else ""
    expect(last == reader.end, f"With {name} the last event is `{last}`{why}.")
    expect(len(events) > 2, f"With {name} all text came in one event.")
    text = "".join(_text(event.data) for event in events[:-1])
    expect_equal(text, reader.text, f"with {name}, the text of its events")


def _text(data: str) -> str:
    """The text in an event's data: in a JSON object, as JSON, or as it is."""
    try:
        said = json.loads(data)
    except ValueError:
        return data
    said = said.get("text", "") if isinstance(said, dict) else said
    return said if isinstance(said, str) else data


def leaves_early(get: Get, model: FakeStreamingChatModel) -> None:
    """Go on if the model stops when its reader has gone."""
    with get(LAST) as response:
        _read_a_little(response)
    asyncio.run(settled(model))
    outcome = model.log[-1].outcome
    expect(outcome == "closed by reader", f"The reader left, the model is {outcome!r}.")


def two_at_once(get: Get, model: FakeStreamingChatModel) -> None:
    """Go on if one reader is answered while another one's answer goes on."""
    with get(LAST) as slow:
        _read_a_little(slow)
        other = READERS_OF_THE_SITE["a whole answer"]
        gets_its_answer(get, model, other, "a second reader")
        outcome = model.log[-2].outcome
        waited = "A second reader waited until the first one's answer was over."
        expect(outcome == "running", waited)


def _read_a_little(response: Any) -> None:
    for line in iter(response.readline, b""):
        if b"two" in line:
            break


def timed_each(timings: list[Any]) -> None:
    """Go on if each request has a timing of its own, and it saw the answer."""
    count, readers = len(timings), [*READERS_OF_THE_SITE.values()]
    wanted = len(readers) + 3  # one left, and two asked at once
    expect(count == wanted, f"{wanted} readers asked, and `timings` holds {count}.")
    for timing in timings:
        expect(hasattr(timing, "arrivals"), f"`timings` holds {shorten(timing)}.")
    for number, (timing, reader) in enumerate(zip(timings, readers, strict=False), 1):
        which = "the first timing" if number == 1 else f"timing number {number}"
        expect_equal(timing.text, reader.text, f"what {which} saw, the text")
