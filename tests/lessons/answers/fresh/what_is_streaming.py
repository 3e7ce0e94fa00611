"""Right answers in another style, and wrong ones that break the contract."""

import asyncio
import itertools
import json
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from time import perf_counter
from typing import Any

from course_utils.lessons import what_is_streaming as streaming


def stalls_by_index(timing, limit):
    moments = timing.arrivals + [timing.total]
    found = []
    for number in range(len(moments) - 1):
        silence = moments[number + 1] - moments[number]
        if silence > limit:
            found.append((moments[number], silence))
    return found


def stalls_recursive(timing, limit):
    def rest(times):
        if len(times) < 2:
            return []
        first, second, *_ = times
        here = [(first, second - first)] if second - first > limit else []
        return here + rest(times[1:])

    return rest([*timing.arrivals, timing.total])


def stalls_that_append(timing, limit):
    timing.arrivals.append(timing.total)
    times = timing.arrivals
    return [(a, b - a) for a, b in itertools.pairwise(times) if b - a > limit]


def stalls_when_they_end(timing, limit):
    times = [*timing.arrivals, timing.total]
    return [(b, b - a) for a, b in itertools.pairwise(times) if b - a > limit]


def stalls_by_length(timing, limit):
    times = [*timing.arrivals, timing.total]
    found = [(a, b - a) for a, b in itertools.pairwise(times) if b - a > limit]
    return sorted(found, key=lambda pair: -pair[1])


def stalls_of_distinct_times(timing, limit):
    times = sorted({*timing.arrivals, timing.total})
    return [(a, b - a) for a, b in itertools.pairwise(times) if b - a >= limit]


# collect


def collect_in_a_class(stream, now=perf_counter):
    class Collected:
        begun, first, parts = now(), None, []

    Collected.parts = []
    for item in stream:
        said = getattr(item, "text", item)
        said = str(said)
        if said and Collected.first is None:
            Collected.first = now() - Collected.begun
        Collected.parts.append(said)
    return "".join(Collected.parts), Collected.first


def collect_with_iter(stream, now):
    begun, came = now(), []
    for chunk in iter(stream):
        text = chunk if isinstance(chunk, str) else str(chunk.text)
        came.append((text, now() - begun))
    firsts = (at for text, at in came if text)
    return "".join(text for text, _ in came), next(firsts, None)


def collect_from_the_first_item(stream, now):
    begun, first, text = None, None, ""
    for chunk in stream:
        begun = now() if begun is None else begun
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece and first is None:
            first = now() - begun
        text += piece
    return text, first


def collect_content(stream, now):
    begun, first, text = now(), None, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else str(chunk.content)
        if piece and first is None:
            first = now() - begun
        text += piece
    return text, first


def collect_that_strips(stream, now):
    begun, first, text = now(), None, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece.strip() and first is None:
            first = now() - begun
        text += piece
    return text, first


def collect_zero_is_none(stream, now):
    begun, first, text = now(), 0, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece and not first:
            first = now() - begun
        text += piece
    return text, first or None


# plain


def plain_by_comprehension(pieces):
    return ("".join(c for c in piece if c != "*") for piece in pieces)


def plain_by_map(pieces):
    yield from map(lambda piece: piece.translate({ord("*"): None}), pieces)


def plain_in_pairs(pieces):
    pieces = iter(pieces)
    for one in pieces:
        yield (one + next(pieces, "")).replace("*", "")


def plain_of_marks_only(pieces):
    for piece in pieces:
        yield re.sub(r"\*(\S[^*]*)\*", r"\1", piece).replace("**", "")


def plain_that_strips(pieces):
    for piece in pieces:
        yield piece.strip("*")


def plain_one_behind(pieces):
    held = None
    for piece in pieces:
        if held is not None:
            yield held
        held = piece.replace("*", "")
    if held is not None:
        yield held


# sse_text


def sse_by_regex(lines):
    for line in lines:
        found = re.match(r"data: ?(.*)", line, re.DOTALL)
        if not found or found[1].strip() == "[DONE]":
            continue
        for choice in json.loads(found[1])["choices"]:
            yield from filter(None, [choice.get("delta", {}).get("content")])


class SseText:
    def __init__(self, lines):
        self.lines = iter(lines)
        self.ready = deque()

    def __iter__(self):
        return self

    def __next__(self):
        while not self.ready:
            self.take(next(self.lines))
        return self.ready.popleft()

    def take(self, line):
        field, _, data = line.partition(":")
        if field != "data" or data.strip() == "[DONE]":
            return
        choices = json.loads(data).get("choices") or []
        texts = [(c.get("delta") or {}).get("content") for c in choices]
        self.ready.extend(text for text in texts if text)


def sse_that_skips_errors(lines):
    for line in lines:
        try:
            data = json.loads(line.removeprefix("data:"))
        except ValueError:
            continue
        for choice in data["choices"]:
            if text := choice["delta"].get("content"):
                yield text


def sse_of_the_first_choice(lines):
    for line in lines:
        if line.startswith("data: {"):
            data = json.loads(line[6:])
            if text := data["choices"][0]["delta"].get("content"):
                yield text


def sse_all_at_the_end(lines):
    yield from list(sse_by_regex(lines))


def sse_that_strips(lines):
    for text in sse_by_regex(lines):
        yield text.strip("\n")


# acollect


async def acollect_with_anext(stream, now):
    begun, first, parts = now(), None, []
    items = aiter(stream)
    while True:
        try:
            item = await anext(items)
        except StopAsyncIteration:
            return "".join(parts), first
        text = item if isinstance(item, str) else item.text
        if text and first is None:
            first = now() - begun
        parts.append(text)


async def acollect_in_a_task(stream, now):
    begun = now()

    async def read():
        return [
            (c if isinstance(c, str) else c.text, now() - begun) async for c in stream
        ]

    came = await asyncio.create_task(read())
    first = next((at for text, at in came if text), None)
    return reduce(lambda whole, one: whole + one[0], came, ""), first


async def acollect_in_a_loop_of_its_own(stream, now):
    async def read():
        return [chunk.text async for chunk in stream]

    begun = now()
    with ThreadPoolExecutor(1) as pool:
        texts = pool.submit(asyncio.run, read()).result()
    return "".join(texts), now() - begun


async def acollect_at_the_end(stream, now):
    begun = now()
    texts = [c if isinstance(c, str) else c.text async for c in stream]
    return "".join(texts), (now() - begun) if any(texts) else None


async def acollect_last(stream, now):
    begun, last, text = now(), None, ""
    async for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        text += piece
        last = now() - begun if piece else last
    return text, last


RIGHT: list[tuple[Any, Any]] = [
    (streaming.stalls, stalls_by_index),
    (streaming.collect, collect_in_a_class),
    (streaming.collect, collect_with_iter),
    (streaming.plain, plain_by_map),
    (streaming.sse_text, sse_by_regex),
    (streaming.sse_text, SseText),
    (streaming.acollect, acollect_with_anext),
    (streaming.acollect, acollect_in_a_task),
]
WRONG: list[tuple[Any, Any]] = [
    (streaming.stalls, stalls_recursive),
    (streaming.stalls, stalls_that_append),
    (streaming.stalls, stalls_when_they_end),
    (streaming.stalls, stalls_by_length),
    (streaming.stalls, stalls_of_distinct_times),
    (streaming.collect, collect_from_the_first_item),
    (streaming.collect, collect_content),
    (streaming.collect, collect_that_strips),
    (streaming.collect, collect_zero_is_none),
    (streaming.plain, plain_by_comprehension),
    (streaming.plain, plain_in_pairs),
    (streaming.plain, plain_of_marks_only),
    (streaming.plain, plain_that_strips),
    (streaming.plain, plain_one_behind),
    (streaming.sse_text, sse_that_skips_errors),
    (streaming.sse_text, sse_of_the_first_choice),
    (streaming.sse_text, sse_all_at_the_end),
    (streaming.sse_text, sse_that_strips),
    (streaming.acollect, acollect_in_a_loop_of_its_own),
    (streaming.acollect, acollect_at_the_end),
    (streaming.acollect, acollect_last),
]
