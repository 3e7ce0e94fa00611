"""Each check of notebook 2, on right answers, likely wrong ones and the stub."""

import asyncio
import contextlib
import json
import re
import time
import unicodedata
from time import perf_counter

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionChunk

from course_utils.chunks import text_of
from course_utils.fake import FakeStreamingChatModel
from course_utils.fake.server import FakeServer
from course_utils.lessons import what_is_streaming as lesson
from course_utils.lessons.what_is_streaming import solutions
from course_utils.serving import read_sse
from course_utils.timing import StreamTiming, measure
from tests.support.exercise_rules import ExerciseRules, async_stub, stub

EXERCISES = [lesson.collect, lesson.acollect, lesson.plain, lesson.sse_text]


# collect: other right answers


def collect_by_list(stream, now=perf_counter):
    start = now()
    timed = [(text_of(item), now() - start) for item in stream]
    text = "".join(text for text, _ in timed)
    return text, next((at for text, at in timed if text), None)


def collect_by_timing(stream, now=perf_counter):
    class Now:
        def now(self):
            return now()

    timing = StreamTiming(clock=Now())
    for _ in timing.watch(stream):
        pass
    return timing.text, timing.time_to_first_token


# collect: likely wrong answers


async def acollect_by_list(stream, now=perf_counter):
    start = now()
    timed = [(text_of(item), now() - start) async for item in stream]
    text = "".join(text for text, _ in timed)
    return text, next((at for text, at in timed if text), None)


def first_chunk_instead_of_first_text(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        first = now() - start if first is None else first
        text += text_of(chunk)
    return text, first


def clock_started_in_the_loop(stream, now=perf_counter):
    start, first, text = None, None, ""
    for chunk in stream:
        start = start or now()
        if text_of(chunk) and first is None:
            first = now() - start
        text += text_of(chunk)
    return text, first


def hour_instead_of_duration(stream, now=perf_counter):
    text, first = "", None
    for chunk in stream:
        if text_of(chunk) and first is None:
            first = now()
        text += text_of(chunk)
    return text, first


def last_text_instead_of_first(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        if text_of(chunk):
            first = now() - start
        text += text_of(chunk)
    return text, first


def own_clock(stream, now=perf_counter):
    return collect_by_list(stream, perf_counter)


def only_messages(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        if chunk.text and first is None:
            first = now() - start
        text += chunk.text
    return text, first


def content_instead_of_text(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.content
        if piece and first is None:
            first = now() - start
        text += piece
    return text, first


def zero_for_never(stream, now=perf_counter):
    text, first = collect_by_list(stream, now)
    return text, first or 0.0


def text_alone(stream, now=perf_counter):
    return collect_by_list(stream, now)[0]


def nothing_returned(stream, now=perf_counter):
    collect_by_list(stream, now)


def a_generator(stream, now=perf_counter):
    for chunk in stream:
        yield text_of(chunk), now()


def stripped(stream, now=perf_counter):
    text, first = collect_by_list(stream, now)
    return text.strip(), first


def only_what_is_not_blank(stream, now=perf_counter):
    return collect_by_list((one for one in stream if text_of(one).strip()), now)


def time_of_what_is_not_blank(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        if text_of(chunk).strip() and first is None:
            first = now() - start
        text += text_of(chunk)
    return text, first


def ends_at_an_empty_chunk(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        if text and not text_of(chunk):
            break
        if text_of(chunk) and first is None:
            first = now() - start
        text += text_of(chunk)
    return text, first


def zero_is_no_time(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        if text_of(chunk) and not first:
            first = now() - start
        text += text_of(chunk)
    return text, first


def error_swallowed(stream, now=perf_counter):
    kept = []
    try:
        for chunk in stream:
            kept.append(chunk)
    except Exception:
        return "".join(map(text_of, kept)), 0.5
    return right_again(kept, now)


def right_again(kept, now):
    """The time is lost by now, so this is wrong for another reason first."""
    return "".join(map(text_of, kept)), None


def collect_swallows(stream, now=perf_counter):
    text, first, start = "", None, now()
    with contextlib.suppress(Exception):
        for chunk in stream:
            if text_of(chunk) and first is None:
                first = now() - start
            text += text_of(chunk)
    return text, first


# acollect


def acollect_by_a_coroutine(stream, now=perf_counter):
    return acollect_by_list(stream, now)


async def plain_for(stream, now=perf_counter):
    return collect_by_list(stream, now)


def not_async(stream, now=perf_counter):
    return "Hello", 1.0


async def time_after_the_loop(stream, now=perf_counter):
    start = now()
    pieces = [text_of(chunk) async for chunk in stream]
    return "".join(pieces), now() - start if any(pieces) else None


async def yields(stream, now=perf_counter):
    async for chunk in stream:
        yield text_of(chunk)


async def swallows(stream, now=perf_counter):
    kept, start = [("", None)], now()
    try:
        async for chunk in stream:
            kept.append((text_of(chunk), now() - start))
    except ConnectionError:
        pass
    text = "".join(text for text, _ in kept)
    return text, next((at for text, at in kept if text), None)


async def async_stripped(stream, now=perf_counter):
    text, first = await acollect_by_list(stream, now)
    return text.strip(), first


async def async_zero_is_no_time(stream, now=perf_counter):
    start, first, text = now(), None, ""
    async for chunk in stream:
        if text_of(chunk) and not first:
            first = now() - start
        text += text_of(chunk)
    return text, first


async def test_a_check_of_async_code_runs_in_a_cell_that_has_a_loop_already():
    assert lesson.acollect.check(solutions.acollect).outcome == "correct"


# plain


def plain_by_split(pieces):
    for piece in pieces:
        yield from piece.split("*")


def plain_by_filter(pieces):
    for piece in pieces:
        if kept := "".join(filter("*".__ne__, piece)):
            yield kept


def whole_text_first(pieces):
    yield "".join(pieces).replace("*", "")


def a_list(pieces):
    return [piece.replace("*", "") for piece in pieces]


def one_piece(piece):
    return piece.replace("*", "")


def only_double_stars(pieces):
    for piece in pieces:
        yield piece.replace("**", "")


def drops_pieces_with_stars(pieces):
    for piece in pieces:
        if "*" not in piece:
            yield piece


def no_underscores(pieces):
    yield from (piece.replace("*", "").replace("_", "") for piece in pieces)


def no_marks(pieces):
    yield from (re.sub(r"[^\w\s.,]", "", piece) for piece in pieces)


def no_markdown(pieces):
    yield from (piece.translate(dict.fromkeys(map(ord, "*_#`"))) for piece in pieces)


def no_blanks(pieces):
    for piece in pieces:
        if piece.strip():
            yield piece.replace("*", "")


def plain_swallows(pieces):
    with contextlib.suppress(Exception):
        yield from solutions.plain(pieces)


def by_map(pieces):
    return map(one_piece, pieces)


def one_behind(pieces):
    held = ""
    for piece in pieces:
        if held:
            yield held
        held = piece.replace("*", "")
    yield held


# sse_text


def sse_by_slices(lines):
    for line in lines:
        if line[:5] != "data:" or line[5:].strip() == "[DONE]":
            if line[5:].strip() == "[DONE]":
                break
            continue
        event = json.loads(line[5:])
        if event["choices"] and event["choices"][0]["delta"].get("content"):
            yield event["choices"][0]["delta"]["content"]


def sse_by_messages(lines):
    def chunks():
        for line in lines:
            if line.rstrip() == "data: [DONE]":
                return
            if line.startswith("data:"):
                for choice in json.loads(line[5:])["choices"]:
                    yield AIMessageChunk(choice["delta"].get("content") or "")

    return (chunk.text for chunk in chunks() if chunk.text)


def sse_without_a_stop(lines):
    for line in lines:
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            for choice in json.loads(data)["choices"]:
                if choice["delta"].get("content"):
                    yield choice["delta"]["content"]


def no_end(lines):
    for line in lines:
        if line.startswith("data:"):
            choices = json.loads(line[5:])["choices"]
            yield from (c["delta"].get("content") or "" for c in choices)


def first_choice_always(lines):
    for line in lines:
        if "[DONE]" in line:
            return
        if line.startswith("data:"):
            yield json.loads(line[5:])["choices"][0]["delta"].get("content") or ""


def content_always(lines):
    for line in lines:
        if line.startswith("data: {"):
            yield json.loads(line[6:])["choices"][0]["delta"]["content"]


def end_anywhere(lines):
    for line in lines:
        if "[DONE]" in line:
            return
        if line.startswith("data:"):
            for choice in json.loads(line[5:])["choices"]:
                yield choice["delta"].get("content") or ""


def one_blank_always(lines):
    for line in lines:
        if line == "data: [DONE]":
            return
        if line.startswith("data: "):
            for choice in json.loads(line[6:])["choices"]:
                yield choice["delta"].get("content") or ""


def sse_no_blanks(lines):
    return (text for text in solutions.sse_text(lines) if text.strip())


def sse_empty_texts(lines):
    for line in lines:
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            for choice in json.loads(line[5:])["choices"]:
                yield choice["delta"].get("content") or ""


def sse_replaces(lines):
    return solutions.sse_text(
        "data:" + line.replace("data:", "") if "data:" in line else line
        for line in lines
    )


def sse_splits(lines):
    return solutions.sse_text(
        "data:" + line.split("data:")[1] if "data:" in line else line for line in lines
    )


def sse_swallows(lines):
    with contextlib.suppress(Exception):
        yield from solutions.sse_text(lines)


def sse_swallows_breaks(lines):
    with contextlib.suppress(ConnectionError):
        yield from solutions.sse_text(lines)


def sse_skips_bad_lines(lines):
    for line in lines:
        with contextlib.suppress(Exception):
            yield from solutions.sse_text([line])


def every_line(lines):
    for line in lines:
        yield json.loads(line[6:])["choices"][0]["delta"]["content"]


def text_at_the_end(lines):
    return "".join(sse_by_slices(lines))


def yields_at_the_end(lines):
    yield "".join(sse_by_slices(lines))


# What somebody writes at work: each of these was accepted once


def collect_by_content(stream, now=perf_counter):
    return collect_by_list((getattr(c, "content", c) for c in stream), now)


def collect_blocks_by_hand(stream, now=perf_counter):
    def text(chunk):
        if isinstance(chunk, str):
            return chunk
        if isinstance(chunk.content, str):
            return chunk.content
        return "".join(block.get("text") or "" for block in chunk.content)

    return collect_by_list(map(text, stream), now)


def collect_until_finished(stream, now=perf_counter):
    def until():
        for chunk in stream:
            if getattr(chunk, "response_metadata", {}).get("finish_reason"):
                return
            yield chunk

    return collect_by_list(until(), now)


def collect_up_to_the_reason(stream, now=perf_counter):
    def until():
        for chunk in stream:
            yield chunk
            if getattr(chunk, "response_metadata", {}).get("finish_reason"):
                return

    return collect_by_list(until(), now)


def collect_without_repeats(stream, now=perf_counter):
    seen = []

    def news():
        for chunk in stream:
            if not seen or text_of(chunk) != seen[-1]:
                seen.append(text_of(chunk))
                yield chunk

    return collect_by_list(news(), now)


def collect_in_ascii(stream, now=perf_counter):
    text, first = collect_by_list(stream, now)
    return text.encode("ascii", "ignore").decode(), first


def collect_composed(stream, now=perf_counter):
    text, first = collect_by_list(stream, now)
    return unicodedata.normalize("NFC", text), first


def collect_by_recursion(stream, now=perf_counter):
    timed, start = [], now()

    def read():
        for item in stream:
            timed.append((text_of(item), now() - start))
            read()
            return

    read()
    text = "".join(text for text, _ in timed)
    return text, next((at for text, at in timed if text), None)


def collect_stops_at_a_bad_value(stream, now=perf_counter):
    start, timed = now(), [("", None)]
    with contextlib.suppress(ValueError):
        timed += [(text_of(item), now() - start) for item in stream]
    text = "".join(text for text, _ in timed)
    return text, next((at for text, at in timed if text), None)


def collect_until_interrupted(stream, now=perf_counter):
    start, timed = now(), []
    with contextlib.suppress(KeyboardInterrupt):
        for item in stream:
            timed.append((text_of(item), now() - start))
    text = "".join(text for text, _ in timed)
    return text, next((at for text, at in timed if text), None)


def collect_with_its_own_error(stream, now=perf_counter):
    try:
        return collect_by_list(stream, now)
    except Exception as error:
        raise RuntimeError("The stream broke.") from error


async def sleeps(stream, now=perf_counter):
    time.sleep(0.01)  # noqa: ASYNC251  the slip that is meant
    return await acollect_by_list(stream, now)


async def forgets_an_inner_await(stream, now=perf_counter):
    return acollect_by_list(stream, now)


async def survives_a_cancel(stream, now=perf_counter):
    start, first, text = now(), None, ""
    with contextlib.suppress(asyncio.CancelledError):
        async for chunk in stream:
            if text_of(chunk) and first is None:
                first = now() - start
            text += text_of(chunk)
    return text, first


class Shared:
    text, first = "", None


async def keeps_it_where_all_can_see(stream, now=perf_counter):
    Shared.text, Shared.first, start = "", None, now()
    async for chunk in stream:
        if text_of(chunk) and Shared.first is None:
            Shared.first = now() - start
        Shared.text += text_of(chunk)
        await asyncio.sleep(0)
    return Shared.text, Shared.first


async def async_until_a_bad_value(stream, now=perf_counter):
    start, timed = now(), [("", None)]
    with contextlib.suppress(ValueError):
        async for item in stream:
            timed.append((text_of(item), now() - start))
    text = "".join(text for text, _ in timed)
    return text, next((at for text, at in timed if text), None)


async def async_without_thoughts(stream, now=perf_counter):
    return await acollect_by_list(  # right: a generator in between
        (chunk async for chunk in stream), now
    )


def plain_one_late_after_the_first(pieces):
    yield next(pieces, "").replace("*", "")
    yield from one_behind(pieces)


def plain_by_pairs(pieces):
    for piece in pieces:
        yield re.sub(r"\*+([^*]*)\*+", r"\1", piece)


def plain_stripped(pieces):
    for piece in pieces:
        yield piece.replace("*", "").strip("\n")


def plain_once(pieces):
    last = None
    for piece in pieces:
        if piece != last:
            yield piece.replace("*", "")
        last = piece


def plain_wide_stars(pieces):
    for piece in pieces:
        yield unicodedata.normalize("NFKC", piece).replace("*", "")


def plain_says_the_end(pieces):
    try:
        yield from solutions.plain(pieces)
    finally:
        yield ""


def plain_until_interrupted(pieces):
    with contextlib.suppress(KeyboardInterrupt):
        yield from solutions.plain(pieces)


def plain_until_a_bad_value(pieces):
    with contextlib.suppress(ValueError):
        yield from solutions.plain(pieces)


HELD = []


def plain_on_a_shared_shelf(pieces):
    for piece in pieces:
        HELD.append(piece.replace("*", ""))
        yield ""
        yield HELD.pop(0)


def plain_for_ever(pieces):
    yield from solutions.plain(pieces)
    while True:
        yield ""


def plain_letter_by_letter(pieces):
    for piece in pieces:
        yield from piece.replace("*", "")


def plain_with_a_loop_of_its_own(pieces):
    while (piece := next(pieces, None)) is not None:
        yield "".join(letter for letter in piece if letter != "*")


def sse_stops_at_a_reason(lines):
    for line in lines:
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            for choice in json.loads(line[5:])["choices"]:
                if choice["finish_reason"]:
                    return
                if choice["delta"].get("content"):
                    yield choice["delta"]["content"]


def sse_any_field(lines):
    for line in lines:
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            for choice in json.loads(line[5:])["choices"]:
                for text in choice["delta"].values():
                    if isinstance(text, str) and text and text != "assistant":
                        yield text


def sse_without_repeats(lines):
    last = None
    for text in solutions.sse_text(lines):
        if text != last:
            yield text
        last = text


def sse_one_late(lines):
    return one_behind(solutions.sse_text(lines))


def sse_in_latin(lines):
    for text in solutions.sse_text(lines):
        yield text.encode("latin-1", "replace").decode("latin-1")


def sse_forgives_the_end(lines):
    broken = None
    for line in lines:
        if broken and line:
            raise broken
        try:
            yield from solutions.sse_text([line])
        except ValueError as error:
            broken = error


def sse_until_interrupted(lines):
    with contextlib.suppress(KeyboardInterrupt):
        yield from solutions.sse_text(lines)


def sse_data_anywhere(lines):
    for line in lines:
        if "data:" in line:
            data = line[line.index("data:") + 5 :].strip()
            if data == "[DONE]":
                return
            for choice in json.loads(data)["choices"]:
                if choice["delta"].get("content"):
                    yield choice["delta"]["content"]


def sse_by_the_sdks_own_type(lines):
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or data == "[DONE]":
            continue
        for choice in ChatCompletionChunk.model_validate_json(data).choices:
            if choice.delta.content:
                yield choice.delta.content


def sse_by_events(lines):
    for event in read_sse(lines):
        if event.data == "[DONE]":
            return
        for choice in json.loads(event.data)["choices"]:
            if text := choice["delta"].get("content"):
                yield text


def sse_by_every_field(lines):
    for line in lines:
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            for choice in json.loads(line[5:])["choices"]:
                assert choice["finish_reason"] in (None, "stop")
                if choice["delta"].get("content"):
                    yield choice["delta"]["content"]


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
    (lesson.collect, hour_instead_of_duration, "take off what it showed"),
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
    (lesson.collect, stripped, "Blanks and line breaks are text, too"),
    (lesson.collect, only_what_is_not_blank, "Blanks and line breaks are text, too"),
    (lesson.collect, time_of_what_is_not_blank, "A line break is text, too"),
    (lesson.collect, ends_at_an_empty_chunk, "Is all of its text in there"),
    (lesson.collect, zero_is_no_time, "A time of 0 s is a time, too"),
    (lesson.collect, acollect_by_list, "begin with a plain `def`"),
    (lesson.acollect, async_stripped, "Blanks and line breaks are text, too"),
    (lesson.acollect, async_zero_is_no_time, "A time of 0 s is a time, too"),
    (lesson.acollect, plain_for, "'async_generator' object is not iterable"),
    (lesson.acollect, not_async, "begin with `async def`"),
    (lesson.acollect, time_after_the_loop, "not when the first text came"),
    (lesson.acollect, yields, "is a generator"),
    (lesson.acollect, swallows, "let the error through"),
    (lesson.plain, whole_text_first, "holds the stream back"),
    (lesson.plain, a_list, "hand each piece on with `yield`"),
    (lesson.plain, one_piece, "no attribute 'replace'"),
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
    (lesson.sse_text, one_blank_always, "With no blank after the colon"),
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
STUBS = [stub, async_stub, stub, stub]


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


# Questions


@pytest.mark.parametrize(
    "question",
    [lesson.complete_first, lesson.leave_chain, lesson.stage, *lesson.quiz.questions],
    ids=lambda one: one.question[:30],
)
def test_every_option_of_a_question_is_explained(question):
    assert all(reason for _, reason in question.options.values())
    assert len({reason for _, reason in question.options.values()}) == 3
