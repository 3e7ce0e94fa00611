"""For any text, any chunking, any fault: nothing lost, nothing twice, no silent cut."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.exceptions import ModelError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from course_utils.clock import VirtualClock
from course_utils.reliability import reliable

FAULTS = ["cut", "drop", "garble", "late"]
FINISHED = {"finish_reason": "stop"}

# Letters of all scripts, marks that join them, emoji, and what Markdown is made of.
markdown = st.sampled_from(
    ["**", "# ", "`", "```\n", "- ", "[a](b)", "\n\n", "| ", "_"]
)
text = st.lists(markdown | st.text(max_size=6) | st.emails(), max_size=8).map("".join)


class Breaking(BaseChatModel):
    """Sends one text, in the pieces it was given, and breaks at each given place.

    It goes on where its last attempt broke if it is asked to, else from the start.
    """

    said: str
    pieces: list[int]
    breaks: list[tuple[int, str]]
    clock: Any

    @property
    def _llm_type(self) -> str:
        return "breaking"

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        message = AIMessage(content=self.said, response_metadata=FINISHED)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: Any, *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        begin = len(messages[-2].text) if len(messages) > 2 else 0
        end, fault = self.breaks.pop(0) if self.breaks else (len(self.said), "")
        yield ChatGenerationChunk(message=AIMessageChunk(content=""))
        for piece in self.cut(self.said[begin : max(begin, end)]):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        self.fail(fault)
        if fault != "cut":
            last = AIMessageChunk(content="", response_metadata=FINISHED)
            yield ChatGenerationChunk(message=last)

    async def _astream(
        self, *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(*args, **kwargs):
            yield chunk

    def cut(self, text: str) -> Iterator[str]:
        """The text in pieces of the given lengths, then in single letters."""
        for length in self.pieces:
            yield text[:length]
            text = text[length:]
        yield from text

    def fail(self, fault: str) -> None:
        """Break in one of the ways that raise."""
        if fault == "late":
            self.clock.advance(60)
        if fault == "drop":
            raise ConnectionError("reset by peer")
        if fault == "garble":
            raise ValueError("not JSON")


class Read:
    """What a reader saw, and the error that ended it."""

    def __init__(self, model: BaseChatModel, asynchronous: bool) -> None:
        self.chunks: list[AIMessageChunk] = []
        self.error: ModelError | None = None
        try:
            asyncio.run(self.aread(model)) if asynchronous else self.read(model)
        except ModelError as error:
            self.error = error

    def read(self, model: BaseChatModel) -> None:
        self.chunks.extend(model.stream("Hi"))

    async def aread(self, model: BaseChatModel) -> None:
        async for chunk in model.astream("Hi"):
            self.chunks.append(chunk)

    @property
    def seen(self) -> str:
        """The text on a screen that strikes out what is replaced."""
        shown = ""
        for chunk in self.chunks:
            shown = "" if chunk.response_metadata.get("restart") else shown + chunk.text
        return shown


@st.composite
def broken_streams(draw: st.DrawFn, times: int = 4) -> Breaking:
    said = draw(text)
    place = st.tuples(st.integers(0, len(said)), st.sampled_from(FAULTS))
    return Breaking(
        said=said,
        pieces=draw(st.lists(st.integers(0, 9), max_size=6)),
        breaks=draw(st.lists(place, max_size=times)),
        clock=VirtualClock(),
    )


def steady(model: Breaking, after: Any, attempts: int) -> BaseChatModel:
    return reliable(
        model,
        attempts=attempts,
        after_first_token=after,
        between_tokens_timeout=30,
        first_token_timeout=30,
        clock=model.clock,
    )


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@both
@pytest.mark.parametrize("after", ["continue", "full"])
@given(model=broken_streams())
def test_the_reader_sees_exactly_what_was_said_in_one_message(
    asynchronous: bool, after: str, model: Breaking
):
    read = Read(steady(model, after, attempts=5), asynchronous)
    assert (read.seen, read.error) == (model.said, None)
    assert len({chunk.id for chunk in read.chunks}) == 1
    assert not any(c.response_metadata.get("restart") for c in read.chunks)


@both
@pytest.mark.parametrize("after", ["raise", "continue", "restart"])
@given(model=broken_streams(), attempts=st.integers(1, 3))
def test_what_was_seen_is_a_prefix_and_is_what_the_error_carries(
    asynchronous: bool, after: str, model: Breaking, attempts: int
):
    read = Read(steady(model, after, attempts), asynchronous)
    assert model.said.startswith(read.seen)
    if read.error is None:
        assert read.seen == model.said, "no silent cut"
    else:
        assert read.error.partial.text == read.seen, "no text lost"


@both
@given(model=broken_streams(times=2))
def test_with_restart_each_message_is_told_apart(asynchronous: bool, model: Breaking):
    read = Read(steady(model, "restart", attempts=3), asynchronous)
    announced = sum(bool(c.response_metadata.get("restart")) for c in read.chunks)
    assert len({chunk.id for chunk in read.chunks}) == announced + 1
    assert read.seen == model.said
