"""A reliable model on a clock that jumps, and two ways to read it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.reliability import reliable

TEXT = "Nice to meet you."
BROKEN = [Reply(TEXT, cut_after=2), Reply(TEXT, drop_after=2)]
SILENT = [Reply(TEXT, cut_after=0), Reply(TEXT, drop_after=0), Reply(TEXT, reset=True)]
PAY = {"name": "pay", "args": {"to": "bob", "amount": 10_000}}


def fake(*replies: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=list(replies), clock=VirtualClock())


def steady(model: FakeStreamingChatModel, **settings: Any) -> BaseChatModel:
    return reliable(model, clock=model.clock, **settings)


def read(model: Any, **options: Any) -> list[AIMessageChunk]:
    return list(model.stream("Hi", **options))


def aread(model: Any, **options: Any) -> list[AIMessageChunk]:
    async def go() -> list[AIMessageChunk]:
        return [chunk async for chunk in model.astream("Hi", **options)]

    return asyncio.run(go())


both = pytest.mark.parametrize("read", [read, aread], ids=["stream", "astream"])
Read = Callable[..., list[Any]]


def text(chunks: list[AIMessageChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)
