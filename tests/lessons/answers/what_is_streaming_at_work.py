"""Answers to the exercises of notebook 2 such as somebody writes at work."""

import asyncio
import contextlib
import json
import re
import time
import unicodedata
from time import perf_counter

from openai.types.chat import ChatCompletionChunk

from course_utils.chunks import text_of
from course_utils.lessons.what_is_streaming import solutions
from course_utils.serving import read_sse
from tests.lessons.answers.what_is_streaming import (
    acollect_by_list,
    collect_by_list,
    one_behind,
)


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
