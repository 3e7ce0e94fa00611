"""What one chunk costs in each stage, in processor time, without any waiting.

What a stage adds is the difference to the same stream without it. The variants take
turns and the quickest round of each counts, so a busy machine does not blur them.

    python benchmarks/stages.py > benchmarks/stages.md
"""

import asyncio
import gc
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from tempfile import TemporaryDirectory
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import (
    FakeListChatModel,
    GenericFakeChatModel,
)
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator

from course_utils.buffering import SentenceBuffer, TextParser, WordBuffer, buffered
from course_utils.cache import SQLiteStreamCache, cached
from course_utils.cache.model import InMemoryCache
from course_utils.callbacks import PartialRecorder, on_token
from course_utils.fake import FakeStreamingChatModel
from course_utils.passages import passages
from course_utils.reliability import reliable
from course_utils.timing import measure

ROUNDS = 20
WORDS = 1000
TEXT = "word " * 9 + "end. "
TEXT *= WORDS // 10
LIMITS = {"first_token_timeout": 10, "between_tokens_timeout": 10}
TARGET = 10.0  # microseconds a stage may add to a chunk
READING = 3.0  # ... and the reader of streams that all others stand on


@dataclass
class Row:
    """One line of the table: a stream, and the row that it is compared with."""

    name: str
    start: Callable[[], Any]
    over: str = ""
    why: str = ""  # it may add more than the target
    best: float = float("inf")  # seconds for the whole stream
    chunks: int = 0

    @property
    def per_chunk(self) -> float:
        """Microseconds for each chunk."""
        return 1e6 * self.best / self.chunks

    def run(self) -> None:
        """Read the stream once; keep the time if it was the quickest so far."""
        stream = self.start()
        gc.collect()
        began = time.process_time()
        if hasattr(stream, "__aiter__"):
            self.chunks = asyncio.run(acount(stream))
        else:
            self.chunks = sum(1 for _ in stream)
        self.best = min(self.best, time.process_time() - began)


async def acount(stream: Any) -> int:
    """Read an async stream; the number of its items."""
    number = 0
    async for _ in stream:
        number += 1
    return number


def fake() -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=TEXT)


def generic() -> BaseChatModel:
    return GenericFakeChatModel(messages=iter([AIMessage(TEXT)]))


def listed() -> BaseChatModel:
    return FakeListChatModel(responses=[TEXT])


def known() -> BaseChatModel:
    model = cached(fake())
    model.invoke("Hi")
    return model


def passed_on(chunks: Iterator[Any]) -> Iterator[Any]:
    yield from chunks


def measured() -> Iterator[Any]:
    yield from [None] * measure(fake().stream("Hi")).chunks


class Silent(BaseCallbackHandler):
    """A handler whose work is nothing, so that what is left is LangChain's."""

    def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
        """Do nothing."""


def heard(handler: BaseCallbackHandler) -> Any:
    return fake().stream("Hi", config={"callbacks": [handler]})


FAKES = [
    Row("GenericFakeChatModel", lambda: generic().stream("Hi")),
    Row("FakeListChatModel, a chunk per letter", lambda: listed().stream("Hi")),
    Row("FakeStreamingChatModel", lambda: fake().stream("Hi"), "GenericFakeChatModel"),
    Row("FakeStreamingChatModel, async", lambda: fake().astream("Hi")),
]
SYNC, ASYNC = "FakeStreamingChatModel", "FakeStreamingChatModel, async"
CHAIN, HANDLER = (
    "model, then a RunnableGenerator that does nothing",
    "a handler that does nothing",
)
THREAD = "a thread pulls and hands over, so that the reader can stop waiting"
ALARM = "asyncio sets and clears an alarm for each chunk"
SHARED = "a thread of the call's own brings the chunks, for all who ask the same"
TRACED = "LangChain's own price for a stage: it traces each chunk in and out"
PARSER = "StrOutputParser, async"
HOPS = "LangChain's parser hands each chunk to a thread and waits for it"
STAGES = [
    Row("reliable", lambda: reliable(fake()).stream("Hi"), SYNC),
    Row("reliable, async", lambda: reliable(fake()).astream("Hi"), ASYNC),
    Row(
        "reliable with deadlines",
        lambda: reliable(fake(), **LIMITS).stream("Hi"),
        SYNC,
        THREAD,
    ),
    Row(
        "reliable with deadlines, async",
        lambda: reliable(fake(), **LIMITS).astream("Hi"),
        ASYNC,
        ALARM,
    ),
    Row("cached, not yet kept", lambda: cached(fake()).stream("Hi"), SYNC, SHARED),
    Row(
        "cached, not yet kept, async",
        lambda: cached(fake()).astream("Hi"),
        ASYNC,
        "a task of its own brings the chunks",
    ),
    Row("cached, kept", lambda: known().stream("Hi"), SYNC),
    Row("cached, kept, async", lambda: known().astream("Hi"), ASYNC),
    Row("passages", lambda: passages(fake().stream("Hi")), SYNC),
    Row("passages, async", lambda: passages(fake().astream("Hi")), ASYNC),
    Row("measure", measured, SYNC),
    Row(
        CHAIN,
        lambda: (fake() | RunnableGenerator(passed_on)).stream("Hi"),
        SYNC,
        TRACED,
    ),
    Row(
        "buffered(WordBuffer)",
        lambda: (fake() | buffered(WordBuffer)).stream("Hi"),
        CHAIN,
    ),
    Row(
        "buffered(SentenceBuffer)",
        lambda: (fake() | buffered(SentenceBuffer)).stream("Hi"),
        CHAIN,
    ),
    Row(PARSER, lambda: (fake() | StrOutputParser()).astream("Hi"), ASYNC, HOPS),
    Row(
        "TextParser, async",
        lambda: (fake() | TextParser()).astream("Hi"),
        ASYNC,
        TRACED,
    ),
    Row(HANDLER, lambda: heard(Silent()), SYNC),
    Row("on_token(fn)", lambda: heard(on_token(lambda text: None)), HANDLER),
    Row(
        "PartialRecorder",
        lambda: heard(PartialRecorder()),
        HANDLER,
        "it notes text, time, finish and usage of every chunk",
    ),
]

# The forms of an agent's stream, each alone and read by `passages`.
ASK = {"messages": "Hi"}
FORMS: dict[str, dict[str, Any]] = {
    "an agent's messages v1": {"stream_mode": "messages"},
    "an agent's messages v2": {"stream_mode": "messages", "version": "v2"},
    "an agent's messages and updates, subgraphs": {
        "stream_mode": ["messages", "updates"],
        "subgraphs": True,
    },
    "an agent's events v3": {},
}


def agents(options: dict[str, Any]) -> Any:
    agent: Any = create_agent(fake(), [])
    if not options:
        return agent.stream_events(ASK, version="v3")
    return agent.stream(ASK, **options)


def told_by(options: dict[str, Any]) -> Any:
    return passages(agents(options))


READ = [
    row
    for name, options in FORMS.items()
    for row in (
        Row(name, partial(agents, options)),
        Row(f"passages of {name}", partial(told_by, options), name),
    )
]


def table(rows: list[Row]) -> Iterator[str]:
    """The lines of the table, each row against the one it stands on."""
    by_name = {row.name: row for row in rows}
    yield "| stream | µs a chunk | compared with | adds | because |"
    yield "|---|---:|---|---:|---|"
    for row in rows:
        more = added(row, by_name[row.over]) if row.over else 0.0
        cells = [
            row.name,
            f"{row.per_chunk:.1f}",
            row.over,
            f"{more:+.1f}" if row.over else "",
            row.why if more > TARGET else "",
        ]
        yield "| " + " | ".join(cells) + " |"


def added(row: Row, base: Row) -> float:
    """Microseconds that the row adds to each chunk."""
    return row.per_chunk - base.per_chunk


# The first token of a kept answer

LENGTHS = (1_000, 10_000, 100_000)


def first_token(model: BaseChatModel) -> float:
    """Milliseconds from the question to the first text."""
    stream = model.stream("Hi")
    began = time.perf_counter()
    next(chunk for chunk in stream if chunk.text)
    return 1e3 * (time.perf_counter() - began)


async def longest_hold(model: BaseChatModel) -> float:
    """Milliseconds that others wait for their turn at most, while a hit is read."""
    longest, before = 0.0, time.perf_counter()
    gc.disable()  # LangChain holds on to every chunk, and collecting takes seconds

    async def others() -> None:
        nonlocal longest, before
        while True:
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)
            before = time.perf_counter()

    waiting = asyncio.create_task(others())
    async for chunk in model.astream("Hi"):
        if chunk.response_metadata.get("finish_reason"):
            waiting.cancel()  # LangChain then adds all chunks up, for its handlers
    gc.enable()
    return 1e3 * longest


def hits(folder: str) -> Iterator[str]:
    """The lines of the table of kept answers."""
    yield "| chunks | memory, ms | SQLite, ms | the loop is held for, at most, ms |"
    yield "|---:|---:|---:|---:|"
    for length in LENGTHS:
        inner = FakeStreamingChatModel(replies=" word" * length)
        stores = [InMemoryCache(), SQLiteStreamCache(f"{folder}/{length}.db")]
        models = [cached(inner, store) for store in stores]
        for model in models:
            list(model.stream("Hi"))
        firsts = [min(first_token(model) for _ in range(ROUNDS)) for model in models]
        gc.collect()
        held = min(asyncio.run(longest_hold(models[0])) for _ in range(3))
        cells = [f"{length:,}", *(f"{first:.1f}" for first in firsts), f"{held:.1f}"]
        yield "| " + " | ".join(cells) + " |"


def main() -> None:
    """Take turns, then print the table."""
    rows = FAKES + STAGES + READ
    for _ in range(ROUNDS):
        for row in rows:
            row.run()
    for stage in STAGES + READ:
        stage.chunks = rows[2].chunks  # those that went in: a buffer sends fewer
    ratio = rows[2].per_chunk / rows[0].per_chunk
    print("# What a chunk costs in each stage\n")
    print(
        f"Processor time of this process, all threads included; an answer of {WORDS} "
        f"words; best of {ROUNDS} rounds that take turns. langchain-core "
        f"{version('langchain-core')}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores. Written by `python benchmarks/stages.py`.\n"
    )
    print(*table(rows), sep="\n")
    print(
        f"\nThe fake model costs {ratio:.2f} × `GenericFakeChatModel` a chunk "
        f"(target: at most 1.1). A stage may add {TARGET:.0f} µs, "
        f"`passages` {READING:.0f}."
    )

    print("\n## The first token of a kept answer\n")
    print(f"Real time from the question to the first text, best of {ROUNDS}.\n")
    with TemporaryDirectory() as folder:
        print(*hits(folder), sep="\n")


if __name__ == "__main__":
    main()
