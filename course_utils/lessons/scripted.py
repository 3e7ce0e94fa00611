"""A model that plays chunks exactly as they are given, for the checks of exercises.

The course's fake model is kind: word pieces, an empty first and last chunk. This one
sends what a hostile scene wants: text beside the finish reason, blocks, an error.

    Scripted(answers=[[say("Hel"), say("lo", "stop")], [ValueError("odd")]])
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from langchain_core.exceptions import ModelConnectionError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

from course_utils.finish import finish_of


def say(text: Any = "", reason: str | None = None, **more: Any) -> AIMessageChunk:
    """A chunk with this text, and with a finish reason if there is one."""
    metadata = {"finish_reason": reason} if reason else {}
    return AIMessageChunk(content=text, response_metadata=metadata, **more)


def in_blocks(text: str, reason: str | None = None) -> AIMessageChunk:
    """The same, as the Responses API says it: the content is a list of blocks."""
    return say([{"type": "text", "text": text, "index": 0}] if text else [], reason)


def thinking(thought: str) -> AIMessageChunk:
    """A chunk of reasoning: it has content, and no text."""
    return say([{"type": "reasoning", "reasoning": thought, "index": 0}])


def calling(name: str | None, args: str, index: int = 0) -> AIMessageChunk:
    """A chunk with a tool call or a part of one; only the first part has a name."""
    number = f"call_{index}" if name else None
    call = {"name": name, "args": args, "id": number, "index": index}
    fragment: Any = {**call, "type": "tool_call_chunk"}
    return say("", tool_call_chunks=[fragment])


class Scripted(BaseChatModel):
    """Plays one list of chunks for each request, and the last list again and again.

    An exception among the chunks is raised; a number is a wait on the clock.

    Attributes:
        requests: The messages of each request.
        prompts: Of each request the text of the last message.
        texts: How many chunks with text it has given in all.
        wholes: How many of the requests wanted a full response.
    """

    answers: list[Any] = Field(
        repr=False, exclude=True
    )  # LangChain writes the rest out
    clock: Any = Field(default=None, repr=False, exclude=True)
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _texts: int = PrivateAttr(default=0)
    _wholes: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def requests(self) -> list[list[BaseMessage]]:
        """The messages of each request."""
        return self._asked

    @property
    def prompts(self) -> list[str]:
        """Of each request the text of the last message."""
        return [str(messages[-1].text) for messages in self._asked]

    @property
    def texts(self) -> int:
        """How many chunks with text it has given in all."""
        return self._texts

    @property
    def wholes(self) -> int:
        """How many of the requests wanted a full response."""
        return self._wholes

    def _play(self, messages: list[BaseMessage]) -> Iterator[ChatGenerationChunk]:
        number = min(len(self._asked), len(self.answers) - 1)
        self._asked.append(messages)
        for item in self.answers[number]:
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, int | float):
                self.clock.advance(item)
                continue
            self._texts += bool(item.text)
            yield ChatGenerationChunk(message=item)

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield from self._play(messages)

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._play(messages):
            await asyncio.sleep(0)
            yield chunk

    def _generate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        self._wholes += 1
        chunks = [chunk.message for chunk in self._play(messages)]
        total = sum(chunks[1:], chunks[0]) if chunks else say()
        if finish_of(total) is None:  # half a body is no JSON: it shows
            raise ModelConnectionError("The answer's body ended before its end.")
        message = AIMessage(total.content, response_metadata=total.response_metadata)
        return ChatResult(generations=[ChatGeneration(message=message)])


def answer(pieces: Iterable[str], end: str | None = "stop") -> list[AIMessageChunk]:
    """An answer in these pieces, its finish reason in a chunk of its own."""
    return [*map(say, pieces), say("", end)]


# What `ChatOpenAI` makes of the lines of a server, as a test sees every day.

_USAGE = UsageMetadata(input_tokens=1, output_tokens=2, total_tokens=3)


def from_chat_completions(pieces: Iterable[str]) -> list[AIMessageChunk]:
    """The chunks of an answer from chat completions: role, text, finish, usage."""
    chunks = [*map(say, ["", *pieces]), say("", "stop")]
    chunks[-1].response_metadata["model_name"] = "fake"
    return [*map(_of_openai, chunks), say("", usage_metadata=_USAGE)]


def from_responses(pieces: Iterable[str]) -> list[AIMessageChunk]:
    """The same from the Responses API: blocks of content, and a status for an end."""
    head = [say([]), say([])]
    texts = [in_blocks(text) for text in pieces if text]
    last = say([{"type": "text", "text": "", "id": "msg_1", "index": 0}])
    done = say([], usage_metadata=_USAGE)
    done.response_metadata |= {"status": "completed", "model_name": "fake"}
    return [_of_openai(chunk) for chunk in (*head, *texts, last, done)]


def _of_openai(chunk: AIMessageChunk) -> AIMessageChunk:
    chunk.response_metadata["model_provider"] = "openai"
    return chunk
