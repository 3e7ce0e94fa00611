"""The exercises of notebook 4: right answers pass, wrong ones are told why."""

import asyncio
import contextlib
import json
from typing import Any

from langchain_core.exceptions import ModelConnectionError

from course_utils.clock import VirtualClock
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.fake_server import FakeServer
from course_utils.lessons import interruptions_and_errors as lesson
from course_utils.replies import Reply
from course_utils.timing import measure
from tests.exercise_rules import ExerciseRules, async_stub, generator_stub, stub

EXERCISES = [
    lesson.keep_partial,
    lesson.is_whole,
    lesson.stream_with_retry,
    lesson.with_full_response,
    lesson.read_until,
    lesson.safe_tool_calls,
]


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
    found = {} if total is None else total.response_metadata
    return found.get("finish_reason") in {"stop", "tool_calls"}


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


def full_again_from_the_start(model: Any, prompt: Any) -> Any:
    try:
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
    ended = ""
    for chunk in chunks:
        ended = chunk.response_metadata.get("finish_reason", ended)
        for part in chunk.tool_call_chunks:
            index = part["index"]
            names[index] = names.get(index) or part["name"]
            arguments[index] = arguments.get(index, "") + (part["args"] or "")
    if ended != "tool_calls":
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


RIGHT = [
    (lesson.keep_partial, keeps_with_a_string),
    (lesson.is_whole, adds_up),
    (lesson.stream_with_retry, retries_by_hand),
    (lesson.with_full_response, full_by_length),
    (lesson.read_until, waits_for_either),
    (lesson.safe_tool_calls, strict_by_hand),
]
WRONG = [
    (lesson.keep_partial, loses_the_text, "a stream that breaks, the text"),
    (lesson.keep_partial, lets_it_raise, "ModelConnectionError"),
    (lesson.keep_partial, only_the_text, "two things"),
    (lesson.keep_partial, catches_lost_connections, "an error event it raised"),
    (lesson.keep_partial, catches_everything, "an interrupt is no error"),
    (
        lesson.keep_partial,
        adds_chunks_to_text,
        "a whole stream an error came: TypeError(",
    ),
    (lesson.keep_partial, keeps_words_of_the_error, "the exception itself"),
    (lesson.is_whole, believes_the_mark, "a silent cut"),
    (lesson.is_whole, the_reason_itself, "it gave 'length'"),
    (lesson.is_whole, any_reason_will_do, "at its token limit"),
    (lesson.is_whole, looks_at_the_last_chunk, "a whole answer"),
    (lesson.stream_with_retry, retries_always, "a break after two tokens"),
    (lesson.stream_with_retry, counts_the_role_chunk, "a break before any text"),
    (lesson.stream_with_retry, retries_what_cannot_help, "a request that is wrong"),
    (lesson.stream_with_retry, yields_chunks, "yield its text"),
    (lesson.stream_with_retry, gives_up_in_silence, "yield each as it comes"),
    (lesson.stream_with_retry, asks_every_error, "the reader got an AttributeError"),
    (lesson.stream_with_retry, raises_its_own, "not the model's ModelConnectionError"),
    (lesson.stream_with_retry, catches_one_kind, "one failure first an error came"),
    (lesson.stream_with_retry, all_at_once, "yield texts as they come"),
    (lesson.with_full_response, full_again_from_the_start, "the beginning twice"),
    (lesson.with_full_response, full_only_after_errors, "a silent cut"),
    (lesson.with_full_response, never_streams, "yield each as it comes"),
    (lesson.with_full_response, collects_first, "yield each as it comes"),
    (lesson.with_full_response, gives_a_list, "yield texts as they come"),
    (lesson.with_full_response, hides_the_second_error, "no error reached the reader"),
    (lesson.read_until, looks_between_chunks, "still waits"),
    (lesson.read_until, never_looks, "without a look at `stop`"),
    (lesson.read_until, polls_the_stream, "with a pause, the text"),
    (lesson.read_until, leaves_a_task, "still runs after the stop"),
    (lesson.read_until, leaves_it_open, "After the stop"),
    (lesson.read_until, hides_the_break, "The stream broke"),
    (lesson.safe_tool_calls, believes_the_parser, "at the token limit"),
    (
        lesson.safe_tool_calls,
        believes_the_reason,
        "half a call that ended `tool_calls`",
    ),
    (lesson.safe_tool_calls, any_reason_for_calls, "had no finish reason"),
    (lesson.safe_tool_calls, adds_nothing_up, "no chunk at all it raised IndexError"),
]


STUBS = [stub, stub, generator_stub, generator_stub, async_stub, stub]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS


def test_the_proxy_passes_a_whole_answer_on() -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    with FakeServer("one two three") as server, lesson.Proxy(server.url) as proxy:
        key = SecretStr("offline")
        model = ChatOpenAI(model="fake", base_url=proxy.url, api_key=key)
        timing = measure(model.stream("Hi"))
    assert (timing.text, timing.finish_reason) == ("one two three", "stop")


def test_reading_some_leaves_the_stream_open() -> None:
    model = FakeStreamingChatModel(replies="one two three", clock=VirtualClock())
    stream = model.stream("Hi")
    assert lesson.read_some(stream, 2) == ["one", " two"]
    assert lesson.read_some(stream, 9) == [" three"]


async def test_a_cancelled_reader_gets_a_cancelled_error() -> None:
    model = FakeStreamingChatModel(replies=Reply("one two", stall_after=1))
    assert await lesson.cancel_after(model.astream("Hi"), 1) == "CancelledError"
    assert model.log[0].outcome == "closed by reader"
