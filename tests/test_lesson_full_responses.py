"""The exercises of notebook 1: right answers pass, wrong ones are told why."""

from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from course_utils import FakeStreamingChatModel
from course_utils.lessons import full_responses as lesson
from tests.exercise_rules import ExerciseRules, stub


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


RIGHT = [
    (lesson.text_chain, direct_chain),
    (lesson.waiting_and_writing, by_parts),
    (lesson.ask_all, with_threads),
    (lesson.ask_all, with_abatch),
]
WRONG = [
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
    (lesson.ask_all, joined, "gave 'answer to question 10"),
    (lesson.ask_all, always_four, "With limit=3, 4 requests were open at once."),
]
EXERCISES = [lesson.text_chain, lesson.waiting_and_writing, lesson.ask_all]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, [stub] * 3
