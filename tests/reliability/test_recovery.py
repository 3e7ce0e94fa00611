"""The decision after a failure, from what was shown, the error and the attempts."""

import random
from typing import Any

import pytest
from langchain_core.exceptions import (
    ModelAPIError,
    ModelError,
    ModelInvalidRequestError,
    ModelRateLimitError,
)
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from course_utils.chunks import is_restart
from course_utils.reliability.errors import as_model_error, retry_after_of
from course_utils.reliability.policy import Attempt, Policy
from course_utils.reliability.recovery import CONTINUE, Recovery

ASKED = [HumanMessage("Hi")]
FIRST = Attempt(ASKED)
PASSING = ModelAPIError("503")


def text(content: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=content))


def recovery(models: int = 1, reader: Any = "chunks", **policy: Any) -> Recovery:
    rules = Policy(**policy)
    return Recovery(rules, FIRST, models, random.Random("draw"), reader)


def test_the_role_chunk_waits_for_the_first_visible_one():
    state, role, first = recovery(), text(""), text("a")
    assert state.push(role) == []
    assert state.push(first) == [role, first]
    assert state.push(later := text("")) == [later]


def test_a_failed_attempt_leaves_nothing_of_itself():
    state = recovery()
    state.push(text(""))
    state.failed(PASSING)
    assert len(state.push(text("a"))) == 1


def test_attempts_are_counted_for_each_model():
    state = recovery(models=2, attempts=2, wait_initial=0)
    asked = [state.failed(PASSING), state.failed(PASSING), state.failed(PASSING)]
    assert [attempt.model for attempt in asked if attempt] == [0, 1, 1]
    with pytest.raises(ModelAPIError):
        state.failed(PASSING)


def test_waits_are_drawn_from_zero_to_a_doubling_limit():
    draw = random.Random("draw")
    policy = Policy(wait_initial=1, wait_max=5)
    waits = [[policy.backoff(n, draw) for _ in range(200)] for n in (1, 2, 3, 4)]
    for limit, drawn in zip([1, 2, 4, 5], waits, strict=True):
        assert 0 <= min(drawn) < limit / 20 and limit * 0.95 < max(drawn) <= limit


def test_a_wait_that_outlasts_the_total_is_not_begun():
    error = ModelRateLimitError("429")
    error.retry_after = 5  # type: ignore[attr-defined]
    attempt = recovery().failed(error, left=6)
    assert attempt is not None and attempt.wait == 5
    with pytest.raises(ModelRateLimitError):
        recovery().failed(error, left=4)


@pytest.mark.parametrize("after", ["raise", "continue", "restart", "full"])
def test_what_cannot_pass_goes_to_the_next_model(after: Any):
    state = recovery(models=2, after_first_token=after)
    attempt = state.failed(ModelInvalidRequestError("400"))
    assert attempt == Attempt(ASKED, model=1)


def test_continue_asks_with_everything_that_was_shown():
    state = recovery(after_first_token="continue")
    for piece in ("So", " far"):
        state.push(text(piece))
    attempt = state.failed(PASSING)
    assert attempt is not None
    assert [m.text for m in attempt.messages] == ["Hi", "So far", CONTINUE]


def test_continue_begins_anew_if_only_thoughts_were_shown():
    state = recovery(after_first_token="continue")
    thought = AIMessageChunk(content=[{"type": "reasoning", "reasoning": "Hm."}])
    assert state.push(ChatGenerationChunk(message=thought))
    attempt = state.failed(PASSING)
    assert attempt is not None and attempt.joins == "restart"
    assert is_restart(state.push(text("a"))[0])


def test_full_asks_for_a_full_response():
    state = recovery(after_first_token="full")
    state.push(text("So"))
    attempt = state.failed(PASSING)
    assert attempt is not None and attempt.whole and attempt.messages == ASKED


@pytest.mark.parametrize("after", ["restart", "full"])
def test_a_reader_who_cannot_be_told_gets_the_error(after: Any):
    state = recovery(reader="events", after_first_token=after)
    state.push(text("So"))
    with pytest.raises(ModelAPIError):
        state.failed(PASSING)


def test_what_nobody_saw_is_asked_for_again():
    state = recovery(reader="nobody")
    state.push(text("So"))
    assert state.failed(PASSING) is not None


def test_after_the_finish_reason_no_error_matters():
    state = recovery()
    last = text("So.")
    last.message.response_metadata = {"finish_reason": "stop"}
    assert state.push(last) == [last]
    assert state.failed(PASSING) is None and state.end() == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        (
            {
                "retry-after": "Sun, 22 Nov 2026 10:00:30 GMT",
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_from_the_response(headers: Any, seconds: float | None):
    error = Exception()
    error.response = type("Response", (), {"headers": headers})  # type: ignore[attr-defined]
    assert retry_after_of(error) == seconds


NONSENSE: list[Any] = [
    *("30s", "-5", "nan", "inf", "1e300", "soon", "", "\x00", "²", "٣٠s", b"30"),
    *(-1, float("nan"), float("inf"), 1e300, 10**400, [], [30], {}, object),
    "Sun, 22 Nov 99999 10:00:30 GMT",
    "Sun, 99 Nov 2026 10:00:30 GMT",
]


def answered(headers: Any) -> Exception:
    error = PASSING.__class__("429")
    error.response = type("Response", (), {"headers": headers})  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("said", NONSENSE, ids=repr)
def test_nonsense_about_waiting_never_replaces_the_error(said: Any):
    told = type(PASSING)("429")
    told.retry_after = said  # type: ignore[attr-defined]
    dated = {"retry-after": said, "date": "Sun, 22 Nov 2026 10:00:00 GMT"}
    undated = {"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": said}
    in_ms = {"retry-after-ms": said}
    for error in (told, *map(answered, [dated, undated, in_ms, {1: said}, said])):
        assert retry_after_of(error) in (None, 0.0, 0.03, 30.0)
        state = Recovery(Policy(attempts=2), Attempt([]))
        assert state.failed(error) is not None  # retried, with our own wait
        with pytest.raises(type(error)) as raised:
            state.failed(error)
        assert raised.value is error


def test_a_date_of_no_zone_counts_as_universal_time():
    told = {"retry-after": "Sun, 22 Nov 2026 10:00:30 -0000"}
    dates = ["Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:00:00 -0000"]
    assert [retry_after_of(answered({**told, "date": date})) for date in dates] == [
        30,
        30,
    ]


def test_headers_are_read_whatever_their_letters():
    assert retry_after_of(answered({"Retry-After": "7"})) == 7.0


def test_an_error_that_takes_no_attribute_is_still_the_error():
    class Sealed(ModelError):
        is_retryable = False

        def __setattr__(self, name: str, value: Any) -> None:
            raise AttributeError(name)

    error = Sealed("sealed")
    with pytest.raises(Sealed) as raised:
        Recovery(Policy(), Attempt([])).failed(error)
    assert raised.value is error


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (ValueError("server_error: boom"), True),
        (type("APIStatusError", (Exception,), {"status_code": 409})(), True),
        (type("APIStatusError", (Exception,), {"status_code": 418})(), False),
        (type("LengthFinishReasonError", (Exception,), {})(), False),
    ],
)
def test_an_unknown_error_says_whether_to_ask_again(error: Any, retryable: bool):
    known: Any = as_model_error(error)
    assert (known.is_retryable, known.__cause__) == (retryable, error)
