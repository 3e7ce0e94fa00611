"""Answers to the exercises of notebook 4."""

import asyncio
import contextlib
import json
from typing import Any

from langchain_core.exceptions import ModelConnectionError

from course_utils.finish import finish_of


def keeps_with_a_string(stream: Any) -> Any:
    text, broke = "", None
    try:
        for chunk in stream:
            text += chunk.text
    except Exception as error:
        broke = error
    return text, broke


def loses_the_text(stream: Any) -> Any:
    try:
        return "".join([chunk.text for chunk in stream]), None
    except Exception as error:
        return "", error


def lets_it_raise(stream: Any) -> Any:
    return "".join([chunk.text for chunk in stream]), None


def catches_lost_connections(stream: Any) -> Any:
    text = ""
    try:
        for chunk in stream:
            text += chunk.text
    except ModelConnectionError as error:
        return text, error
    return text, None


def catches_everything(stream: Any) -> Any:
    text = ""
    try:
        for chunk in stream:
            text += chunk.text
    except BaseException as error:
        return text, error
    return text, None


def adds_chunks_to_text(stream: Any) -> Any:
    text = ""
    try:
        for chunk in stream:
            text += chunk
    except Exception as error:
        return text, error
    return text, None


def only_the_text(stream: Any) -> Any:
    return keeps_with_a_string(stream)[0]


def adds_up(stream: Any) -> Any:
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    end = None if total is None else finish_of(total)
    return end is not None and end.whole


def believes_the_mark(stream: Any) -> Any:
    *_, last = stream
    return last.chunk_position == "last"


def keeps_words_of_the_error(stream: Any) -> Any:
    text, error = keeps_with_a_string(stream)
    return text, error and str(error)


def the_reason_itself(stream: Any) -> Any:
    total = None
    for chunk in stream:
        total = chunk if total is None else total + chunk
    return total and total.response_metadata.get("finish_reason")


def any_reason_will_do(stream: Any) -> Any:
    return any(chunk.response_metadata.get("finish_reason") for chunk in stream)


def looks_at_the_last_chunk(stream: Any) -> Any:
    chunk = None
    for chunk in stream:  # noqa: B007  the slip is that only the last one counts
        pass
    return chunk is not None and "finish_reason" in chunk.response_metadata


def retries_by_hand(model: Any, prompt: Any, attempts: Any) -> Any:
    for left in reversed(range(attempts)):
        seen: list[str] = []
        try:
            for chunk in model.stream(prompt):
                if chunk.text:
                    seen.append(chunk.text)
                    yield chunk.text
        except Exception as error:
            if seen or not left or not getattr(error, "is_retryable", False):
                raise
        else:
            return


def asks_every_error(model: Any, prompt: Any, attempts: Any) -> Any:
    for left in reversed(range(attempts)):
        seen = False
        try:
            for chunk in model.stream(prompt):
                seen = seen or bool(chunk.text)
                yield chunk.text
            return
        except Exception as error:
            if seen or not left or not error.is_retryable:  # type: ignore[attr-defined]
                raise


def raises_its_own(model: Any, prompt: Any, attempts: Any) -> Any:
    try:
        yield from retries_by_hand(model, prompt, attempts)
    except Exception:
        raise RuntimeError("failed") from None


def catches_one_kind(model: Any, prompt: Any, attempts: Any) -> Any:
    for left in reversed(range(attempts)):
        seen = False
        try:
            for chunk in model.stream(prompt):
                seen = seen or bool(chunk.text)
                yield chunk.text
            return
        except ModelConnectionError:
            if seen or not left:
                raise


def retries_always(model: Any, prompt: Any, attempts: Any) -> Any:
    for attempt in range(attempts):
        try:
            for chunk in model.stream(prompt):
                yield chunk.text
            return
        except Exception:
            if attempt == attempts - 1:
                raise


def counts_the_role_chunk(model: Any, prompt: Any, attempts: Any) -> Any:
    for attempt in range(attempts):
        begun = False
        try:
            for chunk in model.stream(prompt):
                begun = True
                yield chunk.text
            return
        except Exception:
            if begun or attempt == attempts - 1:
                raise


def retries_what_cannot_help(model: Any, prompt: Any, attempts: Any) -> Any:
    for attempt in range(attempts):
        begun = False
        try:
            for chunk in model.stream(prompt):
                begun = begun or bool(chunk.text)
                yield chunk.text
            return
        except Exception:
            if begun or attempt == attempts - 1:
                raise


def yields_chunks(model: Any, prompt: Any, attempts: Any = 1) -> Any:
    yield from model.stream(prompt)


def gives_up_in_silence(model: Any, prompt: Any, attempts: Any) -> Any:
    for _ in range(attempts):
        try:
            texts = [chunk.text for chunk in model.stream(prompt)]
        except Exception:
            continue
        yield from texts
        return


def all_at_once(model: Any, prompt: Any, attempts: Any = 1) -> Any:
    return "".join([chunk.text for chunk in model.stream(prompt)])


def full_by_length(model: Any, prompt: Any) -> Any:
    shown, done = 0, False
    try:
        for chunk in model.stream(prompt):
            done = done or "finish_reason" in chunk.response_metadata
            shown += len(chunk.text)
            yield chunk.text
    except Exception:
        done = False
    if not done:
        yield model.invoke(prompt).text[shown:]


def as_given(model: Any, prompt: Any) -> Any:
    try:  # what the notebook gives to be mended
        for chunk in model.stream(prompt):
            yield chunk.text
    except Exception:
        yield model.invoke(prompt).text


def full_only_after_errors(model: Any, prompt: Any) -> Any:
    shown = ""
    try:
        for chunk in model.stream(prompt):
            shown += chunk.text
            yield chunk.text
    except Exception:
        yield model.invoke(prompt).text.removeprefix(shown)


def collects_first(model: Any, prompt: Any) -> Any:
    yield from list(full_by_length(model, prompt))


def gives_a_list(model: Any, prompt: Any) -> Any:
    return list(full_by_length(model, prompt))


def hides_the_second_error(model: Any, prompt: Any) -> Any:
    with contextlib.suppress(Exception):
        yield from full_by_length(model, prompt)


def never_streams(model: Any, prompt: Any) -> Any:
    yield model.invoke(prompt).text


async def waits_for_either(stream: Any, stop: Any) -> Any:
    text, stopping = "", asyncio.ensure_future(stop.wait())
    try:
        while not stop.is_set():
            coming = asyncio.ensure_future(anext(stream))
            await asyncio.wait({coming, stopping}, return_when="FIRST_COMPLETED")
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
                break
            text += coming.result().text
    except StopAsyncIteration:
        pass
    finally:
        stopping.cancel()
        await stream.aclose()
    return text


async def looks_between_chunks(stream: Any, stop: Any) -> Any:
    text = ""
    async for chunk in stream:
        text += chunk.text
        if stop.is_set():
            break
    return text


async def never_looks(stream: Any, stop: Any) -> Any:
    text = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1), contextlib.aclosing(stream):
            async for chunk in stream:
                text += chunk.text
    return text


async def polls_the_stream(stream: Any, stop: Any) -> Any:
    text = ""
    try:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                text += (await asyncio.wait_for(anext(stream), 0.1)).text
    except StopAsyncIteration:
        pass
    await stream.aclose()
    return text


async def leaves_a_task(stream: Any, stop: Any) -> Any:
    KEPT.append(asyncio.ensure_future(asyncio.Event().wait()))
    return await waits_for_either(stream, stop)


async def leaves_it_open(stream: Any, stop: Any) -> Any:
    texts: list[str] = []

    async def read() -> None:
        async for chunk in stream:
            texts.append(chunk.text)

    reading = asyncio.ensure_future(read())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({reading, stopping}, return_when="FIRST_COMPLETED")
    KEPT.append(reading)
    return "".join(texts)


KEPT: list[Any] = []


async def hides_the_break(stream: Any, stop: Any) -> Any:
    try:
        return await waits_for_either(stream, stop)
    except Exception:
        return "Hello there"


def strict_by_hand(chunks: Any) -> Any:
    arguments: dict[int, str] = {}
    names: dict[int, str] = {}
    end = None
    for chunk in chunks:
        end = finish_of(chunk) or end
        for part in chunk.tool_call_chunks:
            index = part["index"]
            names[index] = names.get(index) or part["name"]
            arguments[index] = arguments.get(index, "") + (part["args"] or "")
    if end is None or not end.whole:
        return []
    found = []
    for index, text in arguments.items():
        with contextlib.suppress(ValueError):
            found.append((names[index], json.loads(text)))
    return found


def believes_the_parser(chunks: Any) -> Any:
    if not chunks:
        return []
    total = sum(chunks[1:], chunks[0])
    return [(call["name"], call["args"]) for call in total.tool_calls]


def any_reason_for_calls(chunks: Any) -> Any:
    if not chunks:
        return []
    total = sum(chunks[1:], chunks[0])
    with contextlib.suppress(ValueError):
        parts = total.tool_call_chunks
        return [(part["name"], json.loads(part["args"])) for part in parts]
    return []


def adds_nothing_up(chunks: Any) -> Any:
    return strict_by_hand(chunks) if sum(chunks[1:], chunks[0]) else []


def believes_the_reason(chunks: Any) -> Any:
    if not chunks:
        return []
    total = sum(chunks[1:], chunks[0])
    if total.response_metadata.get("finish_reason") != "tool_calls":
        return []
    return [(call["name"], call["args"]) for call in total.tool_calls]
