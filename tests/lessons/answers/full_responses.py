"""Answers to *ten pages, and one is refused*, of notebook 1."""

import asyncio
from typing import Any

from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import AIMessage

# Right answers


def one_by_one(model: Any, pages: Any) -> Any:
    texts = {}
    for page in pages:
        try:
            texts[page] = model.invoke(page).text
        except Exception:
            continue
    return texts


async def with_gather(model: Any, pages: Any) -> Any:
    calls = [model.ainvoke(page) for page in pages]
    results = await asyncio.gather(*calls, return_exceptions=True)
    pairs = zip(pages, results, strict=True)
    return {page: one.text for page, one in pairs if isinstance(one, AIMessage)}


def as_they_are_done(model: Any, pages: Any) -> Any:
    results = model.batch_as_completed(pages, return_exceptions=True)
    answers = {n: one for n, one in results if not isinstance(one, Exception)}
    return {pages[n]: answers[n].text for n in sorted(answers)}


# Likely wrong answers


def as_given(model: Any, pages: Any) -> Any:
    results = model.batch(pages, return_exceptions=True)
    texts = [r.text for r in results if not isinstance(r, Exception)]
    return dict(zip(pages, texts, strict=False))


def by_fallback(missing: Any) -> Any:
    def summaries(model: Any, pages: Any) -> Any:
        results = model.batch(pages, return_exceptions=True)
        texts = [getattr(one, "text", missing) for one in results]
        return dict(zip(pages, texts, strict=True))

    return summaries


none_for_refused = by_fallback(None)
empty_for_refused = by_fallback("")


def errors_as_texts(model: Any, pages: Any) -> Any:
    results = model.batch(pages, return_exceptions=True)
    texts = [getattr(one, "text", str(one)) for one in results]
    return dict(zip(pages, texts, strict=True))


def without_the_empty(model: Any, pages: Any) -> Any:
    return {page: text for page, text in one_by_one(model, pages).items() if text}


def without_repeats(model: Any, pages: Any) -> Any:
    kept: dict[Any, Any] = {}
    for page, text in one_by_one(model, pages).items():
        if text not in kept.values():
            kept[page] = text
    return kept


def whole_answers(model: Any, pages: Any) -> Any:
    results = model.batch(pages, return_exceptions=True)
    pairs = zip(pages, results, strict=True)
    return {page: one for page, one in pairs if isinstance(one, AIMessage)}


def contents(model: Any, pages: Any) -> Any:
    return {page: one.content for page, one in whole_answers(model, pages).items()}


def up_to_the_first_error(model: Any, pages: Any) -> Any:
    texts = {}
    for page in pages:
        try:
            texts[page] = model.invoke(page).text
        except Exception:
            break
    return texts


def only_a_busy_server(model: Any, pages: Any) -> Any:
    texts = {}
    for page in pages:
        try:
            texts[page] = model.invoke(page).text
        except ModelRateLimitError:
            continue
    return texts


def all_or_nothing(model: Any, pages: Any) -> Any:
    try:
        answers = model.batch(pages)
    except Exception:
        return {}
    return {page: one.text for page, one in zip(pages, answers, strict=True)}


def asks_twice(model: Any, pages: Any) -> Any:
    one_by_one(model, pages)
    return one_by_one(model, pages)


def asks_each_page_once(model: Any, pages: Any) -> Any:
    return one_by_one(model, list(dict.fromkeys(pages)))


def asks_in_other_words(model: Any, pages: Any) -> Any:
    return {page: model.invoke(f"Sum up {page}.").text for page in pages}


def without_return_exceptions(model: Any, pages: Any) -> Any:
    texts = [answer.text for answer in model.batch(pages)]
    return dict(zip(pages, texts, strict=True))


def pairs(model: Any, pages: Any) -> Any:
    return list(one_by_one(model, pages).items())


def tidied(model: Any, pages: Any) -> Any:
    return {page: text.strip() for page, text in one_by_one(model, pages).items()}


def until_interrupted(model: Any, pages: Any) -> Any:
    texts = {}
    for page in pages:
        try:
            texts[page] = model.invoke(page).text
        except BaseException:
            continue
    return texts


def forgets_return(model: Any, pages: Any) -> None:
    one_by_one(model, pages)


RIGHT = [one_by_one, with_gather, as_they_are_done]
WRONG = [
    (as_given, "'page 7' has 'On page 8.'"),
    (none_for_refused, "'page 7' has None: it was refused"),
    (empty_for_refused, "'page 7' has '': it was refused"),
    (errors_as_texts, "'page 7' has 'on purpose': it was refused"),
    (without_the_empty, "'page 2' is missing, and the model answered it"),
    (without_repeats, "'page 4' is missing"),
    (whole_answers, "'page 0' has an AIMessage: its text is `.text`"),
    (contents, "With texts in blocks, 'page 1' has [{"),
    (up_to_the_first_error, "'page 8' is missing"),
    (
        only_a_busy_server,
        "With a Broke on page 7, the Broke of one page reached the caller",
    ),
    (all_or_nothing, "'page 0' is missing"),
    (asks_twice, "20 requests for 10 pages"),
    (asks_each_page_once, "4 requests for 8 pages"),
    (asks_in_other_words, "was asked 'Sum up page 0.'"),
    (without_return_exceptions, "the ModelRateLimitError of one page reached"),
    (pairs, "a dict, please"),
    (tidied, "With odd texts, 'page 1' has"),
    (until_interrupted, "pressed the square button"),
    (forgets_return, "Is a `return` missing?"),
]
