"""One way to do each exercise of notebook 1, *Full responses*."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate


def text_chain(model):
    prompt = ChatPromptTemplate.from_template("What is a {thing}?")
    return prompt | model | StrOutputParser()


def waiting_and_writing(timing):
    first = timing.time_to_first_token
    waiting = timing.total if first is None else first
    return waiting, timing.total - waiting


def summaries(model, pages):
    results = model.batch(pages, return_exceptions=True)
    pairs = zip(pages, results, strict=True)
    return {page: r.text for page, r in pairs if not isinstance(r, Exception)}


def ask_all(model, questions, limit):
    answers = model.batch(questions, {"max_concurrency": limit})
    return [answer.text for answer in answers]
