"""One way to do each exercise of notebook 5, *Production scale*."""

import asyncio
import re


class TokenThrottle:
    def __init__(self, seconds, clock):
        self.seconds = seconds
        self.clock = clock
        self.held = ""
        self.next_update = float("-inf")

    def push(self, text):
        self.held += text
        now = self.clock.now()
        if now < self.next_update:
            return ""
        self.next_update = now + self.seconds
        return self.flush()

    def flush(self):
        rest, self.held = self.held, ""
        return rest


class Sentences:
    def __init__(self):
        self.held = ""

    def push(self, text):
        self.held += text
        ends = [found.end() for found in re.finditer(r"[.!?] ", self.held)]
        end = ends[-1] if ends else 0
        ready, self.held = self.held[:end], self.held[end:]
        return ready

    def flush(self):
        rest, self.held = self.held, ""
        return rest


def stream_cached(model, prompt, store):
    if prompt in store:
        yield from store[prompt]
        return
    texts = []
    reason = None
    for chunk in model.stream(prompt):
        reason = chunk.response_metadata.get("finish_reason") or reason
        texts.append(chunk.text)
        yield chunk.text
    if reason == "stop":
        store[prompt] = texts


async def hand_over(stream, maxsize):
    queue = asyncio.Queue(maxsize)

    async def read():
        try:
            async for item in stream:
                await queue.put((item, None))
            await queue.put((None, StopAsyncIteration()))
        except Exception as error:
            await queue.put((None, error))
        finally:
            await stream.aclose()

    reading = asyncio.create_task(read())
    try:
        while True:
            item, end = await queue.get()
            if isinstance(end, StopAsyncIteration):
                return
            if end is not None:
                raise end
            yield item
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def honest_events(stream):
    reason = None
    try:
        async for chunk in stream:
            reason = chunk.response_metadata.get("finish_reason") or reason
            if chunk.text:
                yield "text", chunk.text
    except Exception as error:
        yield "error", type(error).__name__
        return
    yield ("done", reason) if reason else ("error", "cut")
