"""What is sent when: deltas, numbered, few, all views in one message."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from course_utils.live.page.outbox import PER_SECOND, Outbox
from course_utils.live.transcript import Transcript
from course_utils.passages import Passage


class Now:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_the_first_text_of_a_view_is_sent_at_once_and_the_next_a_frame_later():
    now = Now()
    outbox = Outbox(now)
    assert outbox.wait() is None
    outbox.put("a", 0, Transcript().add(Passage("text", "Hello")))
    assert outbox.wait() == 0
    outbox.take()
    outbox.put("a", 0, [("add", 0, " you")])
    assert outbox.wait() == pytest.approx(1 / PER_SECOND)
    outbox.put("b", 0, [("add", 0, "first")])
    assert outbox.wait() == 0


def test_all_views_share_one_message():
    outbox = Outbox(Now())
    for name in "abc":
        outbox.put(name, 0, [("add", 0, name)], chunks=1)
    message = outbox.take()
    assert sorted(message) == ["a", "b", "c"]
    assert message["b"]["lanes"] == {"0": {"changes": [["add", 0, "b"]], "chunks": 1}}


def test_ten_views_for_ten_seconds_send_no_more_than_one_view():
    now = Now()
    outbox = Outbox(now)
    sent = 0
    for step in range(1000):
        now.time = 100 + step / 100
        for view in range(10):
            outbox.put(str(view), 0, [("add", 0, "x")])
        if outbox.wait() == 0:
            outbox.take()
            sent += 1
    assert sent <= 10 * PER_SECOND + 10


@given(st.lists(st.lists(st.text(max_size=5), max_size=5), max_size=10))
def test_the_messages_add_up_to_the_text_and_count_without_a_gap(batches):
    outbox, transcript = Outbox(Now()), Transcript()
    got, numbers = "", []
    for batch in batches:
        for text in batch:
            outbox.put("a", 0, transcript.add(Passage("text", text)))
        if outbox.wait() is not None:
            news = outbox.take()["a"]
            numbers.append(news["number"])
            changes = news["lanes"]["0"]["changes"]
            got += "".join(text for what, _, text in changes if what == "add")
    assert got == transcript.text
    assert numbers == list(range(1, len(numbers) + 1))
