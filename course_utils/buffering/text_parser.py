"""A model's messages as text, without a thread for each token.

On an async path LangChain's `StrOutputParser` hands every token to a thread and waits
for it, which costs more than all other stages together. This one reads it in place,
and makes a run of it only for those who listen to runs.

    chain = model | TextParser()
"""

# ruff: noqa: A002 - a Runnable's parameter is called `input`
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables.config import (
    RunnableConfig,
    ensure_config,
    get_async_callback_manager_for_config,
)

from course_utils.streams import aclose

Said = str | BaseMessage
Texts = AsyncGenerator[str, None]


class TextParser(StrOutputParser):
    """The text of a model's messages: all that `StrOutputParser` gives, sooner.

    Only how an async path reads is its own; names, schemas, traces and results are
    `StrOutputParser`'s.

    >>> from langchain_core.messages import AIMessageChunk
    >>> chunks = [AIMessageChunk("Hel"), AIMessageChunk("lo")]
    >>> list(TextParser().transform(iter(chunks)))
    ['Hel', 'lo']
    """

    async def atransform(
        self,
        input: AsyncIterator[Said],
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[str]:
        """The texts as they come; a run in the traces if any handler wants one."""
        listened = _wanted(config)
        texts = super().atransform(input, config, **kwargs) if listened else None
        async with aclosing(cast("Texts", texts or self._atransform(input))) as found:
            async for text in found:
                yield text

    async def _atransform(self, input: AsyncIterator[Said]) -> AsyncIterator[str]:
        try:
            async for said in input:
                yield self._text(said)
        finally:
            await aclose(input)

    def _text(self, said: Said) -> str:
        content = said if isinstance(said, str) else said.content
        if isinstance(content, str):  # nearly every chunk
            return self.parse(content)
        return self.parse_result([_generation(said)])

    async def aparse_result(
        self, result: list[Generation], *, partial: bool = False
    ) -> str:
        """The text of a whole answer, without a thread for it either."""
        return self.parse_result(result, partial=partial)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether LangChain can load it again by name: it knows only its own."""
        return False


def _wanted(config: RunnableConfig | None) -> bool:
    """Whether a handler listens to the runs of chains, as a tracer does."""
    manager = get_async_callback_manager_for_config(ensure_config(config))
    return not all(handler.ignore_chain for handler in manager.handlers)


def _generation(said: Said) -> Any:
    if isinstance(said, BaseMessage):
        return ChatGeneration(message=said)
    return Generation(text=said)
