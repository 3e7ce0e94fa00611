"""The exercises of notebook 6: right answers pass, wrong ones are told why."""

import contextlib
import re
import time
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from pydantic import PrivateAttr

from course_utils.buffering import SentenceBuffer, WordBuffer, buffered
from course_utils.cache import cached
from course_utils.callbacks import on_token
from course_utils.fake import FakeStreamingChatModel
from course_utils.lessons import inside_the_architecture as lesson
from course_utils.lessons.inside_the_architecture import solutions
from course_utils.reliability import reliable
from course_utils.serving import sse_response
from course_utils.timing import StreamTiming
from tests.support.exercise_rules import ExerciseRules, stub

EXERCISES = [
    lesson.event_order,
    lesson.echo,
    lesson.hide_numbers,
    lesson.production_chat,
    lesson.production_app,
]


def order_as_a_copy() -> Any:
    return [*solutions.event_order()]


async def order_as_a_stream_tells() -> Any:
    chain = FakeStreamingChatModel(replies="One two") | StrOutputParser()
    events = chain.astream_events("Hi")
    return list(dict.fromkeys([event["event"] async for event in events]))


async def whole_events() -> Any:
    chain = FakeStreamingChatModel(replies="One two") | StrOutputParser()
    return [event async for event in chain.astream_events("Hi")]


def parser_waits_for_the_model() -> Any:
    names = solutions.event_order()
    names.insert(3, names.pop(6))
    return names


def order_without_ends() -> Any:
    return [name for name in solutions.event_order() if not name.endswith("end")]


class EchoByHand(BaseChatModel):
    model: str = "echo"

    @property
    def _llm_type(self) -> str:
        return "echo"

    def _end(self, words: list[str], kwargs: Any) -> dict[str, Any]:
        count = len(words)
        return {
            "usage_metadata": {
                "input_tokens": count,
                "output_tokens": count,
                "total_tokens": count + count,
            },
            "response_metadata": {"finish_reason": "stop", "model_name": "echo"},
        }

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        words = re.findall(r"\S+\s*", str(messages[-1].text))
        for word in words:
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        end = AIMessageChunk(content="", **self._end(words, kwargs))
        yield ChatGenerationChunk(message=end)

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        text = str(messages[-1].text)
        message = AIMessage(content=text, **self._end(text.split(), kwargs))
        return ChatResult(generations=[ChatGeneration(message=message)])


class EchoOfMessages(EchoByHand):
    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        yield AIMessageChunk(content="one")


class EchoInOnePiece(EchoByHand):
    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        text = str(messages[-1].text)
        message = AIMessageChunk(content=text, **self._end(text.split(), kwargs))
        yield ChatGenerationChunk(message=message)


class EchoWithoutEnd(EchoByHand):
    def _end(self, words: list[str], kwargs: Any) -> dict[str, Any]:
        return {}


class EchoThatEndsOften(EchoByHand):
    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        for chunk in super()._stream(messages):
            chunk.message.response_metadata = {"finish_reason": "stop"}
            yield chunk


class EchoWithoutModelName(EchoByHand):
    def _end(self, words: list[str], kwargs: Any) -> dict[str, Any]:
        whole = super()._end(words, kwargs)
        return whole | {"response_metadata": {"finish_reason": "stop"}}


class EchoForNothing(EchoByHand):
    def _end(self, words: list[str], kwargs: Any) -> dict[str, Any]:
        return super()._end([], kwargs)


class EchoOfTheFirst(EchoByHand):
    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        yield from super()._stream(messages[:1])


class EchoOfAll(EchoByHand):
    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        text = " ".join(str(message.text) for message in messages)
        yield from super()._stream([HumanMessage(text)])


class EchoWithoutUsageAtOnce(EchoByHand):
    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        result = super()._generate(messages)
        result.generations[0].message.usage_metadata = None  # type: ignore[attr-defined]  # it is an AIMessage
        return result


class EchoWithoutReasonAtOnce(EchoByHand):
    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        result = super()._generate(messages)
        result.generations[0].message.response_metadata = {"model_name": "echo"}
        return result


class EchoThatStopsShort(EchoByHand):
    def _end(self, words: list[str], kwargs: Any) -> dict[str, Any]:
        end = {"finish_reason": "length", "model_name": "echo"}
        return super()._end(words, kwargs) | {"response_metadata": end}


class EchoWithoutName(EchoByHand):
    model: None = None  # type: ignore[assignment]  # LangChain then has no name for it


def by_digits(chunks: Any) -> Any:
    held = ""
    for text in chunks:
        held += text
        match = re.search(r"\d*$", held)
        assert match is not None
        ready, held = held[: match.start()], held[match.start() :]
        yield re.sub(r"\d{5,}", "[number]", ready)
    yield re.sub(r"\d{5,}", "[number]", held)


def piece_by_piece(chunks: Any) -> Any:
    for text in chunks:
        yield re.sub(r"\d{5,}", "[number]", text)


def until_a_blank(chunks: Any) -> Any:
    held = ""
    for text in chunks:
        held += text
        if held.endswith(" "):
            yield re.sub(r"\d{5,}", "[number]", held)
            held = ""
    yield re.sub(r"\d{5,}", "[number]", held)


def whole_numbers_only(chunks: Any) -> Any:
    held = ""
    for text in chunks:
        held += text
        safe = re.sub(r"\w+$", "", held) if held[-1:].isdigit() else held
        yield re.sub(r"\b\d{5,}\b", "[number]", safe)
        held = held[len(safe) :]
    yield re.sub(r"\b\d{5,}\b", "[number]", held)


def word_by_word(chunks: Any) -> Any:
    held = ""
    for text in chunks:
        held += text
        *words, held = held.split(" ")
        for word in words:
            yield re.sub(r"\d{5,}", "[number]", word) + " "
    yield re.sub(r"\d{5,}", "[number]", held)


def all_at_once(chunks: Any) -> Any:
    return re.sub(r"\d{5,}", "[number]", "".join(chunks))


def holds_everything(chunks: Any) -> Any:
    yield re.sub(r"\d{5,}", "[number]", "".join(chunks))


def loses_the_end(chunks: Any) -> Any:
    held = ""
    for text in chunks:
        held += text
        safe = held.rstrip("0123456789")
        yield re.sub(r"\d{5,}", "[number]", safe)
        held = held[len(safe) :]


def another_chat(model: Any, backup: Any) -> Any:
    chat = cached(
        reliable(
            model,
            [backup],
            first_token_timeout=3,
            between_tokens_timeout=3,
            after_first_token="continue",
        )
    )
    return chat | buffered(WordBuffer) | StrOutputParser()


def plain_chat(model: Any, backup: Any) -> Any:
    return model | StrOutputParser()


def no_deadlines(model: Any, backup: Any) -> Any:
    chat = reliable(model, [backup], after_first_token="continue")
    return cached(chat) | StrOutputParser() | buffered(WordBuffer)


def gives_up_in_the_middle(model: Any, backup: Any) -> Any:
    chat = reliable(model, [backup], first_token_timeout=2, between_tokens_timeout=2)
    return cached(chat) | StrOutputParser() | buffered(WordBuffer)


def safe(model: Any, *backups: Any) -> Any:
    return reliable(
        model,
        [*backups],
        first_token_timeout=2,
        between_tokens_timeout=2,
        after_first_token="continue",
    )


def no_cache(model: Any, backup: Any) -> Any:
    return safe(model, backup) | StrOutputParser() | buffered(WordBuffer)


def no_buffer(model: Any, backup: Any) -> Any:
    return cached(safe(model, backup)) | StrOutputParser()


def only_the_backup(model: Any, backup: Any) -> Any:
    return cached(backup) | StrOutputParser() | buffered(WordBuffer)


def the_backup_first(model: Any, backup: Any) -> Any:
    return cached(safe(backup, model)) | StrOutputParser() | buffered(WordBuffer)


def in_one_lump(model: Any, backup: Any) -> Any:
    return cached(safe(model, backup)) | RunnableLambda(lambda m: m.text)


def by_sentences(model: Any, backup: Any) -> Any:
    chat = cached(safe(model, backup))
    return chat | StrOutputParser() | buffered(SentenceBuffer)


async def words_after_the_end(texts: Any) -> Any:
    for word in re.findall(r"\S+\s*", "".join([text async for text in texts])):
        yield word


def words_too_late(model: Any, backup: Any) -> Any:
    chat = cached(safe(model, backup)) | StrOutputParser()
    return chat | RunnableGenerator(words_after_the_end)


def asks_at_once(model: Any, backup: Any) -> Any:
    return plain_chat(model, backup).invoke("Hi")


def app_of(read: Any, path: str = "/chat") -> Any:
    """An answer to the last exercise: an app whose endpoint is `read`."""

    def production_app(chat: Any, timings: Any) -> Any:
        app = FastAPI()

        @app.get(path)
        async def answer(question: str) -> Any:
            return read(chat, question, timings)

        return app

    return production_app


def in_threads(chat: Any, question: str, timings: Any) -> Any:
    timings.append(StreamTiming())
    return sse_response(timings[-1].watch(chat.stream(question)))


def unmeasured(chat: Any, question: str, timings: Any) -> Any:
    return sse_response(chat.astream(question))


def watches_beside(chat: Any, question: str, timings: Any) -> Any:
    timings.append(StreamTiming())
    timings[-1].watch(chat.astream(question))
    return sse_response(chat.astream(question))


def deaf(chat: Any, question: str, timings: Any) -> Any:
    return in_threads(chat, "Hi", timings)


def misspelt(chat: Any, question: str, timings: Any) -> Any:
    return sse_response(StreamTiming().awatch(chat.astream(question)))  # type: ignore[attr-defined]  # the slip


def uncalled(chat: Any, question: str, timings: Any) -> Any:
    return sse_response(chat.astream)


def refuses(chat: Any, question: str, timings: Any) -> Any:
    raise HTTPException(503)


def bare_text(chat: Any, question: str, timings: Any) -> Any:
    return StreamingResponse(chat.astream(question), media_type="text/event-stream")


# What somebody writes at work


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


RIGHT = [
    (lesson.echo, EchoBySums),
    (lesson.hide_numbers, hides()),
    (lesson.hide_numbers, hides_letter_by_letter),
    (lesson.production_chat, with_a_plain_stage),
    (lesson.production_chat, with_a_store_made_outside),
    (lesson.production_chat, with_a_system_message),
    (lesson.production_app, app_of(titled)),
    (lesson.event_order, order_as_a_copy),
    (lesson.event_order, order_as_a_stream_tells),
    (lesson.echo, EchoByHand),
    (lesson.hide_numbers, by_digits),
    (lesson.production_chat, another_chat),
    (lesson.production_app, app_of(in_threads)),
]
WRONG = [
    (lesson.event_order, order_with_a_name_twice, "There are 9 names, got 10"),
    (lesson.event_order, parser_ends_before_the_model, "Right up to place 6"),
    (lesson.event_order, order_in_a_set, "a list of names"),
    (lesson.event_order, order_of_another_model, "3 missing"),
    (lesson.echo, EchoInSmallLetters, "the words: ["),
    (lesson.echo, EchoOnce, "the words"),
    (lesson.echo, EchoOfPairs, "each word is a chunk"),
    (lesson.echo, EchoOfSentences, "The text came in one chunk"),
    (lesson.echo, EchoThatRemembers, "Two streams of one model at once"),
    (lesson.echo, EchoWithTwoEnds, "carries the reason and the usage, both"),
    (lesson.echo, EchoOfLetters, "`input_tokens` add up to"),
    (lesson.echo, EchoByAnotherName, "differ in the `model_name`"),
    (lesson.hide_numbers, hides("[0-9]"), "are the digits that you hide those you"),
    (lesson.hide_numbers, hides(least=6), "In one piece, the text"),
    (lesson.hide_numbers, hides(least=4), "the text"),
    (lesson.hide_numbers, hides(empty=False), "IndexError"),
    (lesson.hide_numbers, hides(end=False), "At the end"),
    (lesson.hide_numbers, hides_in_finally, "yielded once more"),
    (lesson.hide_numbers, hides_what_broke, "broke with a Broke"),
    (lesson.hide_numbers, hides_one_behind, "holds the stream back"),
    (lesson.hide_numbers, hides_on_a_shared_shelf, "Two at once"),
    (lesson.production_chat, no_backup, "ask `backup`"),
    (lesson.production_chat, asks_both, "`backup` was asked as well"),
    (lesson.production_chat, loses_line_breaks, "Of an odd answer, the text"),
    (lesson.production_chat, begins_anew, "shown twice or garbled"),
    (
        lesson.production_app,
        app_of(holds_the_loop),
        "The reader left, the model is 'finished'",
    ),
    (lesson.production_app, app_of(naps), "calls `time.sleep`"),
    (lesson.production_app, app_of(one_timing_for_all), "`timings` holds"),
    (lesson.production_app, app_of(timed_twice), "`timings` holds 14"),
    (lesson.production_app, app_of(plain_type), "browsers want text/event-stream"),
    (lesson.production_app, app_of(in_capitals), "all text came in one event"),
    (lesson.production_app, app_of(answers_the_first_word), "`question` was 'Köln"),
    (lesson.event_order, parser_waits_for_the_model, "Right up to place 3"),
    (lesson.event_order, order_without_ends, "3 missing"),
    (lesson.event_order, whole_events, "Only names"),
    (lesson.event_order, lambda: "on_chain_start", "a list of names"),
    (lesson.echo, EchoOfMessages, "yields an AIMessageChunk"),
    (lesson.echo, EchoInOnePiece, "one chunk"),
    (lesson.echo, EchoWithoutEnd, "finish_reason"),
    (lesson.echo, EchoThatEndsOften, "only the last one"),
    (lesson.echo, EchoWithoutModelName, "no `model_name`"),
    (lesson.echo, EchoThatStopsShort, "The `finish_reason`: 'length'"),
    (lesson.echo, EchoWithoutReasonAtOnce, "The finish reason of `invoke` is None"),
    (lesson.echo, EchoForNothing, "`input_tokens` add up to 0"),
    (lesson.echo, EchoOfTheFirst, "of three messages"),
    (lesson.echo, EchoOfAll, "of three messages"),
    (lesson.echo, EchoWithoutName, "the field `model: str`"),
    (lesson.echo, EchoWithoutUsageAtOnce, "`invoke` and `stream` differ in the usage"),
    (lesson.echo, EchoByHand(), "the class itself"),
    (lesson.hide_numbers, piece_by_piece, "In pieces of 1"),
    (lesson.hide_numbers, until_a_blank, "holds the stream back"),
    (lesson.hide_numbers, whole_numbers_only, "Of `id12345x`, the text: 'id12345x'"),
    (lesson.hide_numbers, word_by_word, "had read 1 of 4 pieces"),
    (lesson.hide_numbers, lambda chunks: list(chunks), "In one piece"),
    (lesson.hide_numbers, all_at_once, "write `yield`"),
    (lesson.hide_numbers, holds_everything, "holds the stream back"),
    (lesson.hide_numbers, loses_the_end, "At the end"),
    (
        lesson.production_chat,
        plain_chat,
        "its reader got a ModelAPIError: ask `backup`",
    ),
    (lesson.production_chat, no_deadlines, "still waiting"),
    (lesson.production_chat, gives_up_in_the_middle, "told so"),
    (lesson.production_chat, no_cache, "many asked the same"),
    (lesson.production_chat, no_buffer, "inside a word"),
    (lesson.production_chat, only_the_backup, "It never asked `model`"),
    (lesson.production_chat, the_backup_first, "It never asked `model`"),
    (lesson.production_chat, in_one_lump, "its reader had got 0"),
    (lesson.production_chat, by_sentences, "its reader had got 0"),
    (lesson.production_chat, words_too_late, "its reader had got 0"),
    (lesson.production_chat, asks_at_once, "return the chain"),
    (lesson.production_app, app_of(unmeasured), "`timings` holds 0"),
    (lesson.production_app, app_of(watches_beside), "the first timing"),
    (lesson.production_app, app_of(deaf), "`question` was 'Why'"),
    (lesson.production_app, app_of(misspelt), "no attribute 'awatch'"),
    (lesson.production_app, app_of(uncalled), "sse_response() needs a stream"),
    (lesson.production_app, app_of(refuses), "status 503"),
    (lesson.production_app, app_of(bare_text), "there came no event"),
    (lesson.production_app, app_of(unmeasured, path="/"), "status 404"),
    (lesson.production_app, lambda chat, timings: None, "return the app"),
]


class StubModel(BaseChatModel):
    model: str = "echo"

    @property
    def _llm_type(self) -> str:
        return "stub"

    def _stream(self, *given: Any, **more: Any) -> Any:
        raise NotImplementedError

    def _generate(self, *given: Any, **more: Any) -> Any:
        raise NotImplementedError


STUBS = [stub, StubModel, stub, stub, stub]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS


def test_the_standard_suite_passes_a_good_model_and_names_what_a_bad_one_fails() -> (
    None
):
    good = lesson.standard_suite(FakeStreamingChatModel)
    assert (good.failed, good.passed > 30) == ((), True)
    bad = lesson.standard_suite(EchoWithoutEnd)
    assert "test_usage_metadata" in bad.failed


def test_the_cost_of_a_chunk_is_told_for_sync_and_async_streams() -> None:
    model = FakeStreamingChatModel(replies="One two three.")
    ways: Any = {
        "sync": lambda: model.stream("Hi"),
        "async": lambda: model.astream("Hi"),
    }
    rows = lesson.cost_per_chunk(ways).rows
    assert [name for name, _ in rows] == ["sync", "async"]
    assert all(re.fullmatch(r"[1-9]\d* µs", cost) for _, cost in rows)


async def test_the_bad_day_is_the_same_each_time() -> None:
    first, second = await lesson.score(plain_chat), await lesson.score(plain_chat)
    assert first == second
    assert min(first.outcomes[name] for name in first.outcomes) > 0
    assert sum(first.outcomes.values()) == 40
    assert 0 < len(first.first_tokens) < 40
    assert "first token: p50" in repr(first)


def test_a_store_made_outside_knows_nothing_of_the_next_check() -> None:
    for _ in range(2):
        outcome = lesson.production_chat.check(with_a_store_made_outside)
        assert outcome.outcome == "correct"


def test_handlers_hear_each_word_of_the_solution_once_and_none_in_invoke() -> None:
    heard: list[str] = []
    with_handler: Any = {"callbacks": [on_token(heard.append)]}
    solutions.Echo().invoke("one two", with_handler)
    assert heard == []
    list(solutions.Echo().stream("one two", with_handler))
    assert "".join(heard).split() == ["one", "two"]
