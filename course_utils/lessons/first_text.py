"""Scenes for a generator that asks a model and yields its texts as they come.

texts_come_early(stream_with_retry, 3)
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.lessons.scenes import (
    MANY,
    MOST,
    PIECES,
    in_turns,
    interrupt,
    leaves,
    lets_through,
)
from course_utils.lessons.scripted import Scripted, answer, say
from course_utils.teaching.checks import NotYet, expect, shorten

Asks = Callable[..., Any]  # a generator function of a model, a prompt and more
WORDS = ["word", *[" word"] * 19]


def texts_of(made: Any, seen: list[str] | None = None) -> list[str]:
    """The texts that an answer yields: no chunks, no list, and not for ever.

    Args:
        made: What the answer made.
        seen: Where to put each text as it comes.
    """
    if not isinstance(made, Iterator):
        raise NotYet(f"It gave {shorten(made)}: yield texts as they come.")
    texts = [] if seen is None else seen
    for item in islice(made, MOST):
        if not isinstance(item, str):
            raise NotYet(f"It yields {shorten(item)}: yield its text.")
        texts.append(str(item))
    expect(len(texts) < MOST, f"After {MOST:,} texts it goes on: does it ever end?")
    return texts


def texts_and_error(made: Any) -> tuple[list[str], BaseException | None]:
    """The texts that an answer yields, and what broke it."""
    seen: list[str] = []
    try:
        return texts_of(made, seen), None
    except (NotYet, NotImplementedError):
        raise
    except (Exception, KeyboardInterrupt) as error:
        return seen, error


def texts_come_early(asks: Asks, *more: Any) -> None:
    """Go on if every text comes while the model has sent no more than that.

    Args:
        asks: A generator function of a model, a prompt and `more`.
        more: What else it takes.
    """
    model = Scripted(answers=[answer(WORDS)])
    made, came = asks(model, "Hi", *more), 0
    if not isinstance(made, Iterator):
        return  # told elsewhere
    for text in islice(made, MOST):
        came += bool(text)
        sent = model.texts
        fact = f"Text number {came} came after {sent} tokens of 20"
        expect(sent <= came, f"{fact}: yield each as it comes.")


def asks_fairly(asks: Asks, *more: Any) -> None:
    """Go on if its reader may leave, or be interrupted, and two may ask at once."""
    fake = FakeStreamingChatModel(replies="".join(WORDS))
    made = asks(fake, "Hi", *more)
    leaves("it", made)
    del made
    call, requests = fake.log[0], len(fake.log)
    expect(requests == 1, f"The reader left, and then it made {requests - 1} request.")
    left = f"The reader left, and the model wrote on: it {call.outcome}."
    expect(call.outcome == "closed by reader", left)
    for begun in ([], ["One"]):
        error = interrupt()
        model = Scripted(answers=[[*map(say, begun), error], answer(["Two"])])
        lets_through(
            partial(_read, asks, model, more), error, getattr(asks, "__name__", "it")
        )
        requests = len(model.prompts)
        fact = f"The check pressed the square button, and it asked {requests} times."
        expect(requests == 1, fact)
    _two_at_once(asks, *more)


def _read(asks: Asks, model: Any, more: Sequence[Any]) -> list[str]:
    return texts_of(asks(model, "Hi", *more))


def _two_at_once(asks: Asks, *more: Any) -> None:
    for pieces in ([PIECES, WORDS], [MANY]):
        models = [Scripted(answers=[answer(some)]) for some in pieces]
        got = in_turns(*(asks(model, "Hi", *more) for model in models))
        texts, wanted = list(map("".join, got)), list(map("".join, pieces))
        case = f"{'Two' if len(pieces) > 1 else 'Of 3,000 pieces'} at once"
        expect(texts == wanted, f"{case}: it gave {shorten(texts)}.")
