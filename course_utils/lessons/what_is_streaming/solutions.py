"""One way to do each exercise of notebook 2, *What is streaming?*"""

import json
from itertools import pairwise
from time import perf_counter


def collect(stream, now=perf_counter):
    start, first, text = now(), None, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece and first is None:
            first = now() - start
        text += piece
    return text, first


def stalls(timing, limit):
    times = [*timing.arrivals, timing.total]
    return [(a, b - a) for a, b in pairwise(times) if b - a > limit]


async def acollect(stream, now=perf_counter):
    start, first, text = now(), None, ""
    async for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece and first is None:
            first = now() - start
        text += piece
    return text, first


def plain(pieces):
    for piece in pieces:
        yield piece.replace("*", "")


def sse_text(lines):
    for line in lines:
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        for choice in json.loads(data)["choices"]:
            if text := choice["delta"].get("content"):
                yield text
