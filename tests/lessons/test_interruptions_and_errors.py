"""The exercises of notebook 4: right answers pass, wrong ones are told why."""

import ast
import asyncio
import contextlib
import json
import time
from typing import Any

from langchain_core.exceptions import ModelConnectionError, ModelError

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.fake.server import FakeServer
from course_utils.lessons import interruptions_and_errors as lesson
from course_utils.lessons.scripted import say
from course_utils.timing import measure
from tests.support.exercise_rules import ExerciseRules, async_stub, generator_stub, stub

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


# What somebody writes at work


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


def not_whole_when_interrupted(stream: Any) -> Any:
    try:
        return adds_up(stream)
    except BaseException:
        return False


def whole_at_the_first_reason(stream: Any) -> Any:
    """Right: it need not read on."""
    for chunk in stream:
        if reason := chunk.response_metadata.get("finish_reason"):
            return reason in ("stop", "tool_calls")
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


def calls_by(load: Any = json.loads, reasons: Any = ("tool_calls",)) -> Any:
    """An answer to the last exercise that is right but for one slip."""

    def safe_tool_calls(chunks: Any) -> Any:
        if not chunks:
            return []
        total = sum(chunks[1:], chunks[0])
        if total.response_metadata.get("finish_reason") not in reasons:
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
    if not chunks or not any(
        c.response_metadata.get("finish_reason") == "tool_calls" for c in chunks
    ):
        return []
    whole = []
    for name, args in found:
        with contextlib.suppress(ValueError):
            whole.append((name, json.loads(args)))
    return whole


def lenient(text: str) -> Any:
    return json.JSONDecoder().raw_decode(text)[0]


RIGHT = [
    (lesson.keep_partial, keeps_by_hand),
    (lesson.keep_partial, kept_by()),
    (lesson.is_whole, whole_at_the_first_reason),
    (lesson.is_whole, whole_if({"stop", "tool_calls"}.__contains__)),
    (lesson.stream_with_retry, by_recursion),
    (lesson.stream_with_retry, retries()),
    (lesson.with_full_response, completes_by_pieces),
    (lesson.with_full_response, completes()),
    (lesson.read_until, looks_now_and_then),
    (lesson.safe_tool_calls, calls_by()),
    (lesson.keep_partial, keeps_with_a_string),
    (lesson.is_whole, adds_up),
    (lesson.stream_with_retry, retries_by_hand),
    (lesson.with_full_response, full_by_length),
    (lesson.read_until, waits_for_either),
    (lesson.safe_tool_calls, strict_by_hand),
]
WRONG = [
    (lesson.keep_partial, kept_by(repr), "return the exception itself"),
    (lesson.keep_partial, kept_by(type), "return the exception itself"),
    (lesson.keep_partial, kept_by(caught=ModelError), "it raised Broke"),
    (lesson.keep_partial, keeps_contents, "With the Responses API"),
    (lesson.keep_partial, keeps_the_interrupt_in_mid_stream, "the square button"),
    (lesson.keep_partial, keeps_up_to_the_reason, "and after it, the text"),
    (lesson.keep_partial, keeps_stripped, "With odd text, the text"),
    (lesson.is_whole, whole_if(lambda reason: reason != "length"), "silent cut"),
    (
        lesson.is_whole,
        whole_if(lambda reason: reason not in (None, "length", "content_filter")),
        "that ran out of room",
    ),
    (lesson.is_whole, whole_if("stop".__eq__), "a whole tool call"),
    (lesson.is_whole, whole_with_text, "a whole tool call"),
    (lesson.is_whole, whole_by_words, "after the word stop it gave True"),
    (lesson.is_whole, whole_although_it_broke, "The stream broke, and it gave True"),
    (lesson.is_whole, not_whole_when_interrupted, "pressed the square button"),
    (lesson.stream_with_retry, retries(caught=ModelError), "another library's"),
    (lesson.stream_with_retry, retries(text=str.strip), "after an empty line"),
    (lesson.stream_with_retry, retries(times=lambda n: 3), "and five attempts"),
    (lesson.stream_with_retry, retries(times=lambda n: n + 1), "4 requests, not 3"),
    (lesson.stream_with_retry, retries(prompt=lambda p: "Hi"), "was given the prompt"),
    (lesson.stream_with_retry, retries(late=True), "yield each as it comes"),
    (
        lesson.stream_with_retry,
        retries(again=lambda error: not isinstance(error, ValueError)),
        "With a request that is wrong",
    ),
    (
        lesson.stream_with_retry,
        retries(caught=BaseException, again=or_interrupted),
        "the square button",
    ),
    (lesson.stream_with_retry, raises_the_first, "With failures only"),
    (lesson.stream_with_retry, retries_an_empty_answer, "With an empty answer"),
    (lesson.stream_with_retry, yields_contents, "With one failure first"),
    (
        lesson.with_full_response,
        completes(lambda a, b: a.replace(b, "")),
        "in a repeat",
    ),
    (lesson.with_full_response, completes(lambda a, b: a.lstrip(b)), "With an odd"),
    (
        lesson.with_full_response,
        completes(lambda a, b: a.split(b or "#")[-1]),
        "in a repeat",
    ),
    (lesson.with_full_response, completes(full=streams_again), "it streamed again"),
    (lesson.with_full_response, completes(full=tries_twice), "With a break, and a"),
    (lesson.with_full_response, completes(caught=ModelError), "With an odd error"),
    (lesson.with_full_response, completes(caught=BaseException), "The reader left"),
    (
        lesson.with_full_response,
        completes(broken=lambda reason: reason != "stop"),
        "at its token limit",
    ),
    (lesson.with_full_response, completes_in_finally, "yielded once more"),
    (lesson.read_until, sleeps_between, "calls `time.sleep`"),
    (lesson.read_until, strips_what_it_read, "Only the blanks"),
    (lesson.read_until, names_the_break, "got a RuntimeError"),
    (lesson.read_until, knows_lost_connections_only, "broke with a ValueError"),
    (lesson.read_until, keeps_the_cancel, "let `CancelledError` pass"),
    (lesson.safe_tool_calls, calls_by(load=lenient), "with a rest behind them"),
    (lesson.safe_tool_calls, calls_by(load=ast.literal_eval), "For a whole call"),
    (lesson.safe_tool_calls, calls_by(reasons=("tool_calls", "stop")), "with 'stop'"),
    (lesson.safe_tool_calls, calls_by_name, "For two calls of one tool"),
    (lesson.safe_tool_calls, all_calls_or_none, "For half a call and a whole one"),
    (lesson.safe_tool_calls, first_call_only, "For two calls of one tool"),
    (lesson.safe_tool_calls, each_call_once, "For the same call twice"),
    (lesson.safe_tool_calls, calls_in_the_order_of_pieces, "For two calls in turns"),
    (
        lesson.keep_partial,
        loses_the_text,
        "With a ModelConnectionError after 2 tokens, the text",
    ),
    (lesson.keep_partial, lets_it_raise, "ModelConnectionError"),
    (lesson.keep_partial, only_the_text, "two things"),
    (
        lesson.keep_partial,
        catches_lost_connections,
        "With a ModelAPIError after 0 tokens it raised",
    ),
    (lesson.keep_partial, catches_everything, "pressed the square button"),
    (
        lesson.keep_partial,
        adds_chunks_to_text,
        "a whole stream an error came: a TypeError: can only",
    ),
    (lesson.keep_partial, keeps_words_of_the_error, "the exception itself"),
    (lesson.is_whole, believes_the_mark, "For a whole answer it gave False."),
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
    (lesson.safe_tool_calls, any_reason_for_calls, "For half a call and a whole one"),
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
