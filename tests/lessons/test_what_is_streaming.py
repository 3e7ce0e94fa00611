"""Each check of notebook 2, on right answers, likely wrong ones and the stub."""

import asyncio

from langchain_openai import ChatOpenAI

from course_utils.fake import FakeStreamingChatModel
from course_utils.fake.server import FakeServer
from course_utils.lessons import what_is_streaming as lesson
from course_utils.lessons.what_is_streaming import solutions
from course_utils.timing import measure
from tests.lessons.answers import stalls as stall_answers
from tests.lessons.answers.what_is_streaming import (
    a_generator,
    a_list,
    acollect_by_a_coroutine,
    acollect_by_list,
    async_stripped,
    async_zero_is_no_time,
    by_map,
    clock_started_in_the_loop,
    collect_by_list,
    collect_by_timing,
    collect_swallows,
    content_always,
    content_instead_of_text,
    drops_pieces_with_stars,
    end_anywhere,
    ends_at_an_empty_chunk,
    error_swallowed,
    every_line,
    first_choice_always,
    first_chunk_instead_of_first_text,
    hour_instead_of_duration,
    last_text_instead_of_first,
    no_blanks,
    no_end,
    no_markdown,
    no_marks,
    no_underscores,
    not_async,
    nothing_returned,
    one_behind,
    one_blank_always,
    one_piece,
    only_double_stars,
    only_messages,
    only_what_is_not_blank,
    own_clock,
    plain_by_filter,
    plain_by_split,
    plain_for,
    plain_swallows,
    sse_by_messages,
    sse_by_slices,
    sse_empty_texts,
    sse_no_blanks,
    sse_replaces,
    sse_skips_bad_lines,
    sse_splits,
    sse_swallows,
    sse_swallows_breaks,
    sse_without_a_stop,
    stripped,
    swallows,
    text_alone,
    text_at_the_end,
    time_after_the_loop,
    time_of_what_is_not_blank,
    whole_text_first,
    yields,
    yields_at_the_end,
    zero_for_never,
    zero_is_no_time,
)
from tests.lessons.answers.what_is_streaming_at_work import (
    async_until_a_bad_value,
    async_without_thoughts,
    collect_blocks_by_hand,
    collect_by_content,
    collect_by_recursion,
    collect_composed,
    collect_in_ascii,
    collect_stops_at_a_bad_value,
    collect_until_finished,
    collect_until_interrupted,
    collect_up_to_the_reason,
    collect_with_its_own_error,
    collect_without_repeats,
    forgets_an_inner_await,
    keeps_it_where_all_can_see,
    plain_by_pairs,
    plain_for_ever,
    plain_letter_by_letter,
    plain_on_a_shared_shelf,
    plain_once,
    plain_one_late_after_the_first,
    plain_says_the_end,
    plain_stripped,
    plain_until_a_bad_value,
    plain_until_interrupted,
    plain_wide_stars,
    plain_with_a_loop_of_its_own,
    sleeps,
    sse_any_field,
    sse_by_events,
    sse_by_every_field,
    sse_by_the_sdks_own_type,
    sse_data_anywhere,
    sse_forgives_the_end,
    sse_in_latin,
    sse_one_late,
    sse_stops_at_a_reason,
    sse_until_interrupted,
    sse_without_repeats,
    survives_a_cancel,
)
from tests.support.exercise_rules import ExerciseRules, async_stub, stub

EXERCISES = [
    lesson.stalls,
    lesson.collect,
    lesson.plain,
    lesson.sse_text,
    lesson.acollect,
]


async def test_a_check_of_async_code_runs_in_a_cell_that_has_a_loop_already():
    assert lesson.acollect.check(solutions.acollect).outcome == "correct"


RIGHT = [
    (lesson.collect, collect_blocks_by_hand),
    (lesson.acollect, async_without_thoughts),
    (lesson.plain, plain_letter_by_letter),
    (lesson.plain, plain_with_a_loop_of_its_own),
    (lesson.sse_text, sse_by_the_sdks_own_type),
    (lesson.sse_text, sse_by_events),
    (lesson.sse_text, sse_by_every_field),
    (lesson.collect, collect_by_list),
    (lesson.collect, collect_by_timing),
    (lesson.acollect, acollect_by_list),
    (lesson.acollect, acollect_by_a_coroutine),
    (lesson.plain, plain_by_split),
    (lesson.plain, plain_by_filter),
    (lesson.sse_text, sse_by_slices),
    (lesson.sse_text, sse_by_messages),
    (lesson.sse_text, sse_without_a_stop),
]
WRONG = [
    (lesson.collect, collect_by_content, "a list of blocks"),
    (lesson.collect, collect_until_finished, "in and after the last chunk"),
    (lesson.collect, collect_up_to_the_reason, "The end is missing."),
    (lesson.collect, collect_without_repeats, "of odd text"),
    (lesson.collect, collect_in_ascii, "of odd text"),
    (lesson.collect, collect_composed, "of odd text"),
    (lesson.collect, collect_by_recursion, "RecursionError"),
    (lesson.collect, collect_stops_at_a_bad_value, "broke with a ValueError"),
    (lesson.collect, collect_until_interrupted, "pressed the square button"),
    (lesson.collect, collect_with_its_own_error, "got a RuntimeError"),
    (lesson.acollect, sleeps, "calls `time.sleep`"),
    (lesson.acollect, forgets_an_inner_await, "an `await` is missing inside it"),
    (lesson.acollect, survives_a_cancel, "let `CancelledError` pass"),
    (lesson.acollect, keeps_it_where_all_can_see, "For a stream"),
    (lesson.acollect, async_until_a_bad_value, "broke with a ValueError"),
    (lesson.plain, plain_one_late_after_the_first, "had read 2 of 20 pieces"),
    (lesson.plain, plain_by_pairs, "`plain` made"),
    (lesson.plain, plain_stripped, "`plain` made"),
    (lesson.plain, plain_once, "`plain` made"),
    (lesson.plain, plain_wide_stars, "`plain` made"),
    (lesson.plain, plain_says_the_end, "yielded once more"),
    (lesson.plain, plain_until_interrupted, "pressed the square button"),
    (lesson.plain, plain_until_a_bad_value, "broke with a ValueError"),
    (lesson.plain, plain_on_a_shared_shelf, "Two at once"),
    (lesson.plain, plain_for_ever, "does it ever end?"),
    (lesson.sse_text, sse_stops_at_a_reason, "With text in the last event"),
    (lesson.sse_text, sse_any_field, "With a thought before the text"),
    (lesson.sse_text, sse_without_repeats, "With the same text twice"),
    (lesson.sse_text, sse_one_late, "holds the stream back"),
    (lesson.sse_text, sse_forgives_the_end, "At the end came half an event"),
    (lesson.sse_text, sse_in_latin, "With letters beyond English"),
    (lesson.sse_text, sse_until_interrupted, "pressed the square button"),
    (lesson.sse_text, sse_data_anywhere, "With fields that you do not need"),
    (lesson.collect, first_chunk_instead_of_first_text, "it was empty"),
    (lesson.collect, clock_started_in_the_loop, "ask now() before the loop"),
    (lesson.collect, hour_instead_of_duration, "subtract the time before the loop"),
    (lesson.collect, last_text_instead_of_first, "not when the first text came"),
    (lesson.collect, own_clock, "Ask now() for the time"),
    (lesson.collect, only_messages, "'str' object has no attribute 'text'"),
    (lesson.collect, content_instead_of_text, "TypeError"),
    (lesson.collect, zero_for_never, "that is None"),
    (lesson.collect, text_alone, "return two values"),
    (lesson.collect, nothing_returned, "is a `return` missing?"),
    (lesson.collect, a_generator, "is a generator"),
    (lesson.collect, error_swallowed, "the second value is when"),
    (lesson.collect, collect_swallows, "('Hel', 0.5) as if nothing had happened"),
    (lesson.collect, stripped, "Spaces and line breaks are text, too"),
    (lesson.collect, only_what_is_not_blank, "Spaces and line breaks are text, too"),
    (lesson.collect, time_of_what_is_not_blank, "A line break is text, too"),
    (lesson.collect, ends_at_an_empty_chunk, "Is all of its text in there"),
    (lesson.collect, zero_is_no_time, "A time of 0 s is a time, too"),
    (lesson.collect, acollect_by_list, "begin with a plain `def`"),
    (lesson.acollect, async_stripped, "Spaces and line breaks are text, too"),
    (lesson.acollect, async_zero_is_no_time, "A time of 0 s is a time, too"),
    (lesson.acollect, plain_for, "'async_generator' object is not iterable"),
    (lesson.acollect, not_async, "begin with `async def`"),
    (lesson.acollect, time_after_the_loop, "not when the first text came"),
    (lesson.acollect, yields, "is a generator"),
    (lesson.acollect, swallows, "let the error through"),
    (lesson.plain, whole_text_first, "holds the stream back"),
    (lesson.plain, a_list, "hand each piece on with `yield`"),
    (lesson.plain, one_piece, "a chain waits for all of it"),
    (lesson.plain, only_double_stars, "made ['*']"),
    (lesson.plain, drops_pieces_with_stars, "made []"),
    (lesson.plain, by_map, "takes it for a function of a whole text"),
    (lesson.plain, one_behind, "had read 1 of 20 pieces"),
    (lesson.plain, no_underscores, "`plain` made"),
    (lesson.plain, no_marks, "`plain` made"),
    (lesson.plain, no_markdown, "`plain` made"),
    (lesson.plain, no_blanks, "`plain` made"),
    (lesson.plain, plain_swallows, "let the error through"),
    (lesson.plain, lambda pieces: print(*pieces), "returned None"),
    (lesson.sse_text, no_end, "JSONDecodeError"),
    (
        lesson.sse_text,
        first_choice_always,
        "With usage at the end it raised `IndexError`",
    ),
    (lesson.sse_text, first_choice_always, '`data: {..., "choices": [], "usage"'),
    (lesson.sse_text, content_always, "`KeyError`: 'content'"),
    (lesson.sse_text, end_anywhere, "With an answer about [DONE]"),
    (lesson.sse_text, one_blank_always, "With no space after the colon"),
    (lesson.sse_text, one_blank_always, '`data:{..., "choices"'),
    (lesson.sse_text, sse_no_blanks, "With an empty line as text"),
    (lesson.sse_text, sse_empty_texts, "yielded ['', 'Hel', 'lo', '']"),
    (lesson.sse_text, sse_replaces, "With an answer about data:"),
    (lesson.sse_text, sse_splits, "With an answer about data:"),
    (lesson.sse_text, sse_swallows, "let the error through"),
    (lesson.sse_text, sse_swallows_breaks, "The stream broke"),
    (lesson.sse_text, sse_skips_bad_lines, "half an event"),
    (lesson.sse_text, every_line, "JSONDecodeError"),
    (lesson.sse_text, text_at_the_end, "all at once"),
    (lesson.sse_text, yields_at_the_end, "all that it had handed on was ''"),
    (lesson.sse_text, lambda lines: None, "returned None"),
]
RIGHT += [(lesson.stalls, answer) for answer in stall_answers.RIGHT]
WRONG += [(lesson.stalls, answer, words) for answer, words in stall_answers.WRONG]
STUBS = [stub, stub, stub, stub, async_stub]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS


# The exercises against what they stand for


def test_collect_agrees_with_measure_on_the_courses_model():
    model = FakeStreamingChatModel(first_token=1.0, per_token=0.1)
    text, first = solutions.collect(model.stream("What is a token?"))
    assert text == measure(model.stream("What is a token?")).text
    assert first > 0


def test_both_collects_agree_on_a_real_client():
    with FakeServer("One two three.") as server:
        chat = ChatOpenAI(model="fake", base_url=server.url, api_key="offline")
        text, _ = solutions.collect(chat.stream("Hi"))
        again, _ = asyncio.run(solutions.acollect(chat.astream("Hi")))
    assert text == again == "One two three."
