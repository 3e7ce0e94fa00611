"""Answers to the exercises of notebook 6 on chains, models and web apps."""

import re
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from course_utils.buffering import SentenceBuffer, WordBuffer, buffered
from course_utils.cache import cached
from course_utils.fake import FakeStreamingChatModel
from course_utils.lessons.inside_the_architecture import solutions
from course_utils.reliability import reliable
from course_utils.serving import sse_response
from course_utils.timing import StreamTiming


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
