"""A buffer as a stage of a chain: it stands after a `|` and keeps streaming.

The buffer decides, the stage plays it: each stream gets a new one, sync and async.

    chain = model | StrOutputParser() | buffered(SentenceBuffer)
"""

# ruff: noqa: A002 - a Runnable's parameter is called `input`
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig

from course_utils.buffering.held_chunks import Buffer, HeldChunks
from course_utils.streams import aclose, close


class BufferedStage(Runnable[Any, Any]):
    """A stage of a chain that sends each message of a stream through its own buffer.

    Takes text or message chunks and yields the same kind. A message keeps its id; its
    usage, tool calls and finish reason pass at once. A whole answer goes through a
    buffer too, so that `invoke` and `batch` give what `stream` gives.
    """

    def __init__(
        self, make_buffer: Callable[..., Buffer], options: Mapping[str, Any]
    ) -> None:
        self.make_buffer = partial(make_buffer, **options)
        self.options = dict(options)
        self.name = f"buffered({getattr(make_buffer, '__name__', 'buffer')})"

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"{str(self.name)[:-1]}{options})"

    def invoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Send one whole answer through a buffer: it gives what a stream would."""
        return HeldChunks(self.make_buffer).whole(input)

    async def ainvoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Send one whole answer through a buffer: it gives what a stream would."""
        return self.invoke(input)

    def stream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        """Stream one input through the buffer."""
        return self.transform(iter([input]), config, **kwargs)

    def transform(
        self,
        input: Iterator[Any],
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        """Send a sync stream through a new buffer."""
        held = HeldChunks(self.make_buffer)
        try:
            for chunk in input:
                yield from held.push(chunk)
        except Exception:
            yield from held.flush()  # text that had arrived is never lost
            raise
        finally:
            close(input)
        yield from held.flush()

    async def atransform(
        self,
        input: AsyncIterator[Any],
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        """Send an async stream through a new buffer."""
        held = HeldChunks(self.make_buffer)
        try:
            async for chunk in input:
                for ready in held.push(chunk):
                    yield ready
        except Exception:
            for ready in held.flush():
                yield ready
            raise
        finally:
            await aclose(input)
        for ready in held.flush():
            yield ready


def buffered(make_buffer: Callable[..., Buffer], **options: Any) -> BufferedStage:
    """Put a buffer into a chain: `.stream` and `.astream` both keep working.

    Args:
        make_buffer: A buffer class, or a function that makes a buffer. Each stream
            gets a new one.
        options: What it is made with: `buffered(SizeBuffer, size=80)`.

    Raises:
        TypeError: `make_buffer` is a buffer already, or does not take these options.
        ValueError: An option has a value that the buffer does not take.

    >>> from course_utils.buffering import WordBuffer
    >>> list(buffered(WordBuffer).transform(iter(["Strea", "ming is", " fun"])))
    ['Streaming ', 'is ', 'fun']
    """
    name = type(make_buffer).__name__
    if not callable(make_buffer):
        advice = (
            f"so that each stream has its own: buffered({name}, ...)."
            if hasattr(make_buffer, "push")
            else "such as buffered(SentenceBuffer)."
        )
        raise TypeError(
            f"buffered() needs a buffer class or a function that makes one, got a "
            f"{name}: pass one {advice}"
        )
    if options:
        make_buffer(**options)  # a slip is told here, not in the first stream
    return BufferedStage(make_buffer, options)
