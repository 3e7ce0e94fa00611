"""Answers to notebook 6's two exercises of the core: runs read, and chats."""

import json
from collections import Counter
from contextlib import aclosing, suppress
from typing import Any, ClassVar

from course_utils.lessons.inside_the_architecture import solutions
from course_utils.passages import passages
from course_utils.serving import LAST, Event, error_event, sse_events


def as_given(run: Any) -> Any:
    for message in run.messages:
        for piece in message.reasoning:
            yield "thinking", piece
        for piece in message.text:
            yield "text", piece


def text_first(run: Any) -> Any:
    for message in run.messages:
        for piece in message.text:
            yield "text", piece
        for piece in message.reasoning:
            yield "thinking", piece


def only_text(run: Any) -> Any:
    for message in run.messages:
        for piece in message.text:
            yield "text", piece


def by_passages(run: Any) -> Any:
    kinds = {"reasoning": "thinking", "text": "text"}
    for passage in passages(run):
        if passage.kind in kinds:
            yield kinds[passage.kind], passage.text


def by_kind(run: Any) -> Any:
    fields = {"reasoning-delta": "reasoning", "text-delta": "text"}
    for message in run.messages:
        for event in message:
            if event["event"] == "content-block-delta":
                field = fields.get(event["delta"]["type"])
                kind = "thinking" if field == "reasoning" else "text"
                if field:
                    yield kind, event["delta"][field]


def by_another_key(run: Any) -> Any:
    for message in run.messages:
        for event in message:
            delta = event.get("delta", {})
            if delta.get("text"):
                yield "text", delta["text"]
            elif delta.get("thinking"):
                yield "thinking", delta["thinking"]


def collected(run: Any) -> Any:
    for message in run.messages:
        for event in list(message):
            delta = event.get("delta", {})
            if delta.get("type") == "text-delta":
                yield "text", delta["text"]
            elif delta.get("type") == "reasoning-delta":
                yield "thinking", delta["reasoning"]


def of_one_message(run: Any) -> Any:
    for event in next(iter(run.messages)):
        delta = event.get("delta", {})
        if delta.get("type") == "text-delta":
            yield "text", delta["text"]
        elif delta.get("type") == "reasoning-delta":
            yield "thinking", delta["reasoning"]


def swallowing(run: Any) -> Any:
    with suppress(ConnectionError):
        yield from solutions.both_live(run)


def whole_deltas(run: Any) -> Any:
    for message in run.messages:
        for event in message:
            if "delta" in event:
                yield "text", event["delta"]


def bare_pieces(run: Any) -> Any:
    for _, piece in solutions.both_live(run):
        yield piece


def at_the_end(run: Any) -> Any:
    return [("text", run.output["messages"][-1].text)]


class ChatStub(solutions.Chat):
    async def start(self, question: str) -> Any:
        raise NotImplementedError

    async def read(self, name: str, after: int = 0) -> Any:
        raise NotImplementedError
        yield

    async def stop(self, name: str) -> Any:
        raise NotImplementedError


class HalfAChat(ChatStub):
    async def start(self, question: str) -> Any:
        return await solutions.Chat.start(self, question)

    async def read(self, name: str, after: int = 0) -> Any:
        async for event in solutions.Chat.read(self, name, after):
            yield event

    async def stop(self, name: str) -> Any:
        raise NotImplementedError


class FirstTry(solutions.Chat):
    async def start(self, question: str) -> Any:
        return question

    async def read(self, name: str, after: int = 0) -> Any:
        async for chunk in self.ask(name):
            if chunk.text:
                yield Event("text", json.dumps({"text": chunk.text}))
        self.ends["done"] += 1
        yield Event("done")

    async def stop(self, name: str) -> Any:
        return False


class GoneWhenAway(solutions.Chat):
    async def read(self, name: str, after: int = 0) -> Any:
        try:
            async for event in await self.store.follow(name, after):
                yield event
        except Exception:
            yield error_event("Gone", "Ask again.")


class ByLambda:
    def __init__(self, ask: Any, store: Any) -> None:
        self.ask, self.store, self.ends = ask, store, Counter[str]()

    async def start(self, question: str) -> Any:
        events = sse_events(self.ask(question))
        count = self.ends.update
        return await self.store.start(events, ended=lambda e: count([e.event]))

    async def read(self, name: str, after: int = 0) -> Any:
        events = await self.store.follow(name, after)
        if events is None:
            yield error_event("NotFound", "Ask again.")
        else:
            async with aclosing(events):
                async for event in events:
                    yield event

    async def stop(self, name: str) -> Any:
        return bool(await self.store.stop(name))


class Trusting(solutions.Chat):
    async def start(self, question: str) -> Any:
        events = sse_events(self.ask(question), require_finish=False)
        return await self.store.start(events, ended=self.count)


class FromTheBeginning(solutions.Chat):
    async def read(self, name: str, after: int = 0) -> Any:
        async for event in super().read(name):
            yield event


class CountsReaders(solutions.Chat):
    async def start(self, question: str) -> Any:
        return await self.store.start(sse_events(self.ask(question)))

    async def read(self, name: str, after: int = 0) -> Any:
        async for event in super().read(name, after):
            if event.event in LAST:
                self.ends[event.event] += 1
            yield event


class CountsStarts(solutions.Chat):
    async def start(self, question: str) -> Any:
        self.ends["done"] += 1
        return await self.store.start(sse_events(self.ask(question)))


class CountsNothing(solutions.Chat):
    def count(self, last: Event) -> None:
        self.last = last


class SilentOfTheUnknown(solutions.Chat):
    async def read(self, name: str, after: int = 0) -> Any:
        events = await self.store.follow(name, after)
        if events is not None:
            async for event in events:
                yield event


class BreaksOnTheUnknown(solutions.Chat):
    async def read(self, name: str, after: int = 0) -> Any:
        async for event in await self.store.follow(name, after):
            yield event


class AllAtOnce(solutions.Chat):
    async def read(self, name: str, after: int = 0) -> Any:
        for event in [event async for event in super().read(name, after)]:
            yield event


class StopsNothing(solutions.Chat):
    async def stop(self, name: str) -> Any:
        return True


class StopsBlindly(solutions.Chat):
    async def stop(self, name: str) -> Any:
        await self.store.stop(name)
        return True


class OneName(solutions.Chat):
    async def start(self, question: str) -> Any:
        events = sse_events(self.ask(question))
        return await self.store.start(events, name="answer", ended=self.count)


class AsksTwice(solutions.Chat):
    async def start(self, question: str) -> Any:
        async for _ in self.ask(question):
            break
        return await super().start(question)


class AsksInSmall(solutions.Chat):
    async def start(self, question: str) -> Any:
        return await super().start(question.lower())


class Returning(solutions.Chat):
    async def read(self, name: str, after: int = 0) -> Any:
        return await self.store.follow(name, after)


class OneCounter(solutions.Chat):
    shared: ClassVar[Counter[str]] = Counter()

    def __init__(self, ask: Any, store: Any) -> None:
        super().__init__(ask, store)
        self.ends = self.shared


class Unawaited(solutions.Chat):
    async def start(self, question: str) -> Any:
        return self.store.start(sse_events(self.ask(question)), ended=self.count)


class ChunksInTheStore(solutions.Chat):
    async def start(self, question: str) -> Any:
        return await self.store.start(self.ask(question), ended=self.count)


class DataAlone(solutions.Chat):
    async def read(self, name: str, after: int = 0) -> Any:
        async for event in super().read(name, after):
            yield event.data
