"""What a person types wrong is told at the door, with the right word."""

import inspect
import pickle
import re
from typing import Any

import pytest

import course_utils
from course_utils import (
    Exercise,
    FakeServer,
    FakeStreamingChatModel,
    PartialRecorder,
    Predict,
    Quiz,
    RedisStreamCache,
    ReplayBuffer,
    Reply,
    SizeBuffer,
    SQLiteStreamCache,
    StreamTiming,
    StreamView,
    Throttle,
    ToolCall,
    cached,
    curve,
    measure,
    own_stream,
    reliable,
    show,
    sse_response,
    table,
    timeline,
)

MODEL = FakeStreamingChatModel("Hi.")

# How it is called, a slip of the pen, and the word that was meant.
SLIPS: list[tuple[Any, tuple[Any, ...], str, str]] = [
    (FakeServer, (), "repiles", "replies"),
    (FakeServer, (), "first_tokens", "first_token"),
    (FakeStreamingChatModel, (), "repiles", "replies"),
    (Reply, ("Hi",), "cut_afer", "cut_after"),
    (ToolCall, (), "nmae", "name"),
    (reliable, (MODEL,), "fallback", "fallbacks"),
    (reliable, (MODEL,), "first_token_timout", "first_token_timeout"),
    (cached, (MODEL,), "cahce", "cache"),
    (SQLiteStreamCache, ("a.db",), "time_to_live", "ttl"),
    (SQLiteStreamCache, ("a.db",), "max_answer", "max_answers"),
    (RedisStreamCache, ("redis://127.0.0.1",), "prefx", "prefix"),
    (ReplayBuffer, (), "graze", "grace"),
    (SizeBuffer, (), "sise", "size"),
    (Throttle, (), "second", "seconds"),
    (show, (["Hi"],), "tilte", "title"),
    (StreamView, (), "tilte", "title"),
    (StreamTiming, (), "tilte", "title"),
    (measure, (["Hi"],), "keep_errors", "keep_error"),
    (sse_response, (["Hi"],), "heart_beat", "heartbeat"),
    (own_stream, (["Hi"],), "max_size", "maxsize"),
    (PartialRecorder, (), "clok", "clock"),
    (table, ([[1]],), "capton", "caption"),
    (curve, ([1], {}), "x_lable", "x_label"),
    (timeline, (), "titel", "title"),
    (Predict, (), "answr", "answer"),
    (Quiz, (), "questons", "questions"),
    (Exercise, (), "hint", "hints"),
]
KINDS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (Reply, ("Hi",), {"cut_after": "2"}),
    (Reply, ("Hi",), {"keep_alive": 1}),
    (FakeServer, (), {"first_token": "2"}),
    (FakeServer, (), {"port": "80"}),
    (reliable, (MODEL,), {"attempts": "3"}),
    (reliable, (MODEL,), {"attempts": True}),
    (reliable, (MODEL,), {"first_token_timeout": "10"}),
    (reliable, (MODEL,), {"clock": 5}),
    (cached, (MODEL,), {"clock": "fast"}),
    (SQLiteStreamCache, ("a.db",), {"timeout": "1"}),
    (SQLiteStreamCache, ("a.db",), {"ttl": "1h"}),
    (RedisStreamCache, ("redis://127.0.0.1",), {"ttl": "1h"}),
    (SizeBuffer, (), {"size": "80"}),
    (Throttle, (), {"seconds": "1"}),
    (show, (["Hi"],), {"title": 5}),
    (show, (["Hi"],), {"markdown": "no"}),
    (measure, (["Hi"],), {"keep_error": "yes"}),
    (sse_response, (["Hi"],), {"heartbeat": "15"}),
    (ReplayBuffer, (), {"keep": "60"}),
    (own_stream, (["Hi"],), {"maxsize": "1"}),
]


def called(tool: Any) -> str:
    return str(tool.__name__)


@pytest.mark.parametrize(
    ("tool", "given", "slip", "right"), SLIPS, ids=lambda x: getattr(x, "__name__", "")
)
def test_a_misspelt_setting_names_the_right_one(tool, given, slip, right):
    words = "there are .*ttl" if slip == "time_to_live" else f"write {right}="
    with pytest.raises(TypeError, match=rf"got {slip}=\.\.\.: {words}"):
        tool(*given, **{slip: None})


@pytest.mark.parametrize(("tool", "given", "wrong"), KINDS)
def test_a_wrong_kind_of_value_fails_where_it_is_written(tool, given, wrong):
    [(name, value)] = wrong.items()
    told = rf"^{called(tool)}\({name}=\.\.\.\) is .*, got {re.escape(repr(value))} "
    with pytest.raises(TypeError, match=told + rf"\(\w+\): write {name}="):
        tool(*given, **wrong)


def test_a_wrong_kind_is_told_by_place_too():
    with pytest.raises(TypeError, match=r"SizeBuffer\(size=...\) is a whole number"):
        SizeBuffer("80")  # type: ignore[arg-type]


def test_a_whole_number_is_a_number_whoever_made_it():
    numpy = pytest.importorskip("numpy")
    assert SizeBuffer(numpy.int64(3)).push("four") == "four"
    assert reliable(MODEL, first_token_timeout=numpy.float32(2.5))


def test_what_is_checked_keeps_its_signature_and_can_be_pickled():
    assert "first_token_timeout" in inspect.signature(reliable).parameters
    assert pickle.loads(pickle.dumps(Reply("Hi", cut_after=1))) == Reply(
        "Hi", cut_after=1
    )
    assert pickle.loads(pickle.dumps(reliable)) is reliable


def test_every_public_tool_refuses_a_setting_that_there_is_not():
    silent = []
    for name in course_utils.__all__:
        tool = getattr(course_utils, name)
        if inspect.isclass(tool) and issubclass(tool, BaseException):
            continue
        if not callable(tool) or name in ("race", "buffered", "your_model"):
            continue  # these pass any name on
        try:
            tool(no_such_setting=1)
        except TypeError as error:
            if "got no_such_setting=" not in str(error):
                silent.append(name)
    below = {"Clock", "VirtualClock"}  # what checks stands on them
    data = {"Buffer", "Finish", "Passage", "finish_of"}  # made for every chunk
    assert set(silent) == below | data
