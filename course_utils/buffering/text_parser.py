"""A model's messages as text, without a thread for each token.

On an async path LangChain's `StrOutputParser` hands every token to a thread and waits
for it, which costs more than all other stages together. This one reads it in place.

    chain = model | TextParser()
"""

# ruff: noqa: A002 - a Runnable's parameter is called `input`
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, Generation

Said = str | BaseMessage


class TextParser(StrOutputParser):
    """The text of a model's messages: all that `StrOutputParser` gives, sooner.

    Only how an async path reads is its own; names, schemas, traces and results are
    `StrOutputParser`'s.

    >>> from langchain_core.messages import AIMessageChunk
    >>> chunks = [AIMessageChunk("Hel"), AIMessageChunk("lo")]
    >>> list(TextParser().transform(iter(chunks)))
    ['Hel', 'lo']
    """

    async def _atransform(self, input: AsyncIterator[Said]) -> AsyncIterator[str]:
        async for said in input:
            yield self.parse_result([_generation(said)])

    async def aparse_result(
        self, result: list[Generation], *, partial: bool = False
    ) -> str:
        """The text of a whole answer, without a thread for it either."""
        return self.parse_result(result, partial=partial)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether LangChain can load it again by name: it knows only its own."""
        return False


def _generation(said: Said) -> Any:
    if isinstance(said, BaseMessage):
        return ChatGeneration(message=said)
    return Generation(text=said)
