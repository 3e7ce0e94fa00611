"""Right answers in another style, and wrong ones that break the contract."""

import asyncio
import json
from contextlib import aclosing, suppress
from itertools import takewhile
from typing import Any

from langchain_core.messages import ToolMessage

from course_utils import (
    finish_of,
)
from course_utils.lessons import interruptions_and_errors as errors


def keep_partial_with_iter(stream):
    text, items = "", iter(stream)
    while True:
        try:
            text += next(items).text
        except StopIteration:
            return text, None
        except Exception as error:
            return text, error


class Keeper:
    def __init__(self):
        self.parts, self.error = [], None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.error = error
        return isinstance(error, Exception)


def keep_partial_in_a_context(stream):
    with Keeper() as kept:
        for chunk in stream:
            kept.parts.append(chunk.text)
    return "".join(kept.parts), kept.error


def keep_partial_of_connections(stream):
    text = ""
    try:
        for chunk in stream:
            text += chunk.text
    except ConnectionError as error:
        return text, error
    return text, None


def keep_partial_of_a_list(stream):
    try:
        return "".join([chunk.text for chunk in stream]), None
    except Exception as error:
        return "", error


def keep_partial_with_a_copy(stream):
    text = ""
    try:
        for chunk in stream:
            text += chunk.text
    except Exception as error:
        return text, type(error)(str(error))
    return text, None


def keep_partial_between_calls(stream, parts=[]):
    try:
        for chunk in stream:
            parts.append(chunk.text)
    except Exception as error:
        return "".join(parts), error
    return "".join(parts), None


def is_whole_of_the_list(stream):
    ends = [end for end in map(finish_of, stream) if end]
    return bool(ends) and ends[-1].whole


def is_whole_by_sum(stream):
    found = None
    for chunk in stream:
        found = finish_of(chunk) if finish_of(chunk) is not None else found
    return getattr(found, "whole", False)


def is_whole_of_the_last_chunk(stream):
    end = None
    for chunk in stream:
        end = finish_of(chunk)
    return bool(end and end.whole)


def is_whole_when_not_length(stream):
    end = None
    for chunk in stream:
        end = finish_of(chunk) or end
    return end is not None and end.reason not in ("length", "content_filter")


def is_whole_that_swallows(stream):
    try:
        return is_whole_of_the_list(stream)
    except Exception:
        return False


def full_response_by_pieces(model, prompt):
    parts, ended = [], False
    try:
        for chunk in model.stream(prompt):
            parts.append(chunk.text)
            ended = ended or finish_of(chunk) is not None
            yield parts[-1]
    except Exception:
        ended = False
    if not ended:
        whole = model.invoke(prompt)
        yield whole.text[len("".join(parts)) :]


def full_response_whole_again(model, prompt):
    shown, ended = "", False
    try:
        for chunk in model.stream(prompt):
            shown += chunk.text
            ended = ended or finish_of(chunk) is not None
            yield chunk.text
    except Exception:
        pass
    if not ended:
        yield model.invoke(prompt).text.replace(shown, "")


def full_response_only_of_breaks(model, prompt):
    shown = ""
    try:
        for chunk in model.stream(prompt):
            shown += chunk.text
            yield chunk.text
    except Exception:
        yield model.invoke(prompt).text[len(shown) :]


def full_response_that_loops(model, prompt):
    shown, end = "", None
    try:
        for chunk in model.stream(prompt):
            shown += chunk.text
            end = finish_of(chunk) or end
            yield chunk.text
    except Exception:
        end = None
    while end is None:
        with suppress(Exception):
            yield model.invoke(prompt).text[len(shown) :]
            return


def full_response_at_the_end(model, prompt):
    yield "".join(full_response_by_pieces(model, prompt))


def decide_by_comprehension(parts, limit):
    asked = (
        action
        for part in parts
        if part["type"] == "updates"
        for question in part["data"].get("__interrupt__") or ()
        for action in question.value["action_requests"]
    )
    return [decision(action["args"].get("amount"), limit) for action in asked]


def decision(amount, limit):
    if isinstance(amount, int | float) and amount <= limit:
        return {"type": "approve"}
    return {"type": "reject", "message": f"{amount} is too much."}


def decide_below(parts, limit):
    found = decide_by_comprehension(parts, limit)
    for one in found:
        if one["type"] == "approve" and limit == 0:
            one["type"] = "reject"
    return [*found[:1]]


def decide_of_texts(parts, limit):
    found = []
    for part in parts:
        if part["type"] == "updates" and "__interrupt__" in part["data"]:
            for action in part["data"]["__interrupt__"][0].value["action_requests"]:
                good = float(action["args"].get("amount") or 0) <= limit
                no = {"type": "reject", "message": "Too much."}
                found.append({"type": "approve"} if good else no)
    return found


def decide_all_alike(parts, limit):
    found = decide_by_comprehension(parts, limit)
    if any(one["type"] == "reject" for one in found):
        return [{"type": "reject", "message": "Too much."} for _ in found]
    return found


def close_with_a_generator(messages):
    def closed():
        for number, message in enumerate(messages):
            yield message
            calls = [
                *getattr(message, "tool_calls", ()),
                *getattr(message, "invalid_tool_calls", ()),
            ]
            after = takewhile(
                lambda one: isinstance(one, ToolMessage), messages[number + 1 :]
            )
            known = [one.tool_call_id for one in after]
            for call in calls:
                if call["id"] not in known:
                    yield ToolMessage(
                        "It was stopped.", tool_call_id=call["id"], status="error"
                    )

    return list(closed())


def close_at_the_end(messages):
    results = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    closed = [*messages]
    for message in messages:
        for call in getattr(message, "tool_calls", ()):
            if call["id"] not in results:
                closed.append(
                    ToolMessage("stopped", tool_call_id=call["id"], status="error")
                )
    return closed


def close_in_place(messages):
    closed = close_with_a_generator([*messages])
    messages[:] = closed
    return messages


def close_without_status(messages):
    closed = close_with_a_generator(messages)
    return [
        ToolMessage(one.text, tool_call_id=one.tool_call_id)
        if isinstance(one, ToolMessage) and one not in messages
        else one
        for one in closed
    ]


def safe_by_pairs(chunks):
    if not chunks:
        return []
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    ended = finish_of(whole)
    if not (ended and ended.whole):
        return []

    def parsed(call):
        with suppress(ValueError):
            return [(call["name"], json.loads(call["args"]))]
        return []

    return [pair for call in whole.tool_call_chunks for pair in parsed(call)]


def safe_of_tool_calls(chunks):
    if not chunks:
        return []
    whole = sum(chunks[1:], chunks[0])
    end = finish_of(whole)
    if end is None or not end.whole:
        return []
    return [(call["name"], call["args"]) for call in whole.tool_calls]


def safe_all_or_none(chunks):
    if not chunks:
        return []
    whole = sum(chunks[1:], chunks[0])
    end = finish_of(whole)
    try:
        if end is None or not end.whole:
            return []
        return [(c["name"], json.loads(c["args"])) for c in whole.tool_call_chunks]
    except ValueError:
        return []


def safe_by_word(chunks):
    if not chunks:
        return []
    whole = sum(chunks[1:], chunks[0])
    end = finish_of(whole)
    if end is None or end.reason != "tool_calls":
        return []
    return safe_by_pairs(chunks)


def safe_that_empties(chunks):
    if not chunks:
        return []
    whole = chunks.pop(0)
    while chunks:
        whole = whole + chunks.pop(0)
    return safe_by_pairs([whole])


def retry_recursive(model, prompt, attempts):
    shown = False
    try:
        for chunk in model.stream(prompt):
            if chunk.text:
                shown = True
                yield chunk.text
        return
    except Exception as error:
        again = not shown and attempts > 1 and getattr(error, "is_retryable", False)
        if not again:
            raise
    yield from retry_recursive(model, prompt, attempts - 1)


def retry_of_everything(model, prompt, attempts):
    for number in range(attempts):
        shown = False
        try:
            for chunk in model.stream(prompt):
                if chunk.text:
                    shown = True
                    yield chunk.text
            return
        except Exception:
            if shown or number == attempts - 1:
                raise


def retry_once_more(model, prompt, attempts):
    yield from retry_recursive(model, prompt, attempts + 1)


def retry_that_returns(model, prompt, attempts):
    for _ in range(attempts):
        shown = False
        try:
            for chunk in model.stream(prompt):
                if chunk.text:
                    shown = True
                    yield chunk.text
            return
        except Exception as error:
            if shown or not getattr(error, "is_retryable", False):
                raise


def retry_that_wraps(model, prompt, attempts):
    try:
        yield from retry_recursive(model, prompt, attempts)
    except Exception as error:
        raise RuntimeError("It did not work.") from error


async def read_until_with_wait(stream, stop):
    parts, items = [], aiter(stream)
    stopping = asyncio.ensure_future(stop.wait())
    coming = None
    try:
        while not stop.is_set():
            coming = asyncio.ensure_future(anext(items))
            await asyncio.wait({coming, stopping}, return_when="FIRST_COMPLETED")
            if not coming.done():
                break
            parts.append(coming.result().text)
    except StopAsyncIteration:
        pass
    finally:
        for task in filter(None, (coming, stopping)):
            task.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration, Exception):
                await task
        await stream.aclose()
    return "".join(parts)


async def read_until_the_next_token(stream, stop):
    text = ""
    async with aclosing(stream):
        async for chunk in stream:
            text += chunk.text
            if stop.is_set():
                break
    return text


async def read_until_that_leaves_a_task(stream, stop):
    parts = []

    async def read():
        async for chunk in stream:
            parts.append(chunk.text)

    reading = asyncio.create_task(read())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    return "".join(parts)


async def read_until_that_swallows(stream, stop):
    try:
        return await read_until_with_wait(stream, stop)
    except (Exception, asyncio.CancelledError):
        return ""


RIGHT: list[tuple[Any, Any]] = [
    (errors.keep_partial, keep_partial_with_iter),
    (errors.keep_partial, keep_partial_in_a_context),
    (errors.is_whole, is_whole_of_the_list),
    (errors.is_whole, is_whole_by_sum),
    (errors.with_full_response, full_response_by_pieces),
    (errors.decide, decide_by_comprehension),
    (errors.close_open_calls, close_with_a_generator),
    (errors.safe_tool_calls, safe_by_pairs),
    (errors.stream_with_retry, retry_recursive),
    (errors.read_until, read_until_with_wait),
]
WRONG: list[tuple[Any, Any]] = [
    (errors.keep_partial, keep_partial_of_connections),
    (errors.keep_partial, keep_partial_of_a_list),
    (errors.keep_partial, keep_partial_with_a_copy),
    (errors.keep_partial, keep_partial_between_calls),
    (errors.is_whole, is_whole_of_the_last_chunk),
    (errors.is_whole, is_whole_when_not_length),
    (errors.is_whole, is_whole_that_swallows),
    (errors.with_full_response, full_response_whole_again),
    (errors.with_full_response, full_response_only_of_breaks),
    (errors.with_full_response, full_response_that_loops),
    (errors.with_full_response, full_response_at_the_end),
    (errors.decide, decide_below),
    (errors.decide, decide_of_texts),
    (errors.decide, decide_all_alike),
    (errors.close_open_calls, close_at_the_end),
    (errors.close_open_calls, close_in_place),
    (errors.close_open_calls, close_without_status),
    (errors.safe_tool_calls, safe_of_tool_calls),
    (errors.safe_tool_calls, safe_all_or_none),
    (errors.safe_tool_calls, safe_by_word),
    (errors.safe_tool_calls, safe_that_empties),
    (errors.stream_with_retry, retry_of_everything),
    (errors.stream_with_retry, retry_once_more),
    (errors.stream_with_retry, retry_that_returns),
    (errors.stream_with_retry, retry_that_wraps),
    (errors.read_until, read_until_the_next_token),
    (errors.read_until, read_until_that_leaves_a_task),
    (errors.read_until, read_until_that_swallows),
]
