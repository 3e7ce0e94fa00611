"""The exercises of notebook 1: right answers pass, wrong ones are told why."""

import asyncio
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from course_utils import FakeStreamingChatModel
from course_utils.lessons import full_responses as lesson
from tests.lessons.answers import full_responses as answers
from tests.support.exercise_rules import ExerciseRules, stub


def direct_chain(model: Any) -> Any:
    return (lambda given: f"Explain {given['thing']}") | model | StrOutputParser()


def no_parser(model: Any) -> Any:
    return (lambda given: f"Explain {given['thing']}") | model


def forgets_the_thing(model: Any) -> Any:
    return (lambda given: "Explain it") | model | StrOutputParser()


def asks_at_once(model: Any) -> Any:
    return direct_chain(model).invoke({"thing": "token"})


def forgets_return(model: Any) -> None:
    direct_chain(model)


def by_parts(timing: Any) -> Any:
    if not timing.arrivals:
        return [timing.total, 0]
    return [timing.arrivals[0], timing.total - timing.arrivals[0]]


def total_twice(timing: Any) -> Any:
    return timing.time_to_first_token or 0, timing.total


def forgets_no_word(timing: Any) -> Any:
    first = timing.time_to_first_token
    return first, timing.total - first


def no_word_is_zero(timing: Any) -> Any:
    first = timing.time_to_first_token or 0
    return first, timing.total - first


def the_other_way_round(timing: Any) -> Any:
    return by_parts(timing)[::-1]


def as_texts(timing: Any) -> Any:
    return [str(part) for part in by_parts(timing)]


def only_the_total(timing: Any) -> Any:
    return timing.total


def with_threads(model: Any, questions: Any, limit: Any) -> Any:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(limit) as pool:
        return list(pool.map(lambda question: model.invoke(question).text, questions))


def one_at_a_time(model: Any, questions: Any, limit: Any) -> Any:
    return [model.invoke(question).text for question in questions]


def without_limit(model: Any, questions: Any, limit: Any) -> Any:
    config = {"max_concurrency": 20}
    return [answer.text for answer in model.batch(questions, config)]


def half_the_limit(model: Any, questions: Any, limit: Any) -> Any:
    return with_threads(model, questions, limit // 2)


def joined(model: Any, questions: Any, limit: Any) -> Any:
    return "\n".join(with_threads(model, questions, limit))


def whole_messages(model: Any, questions: Any, limit: Any) -> Any:
    return model.batch(questions, {"max_concurrency": limit})


def as_they_come(model: Any, questions: Any, limit: Any) -> Any:
    config = {"max_concurrency": limit}
    done = model.batch_as_completed(list(reversed(questions)), config)
    return [answer.text for _, answer in done]


def as_a_repr(model: Any) -> Any:
    return (lambda given: f"Explain {given['thing']}") | model | str


def asks_a_model_of_its_own(model: Any) -> Any:
    return direct_chain(FakeStreamingChatModel())


def parser_without_brackets(model: Any) -> Any:
    prompt = ChatPromptTemplate.from_template("What is a {thing}?")
    return prompt | model | StrOutputParser


def without_prompt(model: Any) -> Any:
    return model | StrOutputParser()


def whole_seconds(timing: Any) -> Any:
    return [round(part) for part in by_parts(timing)]


def always_four(model: Any, questions: Any, limit: Any) -> Any:
    return with_threads(model, questions, 4)


async def with_abatch(model: Any, questions: Any, limit: Any) -> Any:
    answers = await model.abatch(questions, {"max_concurrency": limit})
    return tuple(answer.text for answer in answers)


def with_a_system_message(model: Any) -> Any:
    prompt = [("system", "Explain what a {thing} is."), ("user", "Go on.")]
    return ChatPromptTemplate.from_messages(prompt) | model | StrOutputParser()


def with_text_of_the_message(model: Any) -> Any:
    prompt = ChatPromptTemplate.from_template("What is a {thing}?")
    return prompt | model | (lambda message: message.text)


def by_content(model: Any) -> Any:
    return by_hand(lambda given: model.invoke(f"What is {given['thing']}?").content)


def by_hand(answer: Any) -> Any:
    return RunnableLambda(answer)


def lower_case(model: Any) -> Any:
    chain = direct_chain(model)
    return (lambda given: {"thing": given["thing"].lower()}) | chain


def a_template_in_a_template(model: Any) -> Any:
    def ask(given: Any) -> Any:
        return ChatPromptTemplate.from_template(f"What is a {given['thing']}?")

    return by_hand(ask) | model | StrOutputParser()


def strips(model: Any) -> Any:
    return direct_chain(model) | str.strip


def first_sentence(model: Any) -> Any:
    return direct_chain(model) | (lambda text: text.split(".")[0] + ".")


def asks_twice(model: Any) -> Any:
    chain = direct_chain(model)
    return by_hand(lambda given: chain.invoke(given) and chain.invoke(given))


def remembers(model: Any) -> Any:
    kept: list[str] = []

    def ask(given: Any) -> Any:
        if not kept:
            kept.append(direct_chain(model).invoke(given))
        return kept[0]

    return by_hand(ask)


def never_empty(model: Any) -> Any:
    return direct_chain(model) | (lambda text: text or "No answer.")


def by_text_or_total(timing: Any) -> Any:
    first = timing.time_to_first_token
    wait = timing.total if first is None else first
    return round(wait, 2), round(timing.total - wait, 2)


def zero_is_no_word(timing: Any) -> Any:
    waiting = timing.time_to_first_token or timing.total
    return waiting, timing.total - waiting


def up_to_the_last_word(timing: Any) -> Any:
    if not timing.arrivals:
        return timing.total, 0
    return timing.arrivals[0], timing.arrivals[-1] - timing.arrivals[0]


def sums_the_pauses(timing: Any) -> Any:
    return by_parts(timing)[0], sum(timing.inter_token_latencies)


def nothing_after_a_break(timing: Any) -> Any:
    return (timing.total, 0) if timing.error else by_parts(timing)


def to_one_digit(timing: Any) -> Any:
    return [round(part, 1) for part in by_parts(timing)]


def in_groups(model: Any, questions: Any, limit: Any) -> Any:
    texts: list[str] = []
    for start in range(0, len(questions), limit):
        texts += with_threads(model, questions[start : start + limit], limit)
    return texts


async def with_a_semaphore(model: Any, questions: Any, limit: Any) -> Any:
    room = asyncio.Semaphore(limit)

    async def ask(question: Any) -> Any:
        async with room:
            return (await model.ainvoke(question)).text

    return await asyncio.gather(*map(ask, questions))


def sorts_the_questions(model: Any, questions: Any, limit: Any) -> Any:
    return with_threads(model, sorted(questions), limit)


def asks_each_once(model: Any, questions: Any, limit: Any) -> Any:
    return with_threads(model, list(dict.fromkeys(questions)), limit)


def contents(model: Any, questions: Any, limit: Any) -> Any:
    answers = model.batch(questions, {"max_concurrency": limit})
    return [answer.content for answer in answers]


def two_at_least(model: Any, questions: Any, limit: Any) -> Any:
    return with_threads(model, questions, max(2, limit))


def one_more(model: Any, questions: Any, limit: Any) -> Any:
    return with_threads(model, questions, limit + 1)


def keeps_errors_as_texts(model: Any, questions: Any, limit: Any) -> Any:
    options = {"max_concurrency": limit}
    answers = model.batch(questions, options, return_exceptions=True)
    return [getattr(answer, "text", str(answer)) for answer in answers]


def leaves_out_what_failed(model: Any, questions: Any, limit: Any) -> Any:
    options = {"max_concurrency": limit}
    answers = model.batch(questions, options, return_exceptions=True)
    return [answer.text for answer in answers if isinstance(answer, AIMessage)]


def first_lines(model: Any, questions: Any, limit: Any) -> Any:
    return [text.split("\n")[0] for text in with_threads(model, questions, limit)]


RIGHT = [
    (lesson.text_chain, with_a_system_message),
    (lesson.text_chain, with_text_of_the_message),
    (lesson.waiting_and_writing, by_text_or_total),
    (lesson.ask_all, in_groups),
    (lesson.ask_all, with_a_semaphore),
    (lesson.text_chain, direct_chain),
    (lesson.waiting_and_writing, by_parts),
    (lesson.ask_all, with_threads),
    (lesson.ask_all, with_abatch),
]
WRONG = [
    (lesson.text_chain, by_content, "The chain gave [{"),
    (lesson.text_chain, lower_case, "where is 'Kölner Dom, v3.5'?"),
    (lesson.text_chain, a_template_in_a_template, "KeyError"),
    (lesson.text_chain, strips, "Only the blanks and line breaks differ."),
    (lesson.text_chain, first_sentence, "The end is missing."),
    (lesson.text_chain, asks_twice, "more than once for one answer"),
    (lesson.text_chain, remembers, "did not ask the model again"),
    (lesson.text_chain, never_empty, "Something comes after the end."),
    (lesson.waiting_and_writing, zero_is_no_word, "A word at 0 s is a word, too."),
    (lesson.waiting_and_writing, up_to_the_last_word, "when the stream ends"),
    (lesson.waiting_and_writing, sums_the_pauses, "when the stream ends"),
    (lesson.waiting_and_writing, nothing_after_a_break, "A break is an end, too."),
    (lesson.waiting_and_writing, to_one_digit, "it gave (2.2, 0.5). It is (2.25, 0.5)"),
    (lesson.ask_all, sorts_the_questions, "not in the questions' order"),
    (lesson.ask_all, asks_each_once, "only 10 came"),
    (lesson.ask_all, contents, "An answer is [{"),
    (lesson.ask_all, two_at_least, "With limit=1, 2 requests were open at once."),
    (lesson.ask_all, one_more, "With limit=4, 5 requests were open at once."),
    (lesson.ask_all, keeps_errors_as_texts, "let the error go on"),
    (lesson.ask_all, leaves_out_what_failed, "let the error go on"),
    (lesson.ask_all, first_lines, "Look at number 1."),
    (lesson.text_chain, no_parser, "gave an AIMessage, not text"),
    (lesson.text_chain, as_a_repr, '`chain.invoke(...)` gave "content='),
    (lesson.text_chain, asks_a_model_of_its_own, "asked another model"),
    (lesson.text_chain, parser_without_brackets, "is `()` missing?"),
    (lesson.text_chain, without_prompt, "which step makes a message of it?"),
    (lesson.text_chain, forgets_the_thing, "where is 'cache'"),
    (lesson.text_chain, asks_at_once, "return the chain itself"),
    (lesson.text_chain, forgets_return, "Is a `return` missing?"),
    (lesson.waiting_and_writing, total_twice, "it gave (2.25, 2.75)"),
    (lesson.waiting_and_writing, whole_seconds, "it gave (2, 0). It is (2.25, 0.5)."),
    (lesson.waiting_and_writing, the_other_way_round, "The other way round."),
    (lesson.waiting_and_writing, as_texts, "two numbers, please"),
    (lesson.waiting_and_writing, only_the_total, "gave 2.75: two numbers"),
    (lesson.waiting_and_writing, forgets_no_word, "no word at all"),
    (lesson.waiting_and_writing, no_word_is_zero, "so all of it was waiting"),
    (lesson.ask_all, one_at_a_time, "one at a time"),
    (lesson.ask_all, without_limit, "open at once."),
    (lesson.ask_all, whole_messages, "texts, please"),
    (lesson.ask_all, as_they_come, "not in the questions' order"),
    (lesson.ask_all, half_the_limit, "2 requests were open at once at most: 4 may be"),
    (lesson.ask_all, joined, "A list is wanted."),
    (lesson.ask_all, always_four, "With limit=3, 4 requests were open at once."),
]
RIGHT += [(lesson.summaries, answer) for answer in answers.RIGHT]
WRONG += [(lesson.summaries, answer, words) for answer, words in answers.WRONG]
EXERCISES = [
    lesson.text_chain,
    lesson.waiting_and_writing,
    lesson.summaries,
    lesson.ask_all,
]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, [stub] * 4
