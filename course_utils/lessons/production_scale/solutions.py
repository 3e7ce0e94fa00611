"""One way to do each exercise of notebook 5, *Production scale*."""

import asyncio
import re

from course_utils.finish import finish_of


class TokenThrottle:
    def __init__(self, seconds, clock):
        self.seconds = seconds
        self.clock = clock
        self.held = ""
        self.next_update = float("-inf")

    def push(self, text):
        self.held += text
        now = self.clock.now()
        if not self.held or now < self.next_update:
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
    end = None
    for chunk in model.stream(prompt):
        end = finish_of(chunk) or end
        texts.append(chunk.text)
        yield chunk.text
    if end is not None and end.whole:
        store[prompt] = texts


async def hand_over(stream, maxsize):
    queue = asyncio.Queue(maxsize)

    async def read():
        async for item in stream:
            await queue.put(item)

    reading = asyncio.create_task(read())
    try:
        while True:
            coming = asyncio.create_task(queue.get())
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait([coming, reading], return_when=first)
            if not coming.done():  # the stream has ended, and nothing is left
                break
            yield coming.result()
        await reading  # raises what broke the stream
    finally:
        coming.cancel()
        reading.cancel()
        await asyncio.gather(coming, reading, return_exceptions=True)
        await stream.aclose()


async def honest_events(stream):
    end = None
    try:
        async for chunk in stream:
            end = finish_of(chunk) or end
            if chunk.text:
                yield "text", chunk.text
    except Exception as error:
        yield "error", type(error).__name__
        return
    yield ("done", end.reason) if end else ("cut", "no finish reason")


async def ask_all(model, questions, slots):
    room = asyncio.Semaphore(slots)

    async def one(question):
        text = ""
        async with room:
            try:
                async for chunk in model.astream(question):
                    text += chunk.text
            except Exception as error:
                return text, error
        return text, None

    return list(await asyncio.gather(*map(one, questions)))
