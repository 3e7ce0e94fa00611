"""Exercises and questions of notebook 4, *Interruptions and errors*.

Besides them it holds what the notebook breaks streams with: a proxy, a cancelled
reader, an interrupt at a chosen token.

    from course_utils.lessons import interruptions_and_errors as lesson
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import Any

from langchain_core.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
)

from course_utils.exercise import Exercise, NotYet, expect, expect_equal, shorten
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.lessons._early import first_text_comes_early
from course_utils.lessons._interruption_questions import (
    completes,
    half_a_call,
    quiz,
    retries,
)
from course_utils.lessons._interruption_streams import (
    WHOLE,
    WatchedEvent,
    ended,
    model_of,
    pausing,
    pressing,
)
from course_utils.lessons._proxy import Proxy
from course_utils.lessons.solutions import interruptions_and_errors as solutions
from course_utils.replies import Reply
from course_utils.text import text_of

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


def read_some(stream: Iterable[Any], tokens: int) -> list[str]:
    """Read until so many chunks with text have come; leave the stream open."""
    texts: list[str] = []
    for item in stream:
        if text := text_of(item):
            texts.append(text)
        if len(texts) >= tokens:
            break
    return texts


def interrupted(stream: Iterable[Any], after: int) -> None:
    """Read, and be interrupted after so many tokens, as by the square button."""
    read_some(stream, after)
    raise KeyboardInterrupt


async def cancel_after(stream: AsyncIterable[Any], tokens: int) -> str:
    """Read in a task, cancel it after so many tokens, and name what the task got."""
    told = await _cancelled_after(stream, tokens)
    # The error is forgotten now and with it the frames that keep a chain's inner
    # streams open. The loop takes some turns to close them.
    for _ in range(100):
        await asyncio.sleep(0)
    return told


async def _cancelled_after(stream: AsyncIterable[Any], tokens: int) -> str:
    seen = 0

    async def read() -> None:
        nonlocal seen
        async for item in stream:
            seen += bool(text_of(item))
            if seen >= tokens:
                task.cancel()

    task = asyncio.create_task(read())
    try:
        await task
    except asyncio.CancelledError as error:
        return type(error).__name__
    return "ended"


# 1 · Keep the partial answer


def _check_keep_partial(keep_partial: Callable[[Any], Any]) -> None:
    given = {
        "a whole stream": (Reply(WHOLE), WHOLE, None),
        "a stream that breaks": (
            Reply(WHOLE, drop_after=2),
            "Hello there",
            ModelConnectionError,
        ),
        "a refused request": (Reply(reset=True), "", ModelConnectionError),
        "an error event": (Reply(WHOLE, error_after=2), "Hello there", ModelAPIError),
        "an error of another kind": (ValueError("odd"), "", ValueError),
    }
    for name, (reply, text, error) in given.items():
        got = _pair(_let_through(keep_partial, reply, name), name)
        if error is None:
            expect(got[1] is None, f"With {name} an error came: {got[1]!r}.")
        elif not isinstance(got[1], error):
            came = f"With {name} the error is {shorten(got[1])}"
            raise NotYet(f"{came}: return the exception itself.")
        expect_equal(got[0], text, f"with {name}, the text")
    _check_interrupt(keep_partial)


def _let_through(keep_partial: Callable[[Any], Any], reply: Any, name: str) -> Any:
    try:
        return keep_partial(model_of(reply).stream("Hi"))
    except (ModelError, ValueError) as error:
        raised = f"With {name} it raised {type(error).__name__}"
        raise NotYet(f"{raised}: return it with the text.") from error


def _check_interrupt(keep_partial: Callable[[Any], Any]) -> None:
    def interrupted_at_once() -> Iterator[Any]:
        raise KeyboardInterrupt
        yield

    try:
        got = keep_partial(interrupted_at_once())
    except KeyboardInterrupt:
        return
    why = f"Somebody pressed the square button, and it gave {shorten(got)}"
    raise NotYet(f"{why}: an interrupt is no error of the stream, let it pass.")


def _pair(got: Any, name: str) -> tuple[Any, Any]:
    if got is None:
        raise NotYet(f"With {name} it gave None. Is a `return` missing?")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise NotYet(f"With {name} it gave {shorten(got)}: two things, please.")
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
    call = {"name": "pay", "args": {"amount": 10000}}
    given = {
        "a whole answer": (Reply(WHOLE), True),
        "a whole tool call": (Reply(tool_calls=[call]), True),
        "a silent cut": (Reply(WHOLE, cut_after=2), False),
        "an answer at its token limit": (Reply(WHOLE, length_after=2), False),
        "a filtered answer": (Reply(WHOLE, filter_after=2), False),
    }
    for name, (reply, expected) in given.items():
        got = is_whole(model_of(reply).stream("Hi"))
        if got is None and expected:
            raise NotYet(f"For {name} it gave None. Is a `return` missing?")
        expect(bool(got) is expected, f"For {name} it gave {shorten(got)}.")
    try:
        got = is_whole(iter([]))
    except (IndexError, AttributeError, TypeError) as error:
        raised = f"For a stream without any chunk it raised {type(error).__name__}"
        raise NotYet(f"{raised}: that is no whole answer, either.") from error
    expect(not got, f"For a stream without any chunk it gave {shorten(got)}.")


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
    first_text_comes_early(stream_with_retry, 3)
    at_once, late = Reply(WHOLE, drop_after=0), Reply(WHOLE, drop_after=2)
    cases: list[tuple[str, list[Any], str, type[Exception] | None, int]] = [
        ("a healthy model", [WHOLE], WHOLE, None, 1),
        ("one failure first", [Reply(status=500), WHOLE], WHOLE, None, 2),
        ("a break before any text", [at_once, WHOLE], WHOLE, None, 2),
        ("a break after two tokens", [late], "Hello there", ModelConnectionError, 1),
        ("failures only", [Reply(status=500)], "", ModelAPIError, 3),
        (
            "a request that is wrong",
            [Reply(status=400)],
            "",
            ModelInvalidRequestError,
            1,
        ),
        ("an error without `is_retryable`", [ValueError("odd")], "", ValueError, 1),
    ]
    for name, replies, text, raised, requests in cases:
        model = model_of(*replies)
        shown, error = _read(stream_with_retry(model, "Hi", 3))
        _not_twice(shown, name)
        if raised is None:
            expect(error is None, f"With {name} an error came: {shorten(error)}.")
        else:
            _check_error(error, raised, name)
        expect_equal(shown, text, f"with {name}, the text")
        _check_requests(model, requests, name)


def _check_error(error: Exception | None, raised: type[Exception], name: str) -> None:
    expect(error is not None, f"With {name} no error reached the reader.")
    came = f"With {name} the reader got {shorten(error)}"
    expect(isinstance(error, raised), f"{came}, not the model's {raised.__name__}.")


def _check_requests(model: FakeStreamingChatModel, requests: int, name: str) -> None:
    sent = len(model.log)
    expect(sent == requests, f"With {name} it made {sent} requests, not {requests}.")


def _read(stream: Any) -> tuple[str, Exception | None]:
    """The text of a stream and what broke it."""
    if not isinstance(stream, Iterator):
        raise NotYet(f"It gave {shorten(stream)}: yield texts as they come.")
    texts: list[str] = []
    try:
        for text in stream:
            texts.append(_text(text))
    except NotYet:
        raise
    except Exception as error:
        if isinstance(error, NotImplementedError):
            raise
        return "".join(texts), error
    return "".join(texts), None


def _not_twice(shown: str, name: str) -> None:
    if shown.count(WHOLE[:5]) > 1:
        raise NotYet(f"With {name} the reader sees the beginning twice: {shown!r}.")


def _text(item: Any) -> str:
    if isinstance(item, str):
        return item
    raise NotYet(f"It yields {shorten(item)}: yield its text.")


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
    first_text_comes_early(with_full_response)
    for name, (replies, requests) in _FULL_CASES.items():
        model = model_of(*replies)
        shown, error = _read(with_full_response(model, "Hi"))
        expect(error is None, f"With {name} it raised {shorten(error)}.")
        _not_twice(shown, name)
        expect_equal(shown, WHOLE, f"with {name}, the text")
        _check_requests(model, requests, name)
    model = model_of(Reply(WHOLE, drop_after=2), Reply(status=500))
    _, error = _read(with_full_response(model, "Hi"))
    _check_error(error, ModelAPIError, "a break, and a refusal of the full response")
    _check_requests(model, 2, "a break, and a refusal of the full response")


_FULL_CASES: dict[str, tuple[list[Any], int]] = {
    "a healthy stream": ([WHOLE], 1),
    "a break": ([Reply(WHOLE, drop_after=2), WHOLE], 2),
    "a silent cut": ([Reply(WHOLE, cut_after=3), WHOLE], 2),
    "a refusal": ([Reply(status=500), WHOLE], 2),
}

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
    whole = await read_until(model_of(WHOLE).astream("Hi"), asyncio.Event())
    expect_equal(whole, WHOLE, "without a stop, the text")
    whole = await read_until(pausing(), asyncio.Event())
    expect_equal(whole, WHOLE, "without a stop, but with a pause, the text")
    await _check_stop(read_until)
    await _check_break(read_until)


async def _check_stop(read_until: Callable[..., Any]) -> None:
    model = model_of(Reply(WHOLE, stall_after=2))
    stop, others = WatchedEvent(), asyncio.all_tasks()
    stream = pressing(model.astream("Hi"), stop, 2)
    reading = asyncio.ensure_future(read_until(stream, stop))
    done, _ = await asyncio.wait([reading], timeout=2)
    reading.cancel()
    expect(done, "The stream is silent and `stop` is set, and it still waits.")
    expect_equal(reading.result(), "Hello there", "stopped in a stall, the text")
    left = model.log[0].outcome
    expect(left == "closed by reader", f"After the stop the model is {left!r}.")
    expect(stop.asked, "It left the stall without a look at `stop`: wait for it.")
    for _ in range(10):  # a cancelled task needs a turn of the loop to end
        await asyncio.sleep(0)
    left_over = asyncio.all_tasks() - others - {reading}
    expect(not left_over, "A task of yours still runs after the stop: cancel it.")


async def _check_break(read_until: Callable[..., Any]) -> None:
    broken = model_of(Reply(WHOLE, drop_after=2)).astream("Hi")
    try:
        got = await read_until(broken, asyncio.Event())
    except ModelConnectionError:
        return
    raise NotYet(f"The stream broke, and it gave {shorten(got)} as if nothing had.")


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
    pay = {"name": "pay", "args": {"to": "bob", "amount": 10000}}
    look = {"name": "look", "args": {"what": "the account"}}
    whole = [("pay", pay["args"])]
    given: dict[str, tuple[Reply, list[Any]]] = {
        "a whole call": (Reply(tool_calls=[pay]), whole),
        "two calls": (
            Reply(tool_calls=[pay, look]),
            [*whole, ("look", look["args"])],
        ),
        "a call at the token limit": (Reply(tool_calls=[pay], length_after=-2), []),
        "a silent cut": (Reply(tool_calls=[pay], cut_after=-2), []),
        "text only": (Reply(WHOLE), []),
    }
    for name, (reply, expected) in given.items():
        chunks = list(model_of(reply).stream("Hi"))
        _check_calls(safe_tool_calls, chunks, expected, f"for {name}")
    _check_calls(safe_tool_calls, [], [], "for no chunk at all")
    half = ended(Reply(tool_calls=[pay], length_after=-2), "tool_calls")
    _check_calls(safe_tool_calls, half, [], "for half a call that ended `tool_calls`")
    for reason in (None, "length", "stop"):
        chunks = ended(Reply(tool_calls=[pay]), reason)
        told = f"ended with {reason!r}" if reason else "had no finish reason"
        name = f"where the arguments are complete and the answer {told}"
        _check_calls(safe_tool_calls, chunks, [], name)


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
