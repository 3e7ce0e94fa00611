"""The checks of notebook 4's exercises on streams: keep, judge, retry, fall back.

from course_utils.lessons import interruptions_and_errors as lesson
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from course_utils.finish import Finish
from course_utils.lessons.first_text import (
    asks_fairly,
    texts_and_error,
    texts_come_early,
)
from course_utils.lessons.interruptions_and_errors import solutions
from course_utils.lessons.interruptions_and_errors.streams import (
    BROKE,
    COMPLETED,
    ENDS,
    HELLO,
    KEPT,
    REFUSED,
    RETRIED,
    Asked,
)
from course_utils.lessons.scenes import (
    Broke,
    breaking,
    errors,
    interrupt,
    lets_through,
    on_purpose,
)
from course_utils.lessons.scripted import Scripted, say
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise

# Keep the partial answer


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


def _kept(keep_partial: Callable[[Any], Any], stream: Any, case: str) -> Any:
    try:
        return _pair(keep_partial(stream), case)
    except (NotYet, NotImplementedError):
        raise
    except Exception as error:
        if not on_purpose(error):
            raise
        raised = f"{case} it raised {type(error).__name__}"
        raise NotYet(f"{raised}: return it with the text.") from error


def _pair(got: Any, case: str) -> tuple[Any, Any]:
    if got is None:
        raise NotYet(f"{case} it gave None. Is a `return` missing?")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise NotYet(
            f"{case} it gave {shorten(got)}: return two things, the text and the error."
        )
    return got[0], got[1]


keep_partial = Exercise(
    "keep_partial",
    check=_check_keep_partial,
    hints=[
        "Collect the texts in a list that is made before the `try`.",
        "`except Exception as error` is the place to return what you have.",
    ],
    solution=solutions.keep_partial,
    minutes=5,
)

# Detect the cut


def _check_is_whole(is_whole: Callable[[Any], Any]) -> None:
    for name, (chunks, whole) in ENDS.items():
        try:
            got = is_whole(iter(chunks))
        except (IndexError, AttributeError, TypeError, KeyError, ValueError) as error:
            raise NotYet(f"For {name} it raised {_in_words(error)}") from error
        lost = f"For {name} it gave None. Is a `return` missing?"
        expect(got is not None or not whole, lost)
        judged = f"For {name} it gave {shorten(got)}."
        expect(not isinstance(got, Finish), f"{judged} Its `.whole` is the answer.")
        expect(bool(got) is whole, judged)
    for broke in (interrupt(), Broke("on purpose")):
        stream = breaking(map(say, HELLO), broke)
        lets_through(partial(is_whole, stream), broke, "is_whole")


def _in_words(error: Exception) -> str:
    """An error of the learner's own, and what a missing reason has to do with it."""
    words = f"{type(error).__name__}: {error}."
    if "NoneType" not in words:
        return words
    return f"{words} Most chunks have no reason yet: `finish_of` gives None for them."


is_whole = Exercise(
    "is_whole",
    check=_check_is_whole,
    hints=[
        "Most chunks have no finish reason: for them `finish_of(chunk)` is None. Keep "
        "the one that does come.",
        "Decide after the loop. If no reason has come, the answer is not whole.",
    ],
    solution=solutions.is_whole,
    minutes=6,
)

# Retry only before the first token


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
    made = f"With {name} it made {_requests(sent)}, not {given.requests}."
    expect(sent == given.requests, made)
    came = f"With {name} the reader got {_words(error)}, not the model's "
    expect(error is given.error, f"{came}{type(given.error).__name__} as it is.")
    expect_equal(shown, given.text, f"with {name}, the text")
    fact = f"It was given the prompt {prompt!r}, and asked {shorten(model.prompts)}."
    expect(set(model.prompts) == {prompt}, fact)
    return model


def _requests(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"


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
    minutes=10,
)

# Fall back to a full response


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
        "A silent cut raises nothing: look for the finish reason, too.",
        "Remember what you have yielded. Of the full response, yield only what comes "
        "after it: `str.removeprefix`.",
    ],
    solution=solutions.with_full_response,
    minutes=8,
)
