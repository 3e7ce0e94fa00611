"""Exercises of notebook 5, *Production scale*: buffers, a cache, queues and an end.

from course_utils.lessons import production_scale as lesson
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from course_utils.clock import VirtualClock
from course_utils.lessons.buffers import cut, is_used_again, lets_go, pushed
from course_utils.lessons.first_text import asks_fairly, texts_come_early
from course_utils.lessons.production_scale import solutions
from course_utils.lessons.production_scale.kept import (
    keeps_nothing_else,
    keeps_nothing_of_who_left,
    keeps_prompts_apart,
    keeps_what_is_whole,
    serves_two_at_once,
)
from course_utils.lessons.production_scale.streams import (
    ENDS,
    each_comes_at_once,
    error_last,
    events_of_two,
    first_comes_early,
    its_reader_is_cancelled,
    leaves_a_silence,
    leaves_in_other_ways,
    pairs,
    reads_ahead,
    same_items,
    two_side_by_side,
)
from course_utils.lessons.scenes import MANY, NASTY, PIECES, aplay, hush, nobody_sleeps
from course_utils.teaching.checks import expect, expect_equal, guess, shorten
from course_utils.teaching.exercise import Exercise

# 1 · Throttle


# The text of a push, its moment, and what comes back. The pause is no whole number of
# waits: an update that counts from a grid, not from the last one, comes too early.
PUSHES = [
    ("a", 0, "a"),
    ("b", 0.125, ""),
    ("c", 0.2, ""),
    ("d", 0.25, "bcd"),
    ("", 0.3125, ""),
    ("e\n", 0.375, ""),
    ("f", 0.5, "e\nf"),
    ("g", 1.375, "g"),
    ("h", 1.5, ""),
    ("i", 1.625, "hi"),
]


def _check_token_throttle(token_throttle: Callable[..., Any]) -> None:
    for seconds, start in ((0.25, 0.0), (1.0, 1000.0)):
        clock = VirtualClock(start)
        throttle = token_throttle(seconds, clock)
        _push_all(throttle, seconds, clock)
        _begins_empty(token_throttle(seconds, clock), seconds)
        _check_flush(throttle, "")
        throttle.push("j")
        _check_flush(throttle, "j")
        one, two = token_throttle(seconds, clock), token_throttle(seconds, clock)
        _check_push(one.push("k"), "k", "The first push", "the first text goes at once")
        first = "its first text goes at once"
        _check_push(two.push("l"), "l", "Another object's", first)
        _check_apart(one, two)
    clock = VirtualClock()
    throttle = token_throttle(0, clock)
    got = [throttle.push(word) for word in MANY]
    expect(got == MANY, f"With `seconds=0` each text goes at once, got {shorten(got)}.")
    _loses_nothing(token_throttle(0.5, clock), clock)


def _push_all(throttle: Any, seconds: float, clock: VirtualClock) -> None:
    start, scale = clock.now(), seconds / 0.25
    last = "the first text goes at once"
    for text, quarter, want in PUSHES:
        moment = quarter * scale
        clock.time = start + moment
        got = throttle.push(text)
        context = f"With `seconds={seconds:g}`, `push({text!r})` at {moment:g} s gave "
        _check_push(got, want, context + shorten(got), last)
        last = f"the last update was at {moment:g} s" if want else last


def _begins_empty(throttle: Any, seconds: float) -> None:
    """The first chunk of a model is empty, and no update."""
    context = f"With `seconds={seconds:g}`, a first `push('')` gave "
    got = throttle.push("")
    expect(got == "", f'{context}{shorten(got)}: an empty text is no update, so `""`.')
    got = throttle.push("a")
    why = "an empty text is no update, so the next one is the first."
    expect(got == "a", f"{context}'', and `push('a')` after it {shorten(got)}: {why}")


def _loses_nothing(throttle: Any, clock: VirtualClock) -> None:
    """Every character of three thousand pieces comes out, in order."""
    text = ""
    for piece in [*PIECES, *MANY]:
        clock.advance(0.2)
        text += throttle.push(piece)
    text += throttle.flush()
    expect_equal(text, NASTY + "".join(MANY), "of 3,000 pieces, the text")


def _check_push(got: Any, want: str, context: str, last: str) -> None:
    expect(got is not None or want, f'{context}: too early is `""`.')
    expect(want or not got, f"{context}: too early, {last}.")
    expect(got != "" or not want, f"{context}, and text is due: {last}.")
    twice = isinstance(got, str) and got.endswith(want)
    why = "Its beginning had come before." if twice else guess(got, want)
    expect(got == want, f"{context}. {why}".rstrip())


def _check_flush(buffer: Any, want: str) -> None:
    got = buffer.flush()
    context = f"With {repr(want) if want else 'nothing'} held, `flush()` gave "
    expect(got == want, f"{context}{shorten(got)}. {guess(got, want)}".rstrip())
    again = buffer.flush()
    expect(
        not again,
        f"A second `flush()` gave {shorten(again)} again: is the buffer empty?",
    )


def _check_apart(one: Any, two: Any) -> None:
    one.push("m")
    two.push("n")
    got = one.flush()
    expect(
        got == "m",
        "One object got 'm', another 'n', and the first one's `flush()` gave "
        f"{shorten(got)}: make what they hold in `__init__`.",
    )


token_throttle = Exercise(
    "token_throttle",
    check=_check_token_throttle,
    hints=[
        "Keep two things: the text that is held, and when the next update may be.",
        '`clock.now()` is the time. `float("-inf")` is before any time.',
    ],
    solution=solutions.TokenThrottle,
    minutes=7,
)

# 2 · Sentences

SPEECH = "One. Two, or 3.5; and more! Is it so? Yes"
SPEECHES = [
    SPEECH,
    "Wait... what?! No.\nYes.  Two  blanks. \n The end! ",
    "v3.5 is out, e.g. here. JA!Nein? Ö. ",
    "A tab.\tNo end. And\u00a0no.\u00a0End. No end yet.",
]


def _check_sentences(sentences: Callable[[], Any]) -> None:
    buffer = sentences()
    got = buffer.push("A promise. It")
    context = f'`push("A promise. It")` gave {shorten(got)}: '
    why = "one sentence is complete, with the space after it."
    expect(got == "A promise. ", f"{context}{why} {guess(got, None)}".rstrip())
    expect_equal(buffer.push(" says, "), "", 'push(" says, ")')
    _check_flush(buffer, "It says, ")
    whole = sentences().push(SPEECH)
    expect_equal(whole, SPEECH.removesuffix("Yes"), "push of all at once")
    for size in (1, 2, 5):
        got = [text for text in pushed(sentences, cut(SPEECH, size)) if text]
        want = ["One. ", "Two, or 3.5; and more! ", "Is it so? ", "Yes"]
        expect_equal("".join(got), SPEECH, f"in pieces of {size}, the text")
        expect(got == want, f"In pieces of {size} the sentences are {got!r}.")
    why = "a sentence ends with `.`, `!` or `?` and a space, and goes on at once."
    for pieces in (*(cut(text, size) for text in SPEECHES for size in (1, 3)), PIECES):
        lets_go(sentences, pieces, _whole_sentences, why, exactly=True)
        text = "".join(pieces)
        expect_equal(
            "".join(pushed(sentences, pieces)), text, "after `flush`, the text"
        )
    is_used_again(sentences, str)
    _check_apart(sentences(), sentences())


def _whole_sentences(text: str) -> str:
    ends = [text.rfind(f"{end} ") for end in ".!?"]
    return text[: max(ends) + 2] if max(ends) >= 0 else ""


sentences = Exercise(
    "sentences",
    check=_check_sentences,
    hints=[
        "Add to what is held, then look for the last end of a sentence in it.",
        'The regular expression `r"[.!?] "` finds an end; `found.end()` is its place.',
    ],
    solution=solutions.Sentences,
    minutes=10,
)

# 3 · A streaming cache


def _check_stream_cached(stream_cached: Callable[..., Any]) -> None:
    @wraps(stream_cached)
    def fresh(model: Any, prompt: str) -> Any:
        return stream_cached(model, prompt, {})

    texts_come_early(fresh)
    keeps_what_is_whole(stream_cached)
    keeps_prompts_apart(stream_cached)
    keeps_nothing_else(stream_cached)
    keeps_nothing_of_who_left(stream_cached)
    serves_two_at_once(stream_cached)
    asks_fairly(fresh)


stream_cached = Exercise(
    "stream_cached",
    check=_check_stream_cached,
    hints=[
        "Collect the texts while you yield them. When may they go into the store?",
        "After the loop, and only if a chunk said that the answer is whole.",
    ],
    solution=solutions.stream_cached,
    minutes=10,
)

# 4 · A bounded hand-over


async def _check_hand_over(hand_over: Callable[..., Any]) -> None:
    hush()
    with nobody_sleeps("hand_over"):
        await same_items(hand_over)
        await error_last(hand_over)
        for maxsize in (1, 10):
            await reads_ahead(hand_over, maxsize)
        await leaves_a_silence(hand_over)
        await leaves_in_other_ways(hand_over)
        await two_side_by_side(hand_over)


hand_over = Exercise(
    "hand_over",
    check=_check_hand_over,
    hints=[
        "`asyncio.Queue(maxsize)` makes the writer wait when it is full.",
        "Put the end and an error into the queue as well, behind the items: then they "
        "reach the reader in order.",
        "In `finally`, cancel the task, await it, and close the stream: `aclose()`.",
    ],
    solution=solutions.hand_over,
    minutes=25,
)

# 5 · An honest end


async def _check_honest_events(honest_events: Callable[[Any], Any]) -> None:
    hush()
    with nobody_sleeps("honest_events"):
        for name, (chunks, end) in ENDS.items():
            made = honest_events(aplay(chunks))
            _judge_events(await pairs(made), chunks, end, f"with {name}")
        await each_comes_at_once(honest_events)
        await first_comes_early(honest_events)
        await its_reader_is_cancelled(honest_events)
        await events_of_two(honest_events)


def _judge_events(events: list[Any], chunks: list[Any], end: Any, context: str) -> None:
    when = context[:1].upper() + context[1:]
    expect(events, f"{when} there were no events.")
    expect_equal(events[-1], end, f"{context}, the last event")
    texts = [str(chunk.text) for chunk in chunks if getattr(chunk, "text", "")]
    said = [text for kind, text in events if kind == "text"]
    empty = said.count("")
    expect(not empty, f"{when} there were {empty} events without text.")
    expect_equal("".join(map(str, said)), "".join(texts), f"{context}, the text")
    others = [kind for kind, _ in events[:-1] if kind != "text"]
    expect(not others, f"{when} there was {others[:1]} before the end.")


honest_events = Exercise(
    "honest_events",
    check=_check_honest_events,
    hints=[
        "Three ends: an exception, a finish reason, and neither.",
        "Remember the finish reason while you read: for most chunks `finish_of` is "
        "`None`. After `except`, return, or there will be two ends.",
    ],
    solution=solutions.honest_events,
    minutes=8,
)
