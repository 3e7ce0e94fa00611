"""Answers to the exercises of notebook 6 such as somebody writes at work."""

import contextlib
import re
import time
from typing import Any

from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from pydantic import PrivateAttr

from course_utils.buffering import WordBuffer, buffered
from course_utils.cache import cached
from course_utils.lessons.inside_the_architecture import solutions
from course_utils.reliability import reliable
from course_utils.serving import sse_response
from course_utils.timing import StreamTiming
from tests.lessons.answers.inside_the_architecture.chains import (
    EchoByHand,
    another_chat,
    in_threads,
    safe,
)


def order_with_a_name_twice() -> Any:
    return [*solutions.event_order(), "on_chain_end"]


def parser_ends_before_the_model() -> Any:
    names = solutions.event_order()
    names[6], names[7] = names[7], names[6]
    return names


def order_in_a_set() -> Any:
    return set(solutions.event_order())


def order_of_another_model() -> Any:
    return [name.replace("chat_model", "llm") for name in solutions.event_order()]


class EchoWithABase(EchoByHand):
    """An echo that says other words."""

    def _words(self, text: str) -> list[str]:
        return re.findall(r"\S+\s*", text)

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        words = self._words(str(messages[-1].text))
        for word in words:
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        end = AIMessageChunk(content="", **self._end(words, kwargs))
        yield ChatGenerationChunk(message=end)


class EchoInSmallLetters(EchoWithABase):
    def _words(self, text: str) -> list[str]:
        return [f"{word} " for word in text.lower().split()]


class EchoOnce(EchoWithABase):
    def _words(self, text: str) -> list[str]:
        return [f"{word} " for word in dict.fromkeys(text.split())]


class EchoSilentOnNothing(EchoWithABase):
    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        if messages[-1].text:
            yield from super()._stream(messages)


class EchoOfPairs(EchoWithABase):
    def _words(self, text: str) -> list[str]:
        return re.findall(r"\S+\s*\S*\s*", text)


class EchoOfSentences(EchoWithABase):
    def _words(self, text: str) -> list[str]:
        return re.findall(r"[^.]+\.?\s*", text)


class EchoThatRemembers(EchoWithABase):
    _kept: list[str] = PrivateAttr(default_factory=list)

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        self._kept[:] = self._words(str(messages[-1].text))
        count = len(self._kept)
        for word in self._kept:
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        end = AIMessageChunk(content="", **self._end([""] * count, kwargs))
        yield ChatGenerationChunk(message=end)


class EchoWithTwoEnds(EchoByHand):
    """The usage comes in a chunk after the last one."""

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        *words, end = super()._stream(messages)
        yield from words
        usage, end.message.usage_metadata = end.message.usage_metadata, None
        yield end
        last = AIMessageChunk(content="", usage_metadata=usage)
        yield ChatGenerationChunk(message=last)


class EchoOfLetters(EchoByHand):
    def _end(self, words: list[str], kwargs: Any) -> dict[str, Any]:
        return super()._end(list("".join(words)), kwargs)


class EchoByAnotherName(EchoByHand):
    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        result = super()._generate(messages)
        result.generations[0].message.response_metadata["model_name"] = "other"
        return result


class EchoBySums(EchoWithABase):
    """Right: `invoke` is the sum of the chunks."""

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._stream(messages)]
        total: Any = sum(chunks[1:], chunks[0])
        message = AIMessage(
            content=total.content,
            usage_metadata=total.usage_metadata,
            response_metadata=total.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def hides(
    digits: str = r"\d", least: int = 5, *, end: bool = True, empty: bool = True
) -> Any:
    """An answer to the third exercise that is right but for one slip."""

    def hide_numbers(chunks: Any) -> Any:
        held = ""
        for text in chunks:
            if not empty and not text[-1].isdigit():
                yield re.sub(rf"\d{{{least},}}", "[number]", held + text)
                held = ""
                continue
            held += text
            safe = re.sub(rf"{digits}+\Z", "", held)
            yield re.sub(rf"\d{{{least},}}", "[number]", safe)
            held = held[len(safe) :]
        if end:
            yield re.sub(rf"\d{{{least},}}", "[number]", held)

    return hide_numbers


def hides_in_finally(chunks: Any) -> Any:
    held = ""
    try:
        for text in chunks:
            held += text
            safe = re.sub(r"\d+\Z", "", held)
            yield re.sub(r"\d{5,}", "[number]", safe)
            held = held[len(safe) :]
    finally:
        yield re.sub(r"\d{5,}", "[number]", held)


def hides_what_broke(chunks: Any) -> Any:
    with contextlib.suppress(ConnectionError):
        yield from hides()(chunks)


def hides_one_behind(chunks: Any) -> Any:
    last = ""
    for text in hides()(chunks):
        yield last
        last = text
    yield last


SHELF: list[str] = [""]


def hides_on_a_shared_shelf(chunks: Any) -> Any:
    for text in chunks:
        SHELF[0] += text
        safe = re.sub(r"\d+\Z", "", SHELF[0])
        SHELF[0] = SHELF[0][len(safe) :]
        yield ""
        yield re.sub(r"\d{5,}", "[number]", safe)
    rest, SHELF[0] = SHELF[0], ""
    yield re.sub(r"\d{5,}", "[number]", rest)


def hides_letter_by_letter(chunks: Any) -> Any:
    """Right: a run of digits is held, everything else goes on."""
    run = ""
    for text in chunks:
        for letter in text:
            if letter.isdecimal():
                run += letter
                continue
            yield "[number]" if len(run) >= 5 else run
            run = ""
            yield letter
    yield "[number]" if len(run) >= 5 else run


def whole_words(pieces: Any) -> Any:
    """A stage as three notebooks teach it: a plain generator function."""
    held = ""
    for piece in pieces:
        held += piece
        found = re.search(r"\w*\Z", held)
        ready, held = held[: found.start()], held[found.start() :]
        if ready:
            yield ready
    yield held


def with_a_plain_stage(model: Any, backup: Any) -> Any:
    return cached(safe(model, backup)) | StrOutputParser() | whole_words


KEPT = InMemoryCache()  # it outlives every check


def with_a_store_made_outside(model: Any, backup: Any) -> Any:
    chat = cached(safe(model, backup), cache=KEPT)
    return chat | StrOutputParser() | buffered(WordBuffer)


def with_a_system_message(model: Any, backup: Any) -> Any:
    prompt = ChatPromptTemplate.from_messages([("system", "Be kind."), ("user", "{q}")])
    ask = RunnableLambda(lambda question: {"q": question})
    chat = cached(safe(model, backup)) | StrOutputParser() | buffered(WordBuffer)
    return ask | prompt | chat


def no_backup(model: Any, backup: Any) -> Any:
    return cached(safe(model)) | StrOutputParser() | buffered(WordBuffer)


def asks_both(model: Any, backup: Any) -> Any:
    async def ask(question: Any) -> Any:
        await backup.ainvoke(question)
        return question

    return RunnableLambda(ask) | another_chat(model, backup)


def splits_words(texts: Any) -> Any:
    held = ""
    for text in texts:
        *words, held = re.split(r"\s+", held + text)
        yield from (f"{word} " for word in words)
    yield held


def loses_line_breaks(model: Any, backup: Any) -> Any:
    return cached(safe(model, backup)) | StrOutputParser() | splits_words


def begins_anew(model: Any, backup: Any) -> Any:
    chat = reliable(
        model,
        [backup],
        first_token_timeout=2,
        between_tokens_timeout=2,
        after_first_token="restart",
    )
    return cached(chat) | StrOutputParser() | buffered(WordBuffer)


async def blocks_everybody(chat: Any, question: str) -> Any:
    for text in chat.stream(question):
        yield text


def holds_the_loop(chat: Any, question: str, timings: Any) -> Any:
    timings.append(StreamTiming())
    return sse_response(timings[-1].watch(blocks_everybody(chat, question)))


def naps(chat: Any, question: str, timings: Any) -> Any:
    time.sleep(0.001)
    return titled(chat, question, timings)


def one_timing_for_all(chat: Any, question: str, timings: Any) -> Any:
    if not timings:
        timings.append(StreamTiming())
    timings.append(timings[0])
    return sse_response(timings[0].watch(chat.astream(question)))


def timed_twice(chat: Any, question: str, timings: Any) -> Any:
    timings += [StreamTiming(), StreamTiming()]
    return sse_response(timings[-1].watch(chat.astream(question)))


def plain_type(chat: Any, question: str, timings: Any) -> Any:
    response = in_threads(chat, question, timings)
    response.headers["content-type"] = "text/plain"
    return response


def in_capitals(chat: Any, question: str, timings: Any) -> Any:
    timings.append(StreamTiming())
    loud = chat | RunnableLambda(str.upper)
    return sse_response(timings[-1].watch(loud.astream(question)))


def answers_the_first_word(chat: Any, question: str, timings: Any) -> Any:
    return in_threads(chat, question.split("&")[0], timings)


def titled(chat: Any, question: str, timings: Any) -> Any:
    """Right: a timing with a title, and the response made last."""
    timing = StreamTiming(title=question)
    stream = timing.watch(chat.astream(question))
    timings.append(timing)
    return sse_response(stream, heartbeat=1.0)
