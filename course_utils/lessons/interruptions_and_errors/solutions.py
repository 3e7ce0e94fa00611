"""One way to do each exercise of notebook 4, *Interruptions and errors*."""

import asyncio
import json
from contextlib import aclosing
from itertools import takewhile

from langchain_core.messages import ToolMessage

from course_utils.finish import finish_of


def keep_partial(stream):
    texts = []
    try:
        for chunk in stream:
            texts.append(chunk.text)
    except Exception as error:
        return "".join(texts), error
    return "".join(texts), None


def is_whole(stream):
    end = None
    for chunk in stream:
        end = finish_of(chunk) or end
    return end is not None and end.whole


def stream_with_retry(model, prompt, attempts):
    for attempt in range(1, attempts + 1):
        shown = False
        try:
            for chunk in model.stream(prompt):
                if chunk.text:
                    shown = True
                    yield chunk.text
            return
        except Exception as error:
            retryable = getattr(error, "is_retryable", False)
            if shown or attempt == attempts or not retryable:
                raise


def with_full_response(model, prompt):
    shown = ""
    end = None
    try:
        for chunk in model.stream(prompt):
            shown += chunk.text
            end = finish_of(chunk) or end
            yield chunk.text
    except Exception:
        end = None
    if end is None:
        yield model.invoke(prompt).text.removeprefix(shown)


async def read_until(stream, stop):
    texts = []

    async def read():
        async with aclosing(stream):
            async for chunk in stream:
                texts.append(chunk.text)

    reading = asyncio.create_task(read())
    stopping = asyncio.create_task(stop.wait())
    both = [reading, stopping]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        ends = await asyncio.gather(*both, return_exceptions=True)
    if isinstance(ends[0], Exception):
        raise ends[0]
    return "".join(texts)


def safe_tool_calls(chunks):
    if not chunks:
        return []
    total = sum(chunks[1:], chunks[0])
    end = finish_of(total)
    if end is None or not end.whole:
        return []
    safe = []
    for call in total.tool_call_chunks:
        try:
            safe.append((call["name"], json.loads(call["args"])))
        except json.JSONDecodeError:
            continue
    return safe


def decide(parts, limit):
    decisions = []
    for part in parts:
        if part["type"] != "updates":
            continue
        for question in part["data"].get("__interrupt__", ()):
            for action in question.value["action_requests"]:
                amount = action["args"].get("amount")
                if isinstance(amount, int | float) and amount <= limit:
                    decisions.append({"type": "approve"})
                else:
                    decisions.append({"type": "reject", "message": "Too much."})
    return decisions


def close_open_calls(messages):
    closed = []
    for number, message in enumerate(messages):
        closed.append(message)
        later = messages[number + 1 :]
        results = takewhile(lambda one: isinstance(one, ToolMessage), later)
        answered = {result.tool_call_id for result in results}
        calls = getattr(message, "tool_calls", [])
        calls = [*calls, *getattr(message, "invalid_tool_calls", [])]
        for call in calls:
            if call["id"] not in answered:
                text = "Stopped: it may have taken effect or not."
                closed.append(
                    ToolMessage(text, tool_call_id=call["id"], status="error")
                )
    return closed
