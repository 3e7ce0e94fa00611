"""Answers to the exercises of notebook 2."""

import contextlib
import json
import re
from time import perf_counter

from langchain_core.messages import AIMessageChunk

from course_utils.chunks import text_of
from course_utils.lessons.what_is_streaming import solutions
from course_utils.timing import StreamTiming

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
