"""Scripted replies as plans of steps."""

import json
from itertools import islice
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.fake import Reply
from course_utils.fake.latency import Latency
from course_utils.fake.plan import BREAKS, Step, limited, plan
from course_utils.tokens import pieces


def kinds(reply: Reply) -> list[str]:
    return [step.kind for step in plan(reply)]


@given(st.text())
def test_the_pieces_of_any_text_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text(min_size=1))
def test_no_piece_is_empty(text: str) -> None:
    assert all(pieces(text))


def test_a_number_is_cut_into_groups_of_three_digits() -> None:
    assert pieces("10000") == ["100", "00"]


def test_a_plain_reply_sends_headers_a_role_text_and_three_words_about_its_end() -> (
    None
):
    assert kinds(Reply("a b")) == [
        "headers",
        "role",
        "text",
        "text",
        "finish",
        "usage",
        "done",
    ]


@given(st.text(), st.integers(0, 5), st.sampled_from(sorted(BREAKS)))
def test_a_break_comes_after_so_many_tokens_and_is_the_last_step(
    text: str, after: int, fault: str
) -> None:
    broken: dict[str, Any] = {fault: after}
    steps = list(plan(Reply(text, **broken)))
    sent = [step.text for step in steps if step.kind == "text"]
    assert sent == pieces(text)[:after]
    assert steps[-1].kind == BREAKS[fault]
    assert "finish" not in {step.kind for step in steps}


def test_a_negative_position_counts_from_the_end() -> None:
    assert Reply("a b c d", cut_after=-1).sent() == "a b c"


@pytest.mark.parametrize(
    ("field", "reason"),
    [("length_after", "length"), ("filter_after", "content_filter")],
)
def test_an_answer_cut_by_the_model_says_why(field: str, reason: str) -> None:
    ended: dict[str, Any] = {field: 2}
    *_, finish, usage, done = plan(Reply("a b c", **ended))
    assert (finish.text, usage.usage, done.kind) == (reason, (0, 2, 0), "done")


def test_tool_arguments_come_in_fragments_that_join_to_the_json() -> None:
    args = {"to": "bob", "amount": 10000}
    steps = list(plan(Reply(tool_calls=[{"name": "pay", "args": args}])))
    fragments = [step.text for step in steps if step.kind == "args"]
    assert json.loads("".join(fragments)) == args
    assert len(fragments) > 5
    assert [s.text for s in steps if s.kind == "tool"] == ["pay"]
    assert [s.text for s in steps if s.kind == "finish"] == ["tool_calls"]


def test_a_tool_call_can_be_cut_in_half() -> None:
    call = {"name": "pay", "args": {"amount": 10000}}
    steps = plan(Reply(tool_calls=[call], length_after=-2))
    sent = "".join(step.text for step in steps if step.kind == "args")
    assert sent == '{"amount": 100'


def test_the_first_wait_is_the_time_to_first_token() -> None:
    steps = plan(Reply("a b c", first_token=2.0, per_token=0.5))
    assert [s.wait for s in steps if s.kind == "text"] == [2.0, 0.5, 0.5]


def test_a_reply_without_timing_takes_the_model_s() -> None:
    steps = plan(Reply("a b"), latency=Latency(1.0, 0.25))
    assert [s.wait for s in steps if s.kind == "text"] == [1.0, 0.25]


def test_a_stall_adds_its_silence_before_the_next_token() -> None:
    steps = plan(Reply("a b", stall_after=1, stall=9))
    assert [s.wait for s in steps if s.kind == "text"] == [0, 9]


def test_a_stall_at_the_end_delays_the_end() -> None:
    steps = list(plan(Reply("a", stall_after=1, stall=9)))
    assert [(s.kind, s.wait) for s in steps if s.wait] == [("keep_alive", 9)]


def test_a_kept_alive_stall_is_made_of_comments() -> None:
    steps = list(plan(Reply("a b", stall_after=1, stall=1, keep_alive=True)))
    comments = [step for step in steps if step.kind == "keep_alive"]
    assert len(comments) == 3
    assert sum(step.wait for step in steps) == pytest.approx(1)


def test_a_stall_without_an_end_never_ends() -> None:
    steps = plan(Reply("a", stall_after=0, keep_alive=True))
    assert len(list(islice(steps, 1000))) == 1000
    silent = list(plan(Reply("a", stall_after=0)))
    assert [s.wait for s in silent if s.kind == "text"] == [inf]


def test_a_duplicate_is_sent_at_once_after_the_first() -> None:
    steps = plan(Reply("a b", per_token=1.0, duplicate_after=1))
    sent = [(s.text, s.wait) for s in steps if s.kind == "text"]
    assert sent == [("a", 0), (" b", 1), (" b", 0)]


def test_a_huge_event_has_the_same_short_text() -> None:
    steps = [s for s in plan(Reply("a b", huge_after=1)) if s.kind == "text"]
    assert [(s.text, s.padding > 999_999) for s in steps] == [
        ("a", False),
        (" b", True),
    ]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=429), ["refuse"]),
        (Reply(reset=True), ["reset"]),
        (Reply(""), ["headers", "role", "finish", "usage", "done"]),
        (Reply("a", no_done=True), ["headers", "role", "text", "finish", "usage"]),
    ],
)
def test_answers_that_hardly_begin_or_do_not_say_goodbye(
    reply: Reply, expected: list[str]
) -> None:
    assert kinds(reply) == expected


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"text": 3}, "is text, got 3 "),
        ({"text": "a", "first_token": -1}, "first_token"),
        ({"text": "a", "preset": "slow"}, "There is no preset 'slow'"),
    ],
)
def test_a_reply_that_makes_no_sense_is_refused_at_the_door(
    given_: dict[str, Any], words: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        Reply(**given_)


def test_a_stop_sequence_ends_the_text_before_it() -> None:
    reply = limited(Reply("one two three"), stop=["three", "two"], max_tokens=None)
    assert reply.text == "one "


def test_a_token_limit_ends_the_answer_with_length() -> None:
    reply = limited(Reply("one two three"), stop=[], max_tokens=2)
    assert reply.sent() == "one two"
    assert Step("finish", text="length") in list(plan(reply))


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (Reply("a"), "Reply('a')"),
        (Reply("a", cut_after=0), "Reply('a', cut_after=0)"),
        (Reply(status=429, retry_after=2), "Reply(status=429, retry_after=2)"),
        (Reply(reasoning="Hm."), "Reply(reasoning='Hm.')"),
        (Reply(), "Reply()"),
    ],
)
def test_a_reply_shows_what_differs(reply: Reply, shown: str) -> None:
    assert repr(reply) == shown


def test_a_long_reply_is_shown_short() -> None:
    assert len(repr(Reply("word " * 1000))) < 80


WRONG: dict[str, Any] = {
    "cut_after": "2",
    "length_after": 2.0,
    "duplicate_after": True,
    "first_token": "soon",
    "stall": None,
    "reset": "yes",
    "keep_alive": 1,
    "reasoning": None,
    "refusal": 3,
    "finish_reason": 3,
    "status": "429",
    "retry_after": "30s",
    "exception": "boom",
    "tool_calls": "pay",
    "logprobs": [0.5],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_kind_of_value_fails_where_it_is_written(name: str) -> None:
    with pytest.raises(
        (TypeError, ValueError), match=rf"(?s){name}.*got.*: (write|use)"
    ):
        Reply("a", **{name: WRONG[name]})


@pytest.mark.parametrize("call", [3, "pay", {"args": {}}])
def test_a_tool_call_that_is_none_is_refused(call: Any) -> None:
    with pytest.raises(TypeError, match="has a name and args"):
        Reply(tool_calls=[call])


@pytest.mark.parametrize("stall", [inf, 1e12])
@pytest.mark.parametrize("keep_alive", [True, False])
def test_what_gets_out_before_a_stall_is_known_at_once(
    stall: float, keep_alive: bool
) -> None:
    reply = Reply("a b", stall_after=1, stall=stall, keep_alive=keep_alive)
    assert reply.sent() == ("a" if stall == inf else "a b")
