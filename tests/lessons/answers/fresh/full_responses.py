"""Right answers in another style, and wrong ones that break the contract."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough, chain

from course_utils.lessons import full_responses as full


def text_chain_of_lambdas(model):
    ask = RunnableLambda(lambda given: [HumanMessage(f"Say what {given['thing']} is.")])
    return ask | model | (lambda message: message.text)


def text_chain_of_a_string_prompt(model):
    prompt = PromptTemplate.from_template("Explain {thing} to me.")
    return RunnablePassthrough() | prompt | model | StrOutputParser()


def text_chain_that_decorates(model):
    @chain
    def asks(given):
        return model.invoke("What is " + given["thing"] + "?").text

    return asks


def text_chain_of_the_first_thing(model, seen=[]):
    def asks(given):
        seen.append(given["thing"])
        return f"What is {seen[0]}?"

    return RunnableLambda(asks) | model | StrOutputParser()


def text_chain_of_title_case(model):
    ask = RunnableLambda(lambda given: f"What is {given['thing'].title()}?")
    return ask | model | StrOutputParser()


def text_chain_that_strips(model):
    prompt = ChatPromptTemplate.from_template("What is {thing}?")
    return prompt | model | StrOutputParser() | str.strip


def text_chain_of_content(model):
    prompt = ChatPromptTemplate.from_template("What is {thing}?")
    return prompt | model | (lambda message: message.content)


# waiting_and_writing


def waiting_by_arrivals(timing):
    waited = timing.arrivals[0] if timing.arrivals else timing.total
    return [waited, timing.total - waited]


def waiting_with_max(timing):
    first = next(iter(timing.arrivals), timing.total)
    return first, max(timing.total - first, 0.0)


def waiting_by_latencies(timing):
    return timing.time_to_first_token or 0, sum(timing.inter_token_latencies)


def waiting_rounded(timing):
    first = timing.arrivals[0] if timing.arrivals else timing.total
    return round(first), round(timing.total - first)


def waiting_for_a_sign(timing):
    first = timing.time_to_first_sign or timing.total
    return first, timing.total - first


def waiting_zero_is_none(timing):
    first = timing.time_to_first_token or timing.total
    return first, timing.total - first


# summaries


def summaries_by_hand(model, pages):
    found = {}
    for page in pages:
        try:
            found[page] = model.invoke(page).text
        except Exception:
            continue
    return found


def summaries_as_completed(model, pages):
    done = model.batch_as_completed(pages, return_exceptions=True)
    texts = {i: r.text for i, r in done if not isinstance(r, Exception)}
    return {pages[i]: texts[i] for i in sorted(texts)}


def summaries_with_empty_ones(model, pages):
    results = model.batch(pages, return_exceptions=True)
    return {p: getattr(r, "text", "") for p, r in zip(pages, results, strict=True)}


def summaries_until_the_first_refusal(model, pages):
    found = {}
    for page, result in zip(
        pages, model.batch(pages, return_exceptions=True), strict=True
    ):
        if isinstance(result, Exception):
            break
        found[page] = result.text
    return found


def summaries_only_of_texts(model, pages):
    results = model.batch(pages, return_exceptions=True)
    pairs = zip(pages, results, strict=True)
    return {p: r.text for p, r in pairs if getattr(r, "text", None)}


def summaries_that_empty_the_list(model, pages):
    found = {}
    while pages:
        page = pages.pop(0)
        try:
            found[page] = model.invoke(page).text
        except Exception:
            pass
    return found


# ask_all


def ask_all_in_a_pool(model, questions, limit):
    with ThreadPoolExecutor(max_workers=limit) as pool:
        return [m.text for m in pool.map(model.invoke, questions)]


def ask_all_in_slices(model, questions, limit):
    async def all_of_them():
        room = asyncio.Semaphore(limit)

        async def one(question):
            async with room:
                return (await model.ainvoke(question)).text

        return await asyncio.gather(*[one(question) for question in questions])

    with ThreadPoolExecutor(1) as pool:
        return list(pool.submit(asyncio.run, all_of_them()).result())


def ask_all_ten_at_a_time(model, questions, limit):
    with ThreadPoolExecutor(max_workers=10) as pool:
        return [m.text for m in pool.map(model.invoke, questions)]


def ask_all_by_question(model, questions, limit):
    unique = sorted(set(questions))
    found = model.batch(unique, {"max_concurrency": limit})
    return [message.text for message in found]


def ask_all_with_one_more(model, questions, limit):
    with ThreadPoolExecutor(max_workers=limit + 1) as pool:
        return [m.text for m in pool.map(model.invoke, questions)]


def ask_all_that_hides_errors(model, questions, limit):
    results = model.batch(questions, {"max_concurrency": limit}, return_exceptions=True)
    return [str(getattr(result, "text", result)) for result in results]


RIGHT: list[tuple[Any, Any]] = [
    (full.text_chain, text_chain_of_lambdas),
    (full.text_chain, text_chain_of_a_string_prompt),
    (full.text_chain, text_chain_that_decorates),
    (full.waiting_and_writing, waiting_by_arrivals),
    (full.waiting_and_writing, waiting_with_max),
    (full.summaries, summaries_by_hand),
    (full.summaries, summaries_as_completed),
    (full.ask_all, ask_all_in_a_pool),
    (full.ask_all, ask_all_in_slices),
]
WRONG: list[tuple[Any, Any]] = [
    (full.text_chain, text_chain_of_the_first_thing),
    (full.text_chain, text_chain_that_strips),
    (full.text_chain, text_chain_of_content),
    (full.waiting_and_writing, waiting_by_latencies),
    (full.waiting_and_writing, waiting_rounded),
    (full.waiting_and_writing, waiting_for_a_sign),
    (full.waiting_and_writing, waiting_zero_is_none),
    (full.summaries, summaries_with_empty_ones),
    (full.summaries, summaries_until_the_first_refusal),
    (full.summaries, summaries_only_of_texts),
    (full.summaries, summaries_that_empty_the_list),
    (full.ask_all, ask_all_ten_at_a_time),
    (full.ask_all, ask_all_by_question),
    (full.ask_all, ask_all_with_one_more),
    (full.ask_all, ask_all_that_hides_errors),
]
