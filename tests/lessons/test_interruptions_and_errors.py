"""The exercises of notebook 4: right answers pass, wrong ones are told why."""

import ast

from langchain_core.exceptions import ModelError

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.fake.server import FakeServer
from course_utils.lessons import interruptions_and_errors as lesson
from course_utils.timing import measure
from tests.lessons.answers.interruptions_and_errors import (
    adds_chunks_to_text,
    adds_nothing_up,
    adds_up,
    all_at_once,
    any_reason_for_calls,
    any_reason_will_do,
    asks_every_error,
    believes_the_mark,
    believes_the_parser,
    believes_the_reason,
    catches_everything,
    catches_lost_connections,
    catches_one_kind,
    collects_first,
    counts_the_role_chunk,
    full_again_from_the_start,
    full_by_length,
    full_only_after_errors,
    gives_a_list,
    gives_up_in_silence,
    hides_the_break,
    hides_the_second_error,
    keeps_with_a_string,
    keeps_words_of_the_error,
    leaves_a_task,
    leaves_it_open,
    lets_it_raise,
    looks_at_the_last_chunk,
    looks_between_chunks,
    loses_the_text,
    never_looks,
    never_streams,
    only_the_text,
    polls_the_stream,
    raises_its_own,
    retries_always,
    retries_by_hand,
    retries_what_cannot_help,
    strict_by_hand,
    the_reason_itself,
    waits_for_either,
    yields_chunks,
)
from tests.lessons.answers.interruptions_and_errors_at_work import (
    all_calls_or_none,
    by_recursion,
    calls_by,
    calls_by_name,
    calls_in_the_order_of_pieces,
    completes,
    completes_by_pieces,
    completes_in_finally,
    each_call_once,
    first_call_only,
    keeps_by_hand,
    keeps_contents,
    keeps_stripped,
    keeps_the_cancel,
    keeps_the_interrupt_in_mid_stream,
    keeps_up_to_the_reason,
    kept_by,
    knows_lost_connections_only,
    lenient,
    looks_now_and_then,
    names_the_break,
    not_whole_when_interrupted,
    or_interrupted,
    raises_the_first,
    retries,
    retries_an_empty_answer,
    sleeps_between,
    streams_again,
    strips_what_it_read,
    tries_twice,
    whole_although_it_broke,
    whole_at_the_first_reason,
    whole_by_words,
    whole_if,
    whole_with_text,
    yields_contents,
)
from tests.support.exercise_rules import ExerciseRules, async_stub, generator_stub, stub

EXERCISES = [
    lesson.keep_partial,
    lesson.is_whole,
    lesson.stream_with_retry,
    lesson.with_full_response,
    lesson.read_until,
    lesson.safe_tool_calls,
]


RIGHT = [
    (lesson.keep_partial, keeps_by_hand),
    (lesson.keep_partial, kept_by()),
    (lesson.is_whole, whole_at_the_first_reason),
    (lesson.is_whole, whole_if({"stop", "tool_calls"}.__contains__)),
    (lesson.stream_with_retry, by_recursion),
    (lesson.stream_with_retry, retries()),
    (lesson.with_full_response, completes_by_pieces),
    (lesson.with_full_response, completes()),
    (lesson.read_until, looks_now_and_then),
    (lesson.safe_tool_calls, calls_by()),
    (lesson.keep_partial, keeps_with_a_string),
    (lesson.is_whole, adds_up),
    (lesson.stream_with_retry, retries_by_hand),
    (lesson.with_full_response, full_by_length),
    (lesson.read_until, waits_for_either),
    (lesson.safe_tool_calls, strict_by_hand),
]
WRONG = [
    (lesson.keep_partial, kept_by(repr), "return the exception itself"),
    (lesson.keep_partial, kept_by(type), "return the exception itself"),
    (lesson.keep_partial, kept_by(caught=ModelError), "it raised Broke"),
    (lesson.keep_partial, keeps_contents, "With the Responses API"),
    (lesson.keep_partial, keeps_the_interrupt_in_mid_stream, "the square button"),
    (lesson.keep_partial, keeps_up_to_the_reason, "and after it, the text"),
    (lesson.keep_partial, keeps_stripped, "With odd text, the text"),
    (lesson.is_whole, whole_if(lambda reason: reason != "length"), "silent cut"),
    (
        lesson.is_whole,
        whole_if(lambda reason: reason not in (None, "length", "content_filter")),
        "that ran out of room",
    ),
    (lesson.is_whole, whole_if("stop".__eq__), "a whole tool call"),
    (lesson.is_whole, whole_with_text, "a whole tool call"),
    (lesson.is_whole, whole_by_words, "after the word stop it gave True"),
    (lesson.is_whole, whole_although_it_broke, "The stream broke, and it gave True"),
    (lesson.is_whole, not_whole_when_interrupted, "pressed the square button"),
    (lesson.stream_with_retry, retries(caught=ModelError), "another library's"),
    (lesson.stream_with_retry, retries(text=str.strip), "after an empty line"),
    (lesson.stream_with_retry, retries(times=lambda n: 3), "and five attempts"),
    (lesson.stream_with_retry, retries(times=lambda n: n + 1), "4 requests, not 3"),
    (lesson.stream_with_retry, retries(prompt=lambda p: "Hi"), "was given the prompt"),
    (lesson.stream_with_retry, retries(late=True), "yield each as it comes"),
    (
        lesson.stream_with_retry,
        retries(again=lambda error: not isinstance(error, ValueError)),
        "With a request that is wrong",
    ),
    (
        lesson.stream_with_retry,
        retries(caught=BaseException, again=or_interrupted),
        "the square button",
    ),
    (lesson.stream_with_retry, raises_the_first, "With failures only"),
    (lesson.stream_with_retry, retries_an_empty_answer, "With an empty answer"),
    (lesson.stream_with_retry, yields_contents, "With one failure first"),
    (
        lesson.with_full_response,
        completes(lambda a, b: a.replace(b, "")),
        "in a repeat",
    ),
    (lesson.with_full_response, completes(lambda a, b: a.lstrip(b)), "With an odd"),
    (
        lesson.with_full_response,
        completes(lambda a, b: a.split(b or "#")[-1]),
        "in a repeat",
    ),
    (lesson.with_full_response, completes(full=streams_again), "it streamed again"),
    (lesson.with_full_response, completes(full=tries_twice), "With a break, and a"),
    (lesson.with_full_response, completes(caught=ModelError), "With an odd error"),
    (lesson.with_full_response, completes(caught=BaseException), "The reader left"),
    (
        lesson.with_full_response,
        completes(broken=lambda reason: reason != "stop"),
        "at its token limit",
    ),
    (lesson.with_full_response, completes_in_finally, "yielded once more"),
    (lesson.read_until, sleeps_between, "calls `time.sleep`"),
    (lesson.read_until, strips_what_it_read, "Only the blanks"),
    (lesson.read_until, names_the_break, "got a RuntimeError"),
    (lesson.read_until, knows_lost_connections_only, "broke with a ValueError"),
    (lesson.read_until, keeps_the_cancel, "let `CancelledError` pass"),
    (lesson.safe_tool_calls, calls_by(load=lenient), "with a rest behind them"),
    (lesson.safe_tool_calls, calls_by(load=ast.literal_eval), "For a whole call"),
    (lesson.safe_tool_calls, calls_by(reasons=("tool_calls", "stop")), "with 'stop'"),
    (lesson.safe_tool_calls, calls_by_name, "For two calls of one tool"),
    (lesson.safe_tool_calls, all_calls_or_none, "For half a call and a whole one"),
    (lesson.safe_tool_calls, first_call_only, "For two calls of one tool"),
    (lesson.safe_tool_calls, each_call_once, "For the same call twice"),
    (lesson.safe_tool_calls, calls_in_the_order_of_pieces, "For two calls in turns"),
    (
        lesson.keep_partial,
        loses_the_text,
        "With a ModelConnectionError after 2 tokens, the text",
    ),
    (lesson.keep_partial, lets_it_raise, "ModelConnectionError"),
    (lesson.keep_partial, only_the_text, "two things"),
    (
        lesson.keep_partial,
        catches_lost_connections,
        "With a ModelAPIError after 0 tokens it raised",
    ),
    (lesson.keep_partial, catches_everything, "pressed the square button"),
    (
        lesson.keep_partial,
        adds_chunks_to_text,
        "a whole stream an error came: a TypeError: can only",
    ),
    (lesson.keep_partial, keeps_words_of_the_error, "the exception itself"),
    (lesson.is_whole, believes_the_mark, "For a whole answer it gave False."),
    (lesson.is_whole, the_reason_itself, "it gave 'length'"),
    (lesson.is_whole, any_reason_will_do, "at its token limit"),
    (lesson.is_whole, looks_at_the_last_chunk, "a whole answer"),
    (lesson.stream_with_retry, retries_always, "a break after two tokens"),
    (lesson.stream_with_retry, counts_the_role_chunk, "a break before any text"),
    (lesson.stream_with_retry, retries_what_cannot_help, "a request that is wrong"),
    (lesson.stream_with_retry, yields_chunks, "yield its text"),
    (lesson.stream_with_retry, gives_up_in_silence, "yield each as it comes"),
    (lesson.stream_with_retry, asks_every_error, "the reader got an AttributeError"),
    (lesson.stream_with_retry, raises_its_own, "not the model's ModelConnectionError"),
    (lesson.stream_with_retry, catches_one_kind, "one failure first an error came"),
    (lesson.stream_with_retry, all_at_once, "yield texts as they come"),
    (lesson.with_full_response, full_again_from_the_start, "the beginning twice"),
    (lesson.with_full_response, full_only_after_errors, "a silent cut"),
    (lesson.with_full_response, never_streams, "yield each as it comes"),
    (lesson.with_full_response, collects_first, "yield each as it comes"),
    (lesson.with_full_response, gives_a_list, "yield texts as they come"),
    (lesson.with_full_response, hides_the_second_error, "no error reached the reader"),
    (lesson.read_until, looks_between_chunks, "still waits"),
    (lesson.read_until, never_looks, "without a look at `stop`"),
    (lesson.read_until, polls_the_stream, "with a pause, the text"),
    (lesson.read_until, leaves_a_task, "still runs after the stop"),
    (lesson.read_until, leaves_it_open, "After the stop"),
    (lesson.read_until, hides_the_break, "The stream broke"),
    (lesson.safe_tool_calls, believes_the_parser, "at the token limit"),
    (
        lesson.safe_tool_calls,
        believes_the_reason,
        "half a call that ended `tool_calls`",
    ),
    (lesson.safe_tool_calls, any_reason_for_calls, "For half a call and a whole one"),
    (lesson.safe_tool_calls, adds_nothing_up, "no chunk at all it raised IndexError"),
]


STUBS = [stub, stub, generator_stub, generator_stub, async_stub, stub]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS


def test_the_proxy_passes_a_whole_answer_on() -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    with FakeServer("one two three") as server, lesson.Proxy(server.url) as proxy:
        key = SecretStr("offline")
        model = ChatOpenAI(model="fake", base_url=proxy.url, api_key=key)
        timing = measure(model.stream("Hi"))
    assert (timing.text, timing.finish_reason) == ("one two three", "stop")


def test_reading_some_leaves_the_stream_open() -> None:
    model = FakeStreamingChatModel(replies="one two three", clock=VirtualClock())
    stream = model.stream("Hi")
    assert lesson.read_some(stream, 2) == ["one", " two"]
    assert lesson.read_some(stream, 9) == [" three"]


async def test_a_cancelled_reader_gets_a_cancelled_error() -> None:
    model = FakeStreamingChatModel(replies=Reply("one two", stall_after=1))
    assert await lesson.cancel_after(model.astream("Hi"), 1) == "CancelledError"
    assert model.log[0].outcome == "closed by reader"
