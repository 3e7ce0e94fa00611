"""Scenes for a cache of streams: what is kept, what never is, and for whom.

A store is a dict of the check's own. An answer to the exercise keeps a finished answer
in it under the prompt, in whatever form it likes.

    keeps_what_is_whole(stream_cached)
"""

from collections.abc import Callable, Iterable
from typing import Any

from langchain_core.exceptions import ModelConnectionError, ModelRateLimitError

from course_utils.lessons.first_text import texts_and_error, texts_of
from course_utils.lessons.scenes import MANY, PIECES, errors, in_turns, interrupt
from course_utils.lessons.scripted import (
    Scripted,
    answer,
    from_chat_completions,
    in_blocks,
    say,
)
from course_utils.teaching.checks import expect, expect_equal, shorten

Caches = Callable[..., Any]  # a generator function of a model, a prompt and a store

PROMPT = "Which way?"
WHOLE = "Turn left, then right."
TURN = ["Turn", " left", ", then", " right", "."]

KEPT = {
    "an answer": answer(TURN),
    "odd text": answer(PIECES),
    "a server's answer": from_chat_completions(PIECES),
    "tokens that are lists": [*map(in_blocks, TURN), say([], "stop")],
    "text and the finish reason in one chunk": [*map(say, TURN[:-1]), say(".", "stop")],
    "an answer without text": answer([]),
    "three thousand pieces": answer(MANY),
}
NOT_KEPT: dict[str, list[Any]] = {
    "a cut": [*map(say, TURN[:3])],
    "a break": [*map(say, TURN[:3]), ModelConnectionError("on purpose")],
    "a refusal": [ModelRateLimitError("on purpose")],
    "the square button": [*map(say, TURN[:3]), interrupt()],
    "a token limit": answer(TURN[:3], "length"),
    "a filter": answer(TURN[:3], "content_filter"),
    "a server that stopped": answer(TURN[:3], "error"),
    "a server without room": answer(TURN[:3], "insufficient_system_resource"),
    "an end of no known name": answer(TURN[:3], "gone fishing"),
    **{f"a {type(e).__name__}": [*map(say, TURN[:3]), e] for e in errors()},
}


def keeps_what_is_whole(caches: Caches) -> None:
    """Go on if a finished answer is kept, and given again in the same pieces."""
    for name, chunks in KEPT.items():
        model, store = Scripted(answers=[chunks, answer(["Else."])]), dict[str, Any]()
        texts = [str(chunk.text) for chunk in chunks if chunk.text]
        for time in ("first", "second", "third"):
            got = _texts(caches(model, PROMPT, store))
            context = f"The {time} time the model was asked again, and the answer was "
            expect(len(model.prompts) == 1, f"{context}whole: {name}. Keep it.")
            said = f"of {name}, the {time} time, the text"
            expect_equal("".join(got), "".join(texts), said)
            differ = f"The {time} time, {name} came in the pieces {shorten(got)}"
            expect(got == texts, f"{differ}, not {shorten(texts)}.")
        expect(PROMPT in store, f"The store has no {PROMPT!r}: keep the answer there.")


def keeps_prompts_apart(caches: Caches) -> None:
    """Go on if each prompt has an answer of its own, whatever it looks like."""
    prompts = [PROMPT, "which way?", "Which way? ", "Another?"]
    model = Scripted(answers=[answer([f"Answer {n}."]) for n in range(4)])
    store = dict[str, Any]()
    for _ in range(2):
        for number, prompt in enumerate(prompts):
            got = "".join(_texts(caches(model, prompt, store)))
            expect_equal(got, f"Answer {number}.", f"for {prompt!r}, the text")
    problem = f"It was given {prompts}, and asked {model.prompts}."
    expect(model.prompts == prompts, problem)


def keeps_nothing_else(caches: Caches) -> None:
    """Go on if an answer that is not whole is not kept, and its error is told."""
    for name, chunks in NOT_KEPT.items():
        model, store = Scripted(answers=[chunks, answer(TURN)]), dict[str, Any]()
        error = chunks[-1] if isinstance(chunks[-1], BaseException) else None
        got, raised = texts_and_error(caches(model, PROMPT, store))
        why = f"After {name} its reader got {shorten(''.join(got))} and "
        lost = f"{why}{'no error' if raised is None else shorten(raised)}."
        expect(raised is error, f"{lost} Let the error go on to the reader as it is.")
        _is_asked_again(caches, model, store, name)


def keeps_nothing_of_who_left(caches: Caches) -> None:
    """Go on if the rest of an answer is not missed when its reader left."""
    model, store = Scripted(answers=[answer(TURN)]), dict[str, Any]()
    made = caches(model, PROMPT, store)
    next(made)
    made.close()
    _is_asked_again(caches, model, store, "a reader who left")


def serves_two_at_once(caches: Caches) -> None:
    """Go on if two readers of one question get it whole, and a third one too."""
    model, store = Scripted(answers=[answer(TURN)]), dict[str, Any]()
    got = in_turns(*(caches(model, PROMPT, store) for _ in range(2)))
    first = caches(model, "Else?", store)
    begun = [next(first)]
    second = _texts(caches(model, "Else?", store))  # it overtakes the first
    texts = ["".join(each) for each in (*got, second, [*begun, *_texts(first)])]
    expect(texts == [WHOLE] * 4, f"Two asked at once, and got {shorten(texts)}.")
    third = "".join(_texts(caches(model, PROMPT, store)))
    expect_equal(third, WHOLE, "after two at once, the text")


def _is_asked_again(caches: Caches, model: Scripted, store: Any, after: str) -> None:
    again = "".join(_texts(caches(model, PROMPT, store)))
    expect_equal(again, WHOLE, f"asked again after {after}, the text")


def _texts(made: Iterable[Any]) -> list[str]:
    return [text for text in texts_of(made) if text]
