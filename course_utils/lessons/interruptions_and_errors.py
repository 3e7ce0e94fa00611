"""Exercises and questions of notebook 4, *Interruptions and errors*.

Besides them it holds what the notebook breaks streams with: a proxy, a cancelled
reader, an interrupt at a chosen token.

    from course_utils.lessons import interruptions_and_errors as lesson
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import Any

from langchain_core.exceptions import ModelConnectionError
from langchain_core.messages import AIMessageChunk

from course_utils._slips import shorten
from course_utils.exercise import Exercise, NotYet, expect, expect_equal
from course_utils.fake_model import FakeStreamingChatModel
from course_utils.lessons._proxy import Proxy
from course_utils.lessons.solutions import interruptions_and_errors as solutions
from course_utils.quiz import Predict, Quiz
from course_utils.replies import Reply
from course_utils.text import text_of

__all__ = ["Proxy", "cancel_after", "interrupted", "read_some"]

WHOLE = "Hello there, you two."

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


def _model(*replies: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=list(replies))


# 1 · Keep the partial answer


def _check_keep_partial(keep_partial: Callable[[Any], Any]) -> None:
    given = {
        "a whole stream": (Reply(WHOLE), WHOLE, None),
        "a stream that breaks": (
            Reply(WHOLE, drop_after=2),
            "Hello there",
            ModelConnectionError,
        ),
        "a refused request": (
            Reply(reset=True),
            "",
            ModelConnectionError,
        ),
    }
    for name, (reply, text, error) in given.items():
        got = _pair(keep_partial(_model(reply).stream("Hi")), name)
        expect_equal(got[0], text, f"with {name}, the text")
        if error is None:
            expect(got[1] is None, f"With {name} the error is {shorten(got[1])}.")
        elif not isinstance(got[1], error):
            came = f"With {name} the error is {shorten(got[1])}"
            raise NotYet(f"{came}: return the exception itself.")


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
        got = is_whole(_model(reply).stream("Hi"))
        if got is None and expected:
            raise NotYet(f"For {name} it gave None. Is a `return` missing?")
        expect(bool(got) is expected, f"For {name} it gave {shorten(got)}.")
    expect(not is_whole(iter([])), "For a stream without any chunk it gave True.")


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
    at_once, late = Reply(WHOLE, drop_after=0), Reply(WHOLE, drop_after=2)
    cases: list[tuple[str, list[Any], str, bool, int]] = [
        ("a healthy model", [WHOLE], WHOLE, False, 1),
        ("one failure first", [Reply(status=500), WHOLE], WHOLE, False, 2),
        ("a break before any text", [at_once, WHOLE], WHOLE, False, 2),
        ("a break after two tokens", [late], "Hello there", True, 1),
        ("failures only", [Reply(status=500)], "", True, 3),
        ("a request that is wrong", [Reply(status=400)], "", True, 1),
    ]
    for name, replies, text, breaks, requests in cases:
        model = _model(*replies)
        shown, error = _read(stream_with_retry(model, "Hi", 3))
        _not_twice(shown, name)
        expect_equal(shown, text, f"with {name}, the text")
        expect(breaks or not error, f"With {name} an error came: {shorten(error)}.")
        expect(error or not breaks, f"With {name} no error reached the reader.")
        sent = len(model.log)
        expect(
            sent == requests, f"With {name} it made {sent} requests, not {requests}."
        )


def _read(stream: Any) -> tuple[str, Exception | None]:
    """The text of a stream and what broke it."""
    if isinstance(stream, str) or not hasattr(stream, "__iter__"):
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
    shown, _ = _read(with_full_response(_model(WHOLE), "Hi"))
    if shown == WHOLE:
        parts = list(with_full_response(_model(WHOLE), "Hi"))
        expect(len(parts) > 2, "It came in one piece: stream first.")
    cases: list[tuple[str, list[Any], int]] = [
        ("a healthy stream", [WHOLE], 1),
        ("a break", [Reply(WHOLE, drop_after=2), WHOLE], 2),
        ("a silent cut", [Reply(WHOLE, cut_after=3), WHOLE], 2),
        ("a refusal", [Reply(status=500), WHOLE], 2),
    ]
    for name, replies, requests in cases:
        model = _model(*replies)
        shown, error = _read(with_full_response(model, "Hi"))
        expect(error is None, f"With {name} it raised {shorten(error)}.")
        _not_twice(shown, name)
        expect_equal(shown, WHOLE, f"with {name}, the text")
        sent = len(model.log)
        expect(
            sent == requests, f"With {name} it made {sent} requests, not {requests}."
        )


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
    whole = await read_until(_model(WHOLE).astream("Hi"), asyncio.Event())
    expect_equal(whole, WHOLE, "without a stop, the text")
    model = _model(Reply(WHOLE, stall_after=2))
    stop = asyncio.Event()
    stream = model.astream("Hi")
    reading = asyncio.ensure_future(read_until(_setting(stream, stop, 2), stop))
    done, _ = await asyncio.wait([reading], timeout=2)
    reading.cancel()
    expect(done, "The stream is silent and `stop` is set, and it still waits.")
    expect_equal(reading.result(), "Hello there", "stopped in a stall, the text")
    left = model.log[0].outcome
    expect(left == "closed by reader", f"After the stop the model is {left!r}.")
    await _check_break(read_until)


async def _check_break(read_until: Callable[..., Any]) -> None:
    broken = _model(Reply(WHOLE, drop_after=2)).astream("Hi")
    try:
        got = await read_until(broken, asyncio.Event())
    except ModelConnectionError:
        return
    raise NotYet(f"The stream broke, and it gave {shorten(got)} as if nothing had.")


async def _setting(stream: Any, stop: asyncio.Event, tokens: int) -> Any:
    """Pass a stream through, and press stop after so many tokens."""
    seen = 0
    try:
        async for chunk in stream:
            yield chunk
            seen += bool(text_of(chunk))
            if seen == tokens:
                stop.set()
    finally:
        await stream.aclose()


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
        chunks = list(_model(reply).stream("Hi"))
        got = safe_tool_calls(chunks)
        expect(got is not None, f"For {name} it gave None. Is a `return` missing?")
        got = [tuple(one) if isinstance(one, list) else one for one in got]
        expect_equal(got, expected, f"for {name}, the list")
    expect_equal(safe_tool_calls([]), [], "safe_tool_calls([])")
    lying = safe_tool_calls(_lying())
    expect_equal(lying, [], "for half a call that ended with `tool_calls`, the list")


def _lying() -> list[AIMessageChunk]:
    """Half a call from a server that gives the finish reason all the same."""
    model = _model(
        Reply(
            tool_calls=[{"name": "pay", "args": {"amount": 10000}}],
            length_after=-2,
        )
    )
    chunks: Iterator[Any] = model.stream("Hi")
    return [_as_tool_calls(chunk) for chunk in chunks]


def _as_tool_calls(chunk: AIMessageChunk) -> AIMessageChunk:
    if "finish_reason" not in chunk.response_metadata:
        return chunk
    metadata = {**chunk.response_metadata, "finish_reason": "tool_calls"}
    return chunk.model_copy(update={"response_metadata": metadata})


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

# Questions

completes = Predict(
    "A stream has ended and no exception was raised. Is the answer complete?",
    options=[
        ("Yes, an error would have been raised.", "Not if the bytes end tidily."),
        (
            "Only if some chunk gave a finish reason.",
            "It is the one sign that the model came to its own end.",
        ),
        (
            "Yes, if the last chunk has `chunk_position='last'`.",
            "LangChain adds that mark itself when the bytes end.",
        ),
    ],
    answer="b",
    name="completes",
)

half_a_call = Predict(
    "Half of the arguments has come: `amount` is 100 of 10000. What does the agent do?",
    options=[
        ("It refuses the call, streamed or not.", "Without streaming it does."),
        ("It asks the model again.", "Nobody has noticed that something is missing."),
        (
            "Streamed, it pays 100.",
            "The open bracket is closed for it, and 100 is a fine number.",
        ),
    ],
    answer="c",
    name="half_a_call",
)

retries = Predict(
    "A stream breaks after two tokens. Which of these gives the reader the whole "
    "answer, once?",
    options=[
        ("`max_retries`", "The client retries before the answer begins, not after."),
        ("`.with_retry()`", "It never retries a stream."),
        ("None of the four.", "The next cell counts the requests."),
    ],
    answer="c",
    name="retries",
)

quiz = Quiz(
    [
        Predict(
            "Your log shows empty answers without an error. What do you do first?",
            options=[
                ("Look at their finish reasons.", "None means: cut at the beginning."),
                ("Raise the timeout.", "Nothing timed out."),
                ("Ask for longer answers.", "They were not short, they were cut."),
            ],
            answer="a",
        ),
        Predict(
            "A provider keeps the line open with comments and sends no token. What "
            "ends the wait?",
            options=[
                ("`timeout=30`", "Each comment starts it again."),
                ("A deadline between tokens.", "It counts tokens, not bytes."),
                ("`max_retries=3`", "There is no failure to retry."),
            ],
            answer="b",
        ),
        Predict(
            "Half an answer is on the screen when the stream breaks. You choose "
            "`restart`. What must the screen do?",
            options=[
                ("Add the new text below.", "Then the beginning stands there twice."),
                ("Nothing.", "It cannot know what the new text replaces."),
                ("Strike out or clear the old text.", "The restart announces itself."),
            ],
            answer="c",
        ),
    ],
    name="quiz",
)
