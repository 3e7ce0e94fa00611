"""The exercises of notebook 4: right answers pass, wrong ones are told why."""

import ast
import inspect
from typing import Any, ClassVar

import pytest
from langchain_core.exceptions import (
    ModelConnectionError,
    ModelError,
    ModelRateLimitError,
)
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from course_utils.fake import FakeServer, Reply
from course_utils.lessons import interruptions_and_errors as lesson
from course_utils.timing import StreamTiming, measure
from tests.lessons.answers.interruptions_and_errors.agents import (
    below_limit,
    calls_instead,
    closes_as_a_person,
    closes_at_the_end,
    closes_behind_the_results,
    closes_by,
    closes_by_id,
    closes_every_call,
    closes_in_place,
    closes_the_last_message,
    decides_by,
    decides_by_loops,
    decides_by_name,
    decides_for_each_question,
    decides_in_words,
    decides_with_a_command,
    drops_open_calls,
    first_action_only,
    first_call,
    in_any_part,
    in_limit,
    in_whole_numbers,
    in_words_too,
    of_everybody,
    of_the_first_question,
    where_one_always_asks,
    whole_calls,
    with_a_default,
    without_a_look,
    writes_new_calls,
)
from tests.lessons.answers.interruptions_and_errors.at_work import (
    all_calls_or_none,
    asks_for_a_tool,
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
    not_at_its_limit,
    not_whole_when_broken,
    not_whole_when_interrupted,
    or_interrupted,
    raises_the_first,
    retries,
    retries_an_empty_answer,
    sleeps_between,
    streams_again,
    strips_what_it_read,
    the_finish_itself,
    tries_twice,
    whole_although_it_broke,
    whole_at_the_first_reason,
    whole_by_the_last_chunk,
    whole_by_words,
    whole_if,
    whole_with_text,
    yields_contents,
)
from tests.lessons.answers.interruptions_and_errors.first import (
    adds_chunks_to_text,
    adds_nothing_up,
    adds_up,
    all_at_once,
    any_reason_for_calls,
    any_reason_will_do,
    as_given,
    asks_every_error,
    believes_the_mark,
    believes_the_parser,
    believes_the_reason,
    catches_everything,
    catches_lost_connections,
    catches_one_kind,
    collects_first,
    counts_the_role_chunk,
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
from tests.notebooks.outputs import NOTEBOOKS, read
from tests.support.exercise_rules import ExerciseRules, async_stub, generator_stub, stub

EXERCISES = [
    lesson.keep_partial,
    lesson.is_whole,
    lesson.with_full_response,
    lesson.decide,
    lesson.close_open_calls,
    lesson.safe_tool_calls,
    lesson.stream_with_retry,
    lesson.read_until,
]


RIGHT = [
    (lesson.keep_partial, keeps_by_hand),
    (lesson.keep_partial, kept_by()),
    (lesson.is_whole, whole_at_the_first_reason),
    (lesson.decide, decides_by_loops),
    (lesson.decide, decides_by(in_limit)),
    (lesson.close_open_calls, closes_behind_the_results),
    (lesson.close_open_calls, closes_by()),
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
AGENTS = [
    (lesson.decide, decides_by(below_limit), "For 500 with a limit"),
    (lesson.decide, decides_by(lambda *_: True), "For 10000 with a limit"),
    (lesson.decide, decides_by(lambda *_: False), "For 100 with a limit"),
    (lesson.decide, decides_by(without_a_look), "without an amount it raised KeyError"),
    (lesson.decide, decides_by(with_a_default), "For an action without an amount"),
    (lesson.decide, decides_by(in_words_too), "For an amount in words"),
    (lesson.decide, decides_by(in_whole_numbers), "For 500.01 with a limit"),
    (lesson.decide, decides_by(in_limit, {"type": "reject"}), "a rejection says why"),
    (lesson.decide, decides_by(in_limit, actions=first_action_only), "three actions"),
    (lesson.decide, decides_by(in_limit, actions=in_any_part), "AttributeError"),
    (lesson.decide, decides_by(in_limit, actions=where_one_always_asks), "KeyError"),
    (lesson.decide, decides_by(in_limit, actions=calls_instead), "For 10000 with"),
    (
        lesson.decide,
        decides_by(in_limit, actions=of_the_first_question),
        "without a question it raised IndexError",
    ),
    (lesson.decide, decides_for_each_question, "For three actions"),
    (lesson.decide, decides_by_name, "For three actions"),
    (lesson.decide, decides_with_a_command, "return a list"),
    (lesson.decide, decides_in_words, "each is a dict"),
    (lesson.close_open_calls, closes_at_the_end, "OpenAI would refuse it"),
    (lesson.close_open_calls, closes_the_last_message, "and the next question"),
    (lesson.close_open_calls, closes_by_id, "comes again in a later turn"),
    (lesson.close_open_calls, closes_every_call, "With one open call of two"),
    (lesson.close_open_calls, drops_open_calls, "1 of 2 messages are left"),
    (lesson.close_open_calls, closes_in_place, "make a new one"),
    (lesson.close_open_calls, writes_new_calls, "1 of 2 messages are left"),
    (lesson.close_open_calls, closes_as_a_person, "add `ToolMessage`s only"),
    (lesson.close_open_calls, closes_by(whole_calls), "kept as invalid"),
    (lesson.close_open_calls, closes_by(first_call), "With two open calls"),
    (lesson.close_open_calls, closes_by(of_everybody), "it raised AttributeError"),
    (lesson.close_open_calls, closes_by(status="success"), "looks like a success"),
    (lesson.close_open_calls, closes_by(content=""), "say what happened"),
]
WRONG = [
    *AGENTS,
    (
        lesson.is_whole,
        whole_if({"stop", "tool_calls"}.__contains__),
        "For a whole answer of the Responses API it gave False",
    ),
    (lesson.with_full_response, as_given, "two words the reader sees the beginning"),
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
    (lesson.is_whole, whole_although_it_broke, "let the error through"),
    (lesson.is_whole, not_whole_when_broken, "let the error through"),
    (lesson.is_whole, the_finish_itself, "Its `.whole` is the answer"),
    (lesson.is_whole, whole_by_the_last_chunk, "gives None for them"),
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
    (lesson.safe_tool_calls, calls_by(good=asks_for_a_tool), "with 'stop'"),
    (lesson.safe_tool_calls, calls_by(good=bool), "with 'length'"),
    (lesson.safe_tool_calls, calls_by(good=not_at_its_limit), "with 'content_filter'"),
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


STUBS = [stub, stub, as_given, stub, stub, stub, generator_stub, async_stub]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS
    repairs: ClassVar = [lesson.with_full_response]


def test_the_code_to_mend_is_what_the_notebook_gives() -> None:
    notebook = read(NOTEBOOKS / "04_interruptions_and_errors.ipynb")
    [cell] = [cell for cell in notebook.cells if cell.id == "with-full-response"]
    given = ast.parse(cell.source).body[0]
    mine = ast.parse(inspect.getsource(as_given)).body[0]
    assert isinstance(given, ast.FunctionDef) and isinstance(mine, ast.FunctionDef)
    assert ast.dump(ast.Module(given.body, [])) == ast.dump(ast.Module(mine.body, []))


@pytest.fixture(params=["1.0", "1.1"])
def http(request: pytest.FixtureRequest) -> Any:
    return request.param


def through(http: Any, reply: Reply) -> StreamTiming:
    """What a client is told through a proxy that speaks this HTTP."""
    with FakeServer(reply) as server, lesson.Proxy(server.url, http=http) as proxy:
        key = SecretStr("offline")
        model = ChatOpenAI(model="fake", base_url=proxy.url, api_key=key, max_retries=0)
        return measure(model.stream("Hi"), keep_error=True)


def test_the_proxy_passes_a_whole_answer_on(http: Any) -> None:
    timing = through(http, Reply("one two three"))
    assert (timing.text, timing.finish_reason) == ("one two three", "stop")


def test_the_proxy_passes_a_refusal_on(http: Any) -> None:
    error = through(http, Reply("one", status=429)).error
    assert isinstance(error, ModelRateLimitError)


def test_an_end_too_early_is_an_error_in_http_1_1_and_an_end_in_1_0() -> None:
    reply = Reply("one two three", truncate_after=2)
    assert isinstance(through("1.1", reply).error, ModelConnectionError)
    timing = through("1.0", reply)
    assert (timing.text, timing.error, timing.finish_reason) == ("one two", None, None)
