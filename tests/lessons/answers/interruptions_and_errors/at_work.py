"""Answers to the exercises of notebook 4 such as somebody writes at work."""

import asyncio
import contextlib
import json
import time
from typing import Any

from course_utils.finish import finish_of
from course_utils.lessons.scripted import say
from tests.lessons.answers.interruptions_and_errors.first import (
    adds_up,
    keeps_with_a_string,
    waits_for_either,
)


def kept_by(wrap: Any = lambda error: error, caught: Any = Exception) -> Any:
    """An answer to the first exercise that is right but for one slip."""

    def keep_partial(stream: Any) -> Any:
        text = ""
        try:
            for chunk in stream:
                text += chunk.text
        except caught as error:
            return text, wrap(error)
        return text, None

    return keep_partial


def keeps_contents(stream: Any) -> Any:
    return keeps_with_a_string(say(str(chunk.content)) for chunk in stream)


def keeps_the_interrupt_in_mid_stream(stream: Any) -> Any:
    text = ""
    try:
        for chunk in stream:
            text += chunk.text
    except KeyboardInterrupt as error:
        if text:
            return text, error
        raise
    except Exception as error:
        return text, error
    return text, None


def keeps_up_to_the_reason(stream: Any) -> Any:
    text = ""
    try:
        for chunk in stream:
            text += chunk.text
            if chunk.response_metadata.get("finish_reason"):
                break
    except Exception as error:
        return text, error
    return text, None


def keeps_stripped(stream: Any) -> Any:
    text, error = keeps_with_a_string(stream)
    return text.strip(), error


def keeps_by_hand(stream: Any) -> Any:
    """Right: it asks for one chunk after another."""
    texts: list[str] = []
    while True:
        try:
            texts.append(next(stream).text)
        except StopIteration:
            return "".join(texts), None
        except Exception as error:
            return "".join(texts), error


def whole_if(good: Any) -> Any:
    """An answer to the second exercise: the last reason, and what of it is good."""

    def is_whole(stream: Any) -> Any:
        reason = None
        for chunk in stream:
            reason = chunk.response_metadata.get("finish_reason") or reason
        return good(reason)

    return is_whole


def whole_with_text(stream: Any) -> Any:
    chunks = list(stream)
    return adds_up(iter(chunks)) and any(chunk.text for chunk in chunks)


def whole_by_words(stream: Any) -> Any:
    text = "".join(str(chunk) for chunk in stream)
    return "stop" in text or "'tool_calls'" in text


def whole_although_it_broke(stream: Any) -> Any:
    try:
        return adds_up(stream)
    except Exception:
        return True


def not_whole_when_broken(stream: Any) -> Any:
    try:
        return adds_up(stream)
    except Exception:
        return False


def the_finish_itself(stream: Any) -> Any:
    return next(filter(None, map(finish_of, stream)), False)


def whole_by_the_last_chunk(stream: Any) -> Any:
    *_, last = stream
    return finish_of(last).whole  # type: ignore[union-attr]


def not_whole_when_interrupted(stream: Any) -> Any:
    try:
        return adds_up(stream)
    except BaseException:
        return False


def whole_at_the_first_reason(stream: Any) -> Any:
    """Right: it need not read on."""
    for chunk in stream:
        if end := finish_of(chunk):
            return end.whole
    return False


def retries(
    *,
    caught: Any = Exception,
    text: Any = bool,
    times: Any = lambda attempts: attempts,
    prompt: Any = lambda prompt: prompt,
    again: Any = lambda error: getattr(error, "is_retryable", False),
    late: bool = False,
) -> Any:
    """An answer to the third exercise that is right but for one slip."""

    def stream_with_retry(model: Any, asked: Any, attempts: Any) -> Any:
        first = None
        for left in reversed(range(times(attempts))):
            seen, held = False, ""
            try:
                for chunk in model.stream(prompt(asked)):
                    if held:
                        yield held
                        held = ""
                    seen = seen or text(chunk.text)
                    if late and seen:
                        held = chunk.text
                    else:
                        yield chunk.text
                yield held
                return
            except caught as error:
                first = first or error
                if seen or not left or not again(error):
                    raise

    return stream_with_retry


def or_interrupted(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt) or getattr(error, "is_retryable", False)


def raises_the_first(model: Any, prompt: Any, attempts: Any) -> Any:
    errors: list[Any] = []
    for _ in range(attempts):
        seen = False
        try:
            for chunk in model.stream(prompt):
                seen = seen or bool(chunk.text)
                yield chunk.text
            return
        except Exception as error:
            errors.append(error)
            if seen or not getattr(error, "is_retryable", False):
                raise
    raise errors[0]


def retries_an_empty_answer(model: Any, prompt: Any, attempts: Any) -> Any:
    for left in reversed(range(attempts)):
        texts = 0
        for text in retries()(model, prompt, left + 1):
            texts += bool(text)
            yield text
        if texts:
            return


def yields_contents(model: Any, prompt: Any, attempts: Any = 1) -> Any:
    for chunk in model.stream(prompt):
        yield chunk.content


def by_recursion(model: Any, prompt: Any, attempts: Any) -> Any:
    """Right: the rest of the attempts are the same again."""
    seen = False
    try:
        for chunk in model.stream(prompt):
            seen = seen or bool(chunk.text)
            yield chunk.text
    except Exception as error:
        if seen or attempts < 2 or not getattr(error, "is_retryable", False):
            raise
    else:
        return
    yield from by_recursion(model, prompt, attempts - 1)


def completes(
    rest: Any = lambda full, shown: full.removeprefix(shown),
    full: Any = lambda model, prompt: model.invoke(prompt).text,
    caught: Any = Exception,
    broken: Any = lambda reason: reason is None,
) -> Any:
    """An answer to the fourth exercise that is right but for one slip."""

    def with_full_response(model: Any, prompt: Any) -> Any:
        shown, reason = "", None
        try:
            for chunk in model.stream(prompt):
                shown += chunk.text
                reason = chunk.response_metadata.get("finish_reason") or reason
                yield chunk.text
        except caught:
            reason = None
        if broken(reason):
            yield rest(full(model, prompt), shown)

    return with_full_response


def streams_again(model: Any, prompt: Any) -> Any:
    return "".join(chunk.text for chunk in model.stream(prompt))


def tries_twice(model: Any, prompt: Any) -> Any:
    try:
        return model.invoke(prompt).text
    except Exception:
        return model.invoke(prompt).text


def completes_in_finally(model: Any, prompt: Any) -> Any:
    shown, done = "", False
    try:
        for chunk in model.stream(prompt):
            shown += chunk.text
            done = done or "finish_reason" in chunk.response_metadata
            yield chunk.text
    except Exception:
        done = False
    finally:
        if not done:
            yield model.invoke(prompt).text.removeprefix(shown)


def completes_by_pieces(model: Any, prompt: Any) -> Any:
    """Right: the rest word by word."""
    shown, done = "", False
    try:
        for chunk in model.stream(prompt):
            done = done or bool(chunk.response_metadata.get("finish_reason"))
            shown += chunk.text
            yield chunk.text
    except Exception:
        done = False
    if not done:
        yield from model.invoke(prompt).text[len(shown) :]


async def sleeps_between(stream: Any, stop: Any) -> Any:
    time.sleep(0.001)  # noqa: ASYNC251  the slip that is meant
    return await waits_for_either(stream, stop)


async def strips_what_it_read(stream: Any, stop: Any) -> Any:
    return (await waits_for_either(stream, stop)).strip()


async def names_the_break(stream: Any, stop: Any) -> Any:
    try:
        return await waits_for_either(stream, stop)
    except Exception as error:
        raise RuntimeError("It broke.") from error


async def knows_lost_connections_only(stream: Any, stop: Any) -> Any:
    try:
        return await waits_for_either(stream, stop)
    except ValueError:
        return ""


async def keeps_the_cancel(stream: Any, stop: Any) -> Any:
    texts: list[str] = []
    reading = asyncio.ensure_future(reads_into(texts, stream))
    stopping = asyncio.ensure_future(stop.wait())
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait({reading, stopping}, return_when="FIRST_COMPLETED")
    for task in (reading, stopping):
        task.cancel()
    ended = await asyncio.gather(reading, stopping, return_exceptions=True)
    if isinstance(ended[0], Exception):
        raise ended[0]
    return "".join(texts)


async def reads_into(texts: list[str], stream: Any) -> None:
    async with contextlib.aclosing(stream):
        async for chunk in stream:
            texts.append(chunk.text)


async def looks_now_and_then(stream: Any, stop: Any) -> Any:
    """Right: it looks at `stop` twenty times a second."""
    texts: list[str] = []
    reading = asyncio.ensure_future(reads_into(texts, stream))
    try:
        while not reading.done() and not stop.is_set():
            await asyncio.wait({reading}, timeout=0.05)
    finally:
        reading.cancel()
        ended = await asyncio.gather(reading, return_exceptions=True)
    if isinstance(ended[0], Exception):
        raise ended[0]
    return "".join(texts)


def is_good(end: Any) -> bool:
    return end is not None and end.whole


def asks_for_a_tool(end: Any) -> bool:
    return end is not None and end.reason == "tool_calls"


def not_at_its_limit(end: Any) -> bool:
    return end is not None and end.meaning != "length"


def calls_by(load: Any = json.loads, good: Any = is_good) -> Any:
    """An answer to the exercise on half a call that is right but for one slip."""

    def safe_tool_calls(chunks: Any) -> Any:
        if not chunks:
            return []
        total = sum(chunks[1:], chunks[0])
        if not good(finish_of(total)):
            return []
        found = []
        for part in total.tool_call_chunks:
            with contextlib.suppress(ValueError, SyntaxError):
                found.append((part["name"], load(part["args"])))
        return found

    return safe_tool_calls


def calls_by_name(chunks: Any) -> Any:
    return list(dict(calls_by()(chunks)).items())


def all_calls_or_none(chunks: Any) -> Any:
    if not chunks:
        return []
    total = sum(chunks[1:], chunks[0])
    found = calls_by()(chunks)
    return found if len(found) == len(total.tool_call_chunks) else []


def first_call_only(chunks: Any) -> Any:
    return calls_by()(chunks)[:1]


def each_call_once(chunks: Any) -> Any:
    found: list[Any] = []
    for call in calls_by()(chunks):
        if call not in found:
            found.append(call)
    return found


def calls_in_the_order_of_pieces(chunks: Any) -> Any:
    found: list[list[str]] = []
    for chunk in chunks:
        for part in chunk.tool_call_chunks:
            if part["name"]:
                found.append([part["name"], ""])
            found[-1][1] += part["args"]
    if not any(map(is_good, map(finish_of, chunks))):
        return []
    whole = []
    for name, args in found:
        with contextlib.suppress(ValueError):
            whole.append((name, json.loads(args)))
    return whole


def lenient(text: str) -> Any:
    return json.JSONDecoder().raw_decode(text)[0]
