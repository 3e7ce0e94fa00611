"""Exercises and questions of notebook 4, *Interruptions and errors*.

Besides them it holds what the notebook breaks streams with: a proxy, a cancelled
reader, an interrupt at a chosen token.

    from course_utils.lessons import interruptions_and_errors as lesson
"""

import asyncio
import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from course_utils.fake.reply import Reply
from course_utils.lessons.first_text import (
    asks_fairly,
    texts_and_error,
    texts_come_early,
)
from course_utils.lessons.interruptions_and_errors import solutions
from course_utils.lessons.interruptions_and_errors.breaking import (
    cancel_after,
    interrupted,
    read_some,
)
from course_utils.lessons.interruptions_and_errors.proxy import Proxy
from course_utils.lessons.interruptions_and_errors.questions import (
    completes,
    half_a_call,
    quiz,
    retries,
)
from course_utils.lessons.interruptions_and_errors.streams import (
    BROKE,
    CALLS,
    COMPLETED,
    ENDS,
    GOOD,
    HELLO,
    KEPT,
    REFUSED,
    RETRIED,
    WHOLE,
    Asked,
    WatchedEvent,
    model_of,
    pausing,
    pressing,
)
from course_utils.lessons.scenes import (
    MANY,
    NASTY,
    PIECES,
    Broke,
    alets_through,
    aplay,
    breaking,
    can_be_cancelled,
    errors,
    hush,
    interrupt,
    lets_through,
    nobody_sleeps,
    on_purpose,
    stalling,
    until,
)
from course_utils.lessons.scripted import Scripted, in_blocks, say
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise
from course_utils.tokens import pieces

__all__ = [
    "Proxy",
    "cancel_after",
    "completes",
    "half_a_call",
    "interrupted",
    "quiz",
    "read_some",
    "retries",
]

# What the notebook breaks streams with


# 1 · Keep the partial answer


def _check_keep_partial(keep_partial: Callable[[Any], Any]) -> None:
    for name, chunks in KEPT.items():
        got = _kept(keep_partial, iter(chunks), f"With {name}")
        expect(got[1] is None, f"With {name} an error came: {_words(got[1])}.")
        text = "".join(str(chunk.text) for chunk in chunks)
        expect_equal(got[0], text, f"with {name}, the text")
    for error in (BROKE, REFUSED, *errors()):
        for begun in ([], HELLO):
            name = f"a {type(error).__name__} after {len(begun)} tokens"
            stream = breaking(map(say, begun), error)
            got = _kept(keep_partial, stream, f"With {name}")
            came = f"With {name} the error is {shorten(got[1])}"
            expect(got[1] is error, f"{came}: return the exception itself.")
            expect_equal(got[0], "".join(begun), f"with {name}, the text")
    for begun in ([], HELLO):
        pressed = interrupt()
        stream = breaking(map(say, begun), pressed)
        lets_through(partial(keep_partial, stream), pressed, "keep_partial")


def _words(error: Any) -> str:
    """An error in words, or what came in its place."""
    said = f": {error}" if isinstance(error, Exception) else ""
    return shorten(error) + said[:80]


def _kept(keep_partial: Callable[[Any], Any], stream: Any, told: str) -> Any:
    try:
        return _pair(keep_partial(stream), told)
    except (NotYet, NotImplementedError):
        raise
    except Exception as error:
        if not on_purpose(error):
            raise
        raised = f"{told} it raised {type(error).__name__}"
        raise NotYet(f"{raised}: return it with the text.") from error


def _pair(got: Any, told: str) -> tuple[Any, Any]:
    if got is None:
        raise NotYet(f"{told} it gave None. Is a `return` missing?")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise NotYet(f"{told} it gave {shorten(got)}: two things, please.")
    return got[0], got[1]


keep_partial = Exercise(
    "keep_partial",
    check=_check_keep_partial,
    hints=[
        "Collect the texts in a list that is made before the `try`.",
        "`except Exception as error` is the place to return what you have.",
    ],
    solution=solutions.keep_partial,
)

# 2 · Detect the cut


def _check_is_whole(is_whole: Callable[[Any], Any]) -> None:
    for name, (chunks, whole) in ENDS.items():
        try:
            got = is_whole(iter(chunks))
        except (IndexError, AttributeError, TypeError, KeyError, ValueError) as error:
            raised = f"For {name} it raised {type(error).__name__}"
            raise NotYet(f"{raised}: say whether it is whole.") from error
        lost = f"For {name} it gave None. Is a `return` missing?"
        expect(got is not None or not whole, lost)
        expect(bool(got) is whole, f"For {name} it gave {shorten(got)}.")
    with suppress(Broke):  # to raise it is as good as to say no
        got = is_whole(breaking(map(say, HELLO), Broke("on purpose")))
        expect(not got, f"The stream broke, and it gave {shorten(got)}.")
    pressed = interrupt()
    stream = breaking(map(say, HELLO), pressed)
    lets_through(partial(is_whole, stream), pressed, "is_whole")


is_whole = Exercise(
    "is_whole",
    check=_check_is_whole,
    hints=[
        "The reason stands in `chunk.response_metadata`, in one chunk only.",
        "Use `.get`: most chunks have no finish reason. Keep the one that comes.",
    ],
    solution=solutions.is_whole,
)

# 3 · Retry only before the first token


def _check_stream_with_retry(stream_with_retry: Callable[..., Any]) -> None:
    texts_come_early(stream_with_retry, 3)
    for name, given in RETRIED.items():
        _ask(stream_with_retry, given, name, given.attempts)
    asks_fairly(stream_with_retry, 3)


def _ask(asks: Callable[..., Any], given: Asked, name: str, *more: Any) -> Scripted:
    """Go on if an answer gives the texts, the error and the requests it should."""
    model, prompt = Scripted(answers=given.answers), f"Why {name}?"
    texts, error = texts_and_error(asks(model, prompt, *more))
    shown, sent = "".join(texts), len(model.prompts)
    _not_twice(shown, given.text, name)
    if given.error is None:
        expect(error is None, f"With {name} an error came: {_words(error)}.")
    else:
        expect(error is not None, f"With {name} no error reached the reader.")
    made = f"With {name} it made {sent} requests, not {given.requests}."
    expect(sent == given.requests, made)
    came = f"With {name} the reader got {_words(error)}, not the model's "
    expect(error is given.error, f"{came}{type(given.error).__name__} as it is.")
    expect_equal(shown, given.text, f"with {name}, the text")
    asked = f"It was given the prompt {prompt!r}, and asked {shorten(model.prompts)}."
    expect(set(model.prompts) == {prompt}, asked)
    return model


def _not_twice(shown: str, text: str, name: str) -> None:
    begin = text[:9]
    twice = f"With {name} the reader sees the beginning twice: {shorten(shown)}."
    expect(shown.count(begin) <= max(1, text.count(begin)) or not begin, twice)


stream_with_retry = Exercise(
    "stream_with_retry",
    check=_check_stream_with_retry,
    hints=[
        "Remember whether a text has gone out. Before that a failure is yours, after "
        "it the reader's.",
        "The last attempt raises as it is. `error.is_retryable` says whether another "
        "one can help.",
    ],
    solution=solutions.stream_with_retry,
)

# 4 · Fall back to a full response


def _check_with_full_response(with_full_response: Callable[..., Any]) -> None:
    texts_come_early(with_full_response)
    for name, given in COMPLETED.items():
        model = _ask(with_full_response, given, name)
        streamed = f"With {name} it streamed again: the full response is `invoke`."
        expect(model.wholes == given.requests - 1, streamed)
    asks_fairly(with_full_response)


with_full_response = Exercise(
    "with_full_response",
    check=_check_with_full_response,
    hints=[
        "A cut raises nothing: look for the finish reason too.",
        "Keep what you have yielded. Of the full response, yield only what comes "
        "after it: `str.removeprefix`.",
    ],
    solution=solutions.with_full_response,
)

# 5 · Stop cleanly


async def _check_read_until(read_until: Callable[..., Any]) -> None:
    hush()
    with nobody_sleeps("read_until"):
        model = model_of(WHOLE)
        await _read_whole(read_until, model.astream("Hi"), WHOLE, "")
        await _read_whole(read_until, pausing(), WHOLE, ", but with a pause")
        await asyncio.gather(
            _read_whole(read_until, aplay(GOOD), NASTY, ", of odd text"),
            _read_whole(read_until, aplay(map(in_blocks, PIECES)), NASTY, ", of lists"),
            _read_whole(read_until, aplay(map(say, MANY)), "".join(MANY), ", of 3,000"),
        )
        for tokens in (2, 0):
            await _check_stop(read_until, tokens)
        for error in (BROKE, *errors()):
            await _check_break(read_until, error)
        await _check_cancel(read_until)


async def _read_whole(read_until: Any, stream: Any, text: str, how: str) -> None:
    made = read_until(stream, asyncio.Event())
    if not inspect.isawaitable(made):
        raise NotYet(f"It gave {shorten(made)}: begin with `async def`.")
    expect_equal(await made, text, f"without a stop{how}, the text")


async def _check_stop(read_until: Callable[..., Any], tokens: int) -> None:
    """Stop is pressed after so many tokens, and then the stream is silent."""
    model = model_of(Reply(WHOLE, stall_after=tokens))
    stop, others = WatchedEvent(), asyncio.all_tasks()
    stream = pressing(model.astream("Hi"), stop, tokens)
    reading = asyncio.ensure_future(read_until(stream, stop))
    done = await until(reading.done)
    reading.cancel()
    expect(done, "The stream is silent and `stop` is set, and it still waits.")
    said = "".join(pieces(WHOLE)[:tokens])
    expect_equal(reading.result(), said, "stopped in a stall, the text")
    expect(stop.asked, "It left the stall without a look at `stop`: wait for it.")
    left = model.log[0].outcome if model.log else "closed by reader"
    expect(left == "closed by reader", f"After the stop the model is {left!r}.")
    await _nothing_is_left(others | {reading}, "the stop")


async def _check_break(read_until: Callable[..., Any], error: Exception) -> None:
    others = asyncio.all_tasks()
    broken = aplay(breaking(map(say, HELLO), error))
    read = partial(read_until, broken, asyncio.Event())
    await alets_through(read, error, "read_until")
    await _nothing_is_left(others, "the break")


async def _check_cancel(read_until: Callable[..., Any]) -> None:
    """The program ends, or the user's connection: whoever awaits it is cancelled."""
    stream = stalling(map(say, HELLO))
    await can_be_cancelled(read_until(stream, asyncio.Event()), "read_until")


async def _nothing_is_left(others: set[Any], when: str) -> None:
    for _ in range(10):  # a cancelled task needs a turn of the loop to end
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - others
    expect(not left, f"A task of yours still runs after {when}: cancel it.")


read_until = Exercise(
    "read_until",
    check=_check_read_until,
    hints=[
        "In a stall no chunk comes, so a look at `stop.is_set()` between chunks is "
        "too late. Wait for two things at once.",
        "Put the reading into a task, `stop.wait()` into another, and use "
        "`asyncio.wait(..., return_when=asyncio.FIRST_COMPLETED)`.",
        "Cancel what is still running and await it; only then is the stream closed, "
        "and you know whether it broke.",
    ],
    solution=solutions.read_until,
)

# 6 · Refuse half a tool call


def _check_safe_tool_calls(safe_tool_calls: Callable[[Any], Any]) -> None:
    for name, (chunks, expected) in CALLS.items():
        _check_calls(safe_tool_calls, list(chunks), expected, name)


def _check_calls(
    safe_tool_calls: Any, chunks: list[Any], expected: list[Any], name: str
) -> None:
    try:
        got = safe_tool_calls(chunks)
    except (IndexError, TypeError, ValueError) as error:
        words = f"{name} it raised {type(error).__name__}: {error}."
        raise NotYet(words[:1].upper() + words[1:]) from error
    if got is None:
        raise NotYet(f"{name[:1].upper()}{name[1:]} it gave None: return a list.")
    got = [tuple(one) if isinstance(one, list) else one for one in got]
    expect_equal(got, expected, f"{name}, the list")


safe_tool_calls = Exercise(
    "safe_tool_calls",
    check=_check_safe_tool_calls,
    hints=[
        "The sum of the chunks has the finish reason, and `tool_call_chunks` with the "
        "arguments as they came: as text.",
        "`json.loads` is strict. `.tool_calls` is not: it closes open brackets.",
    ],
    solution=solutions.safe_tool_calls,
)
