"""Somebody in front of the page, and a model that says what the test tells it to."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import AIMessageChunk
from playwright.sync_api import Locator, Page, expect

from tests.chat.site import SESSION
from tests.support.watched import PATIENCE

expect.set_options(timeout=8000)


class Puppet:
    """A model whose words come from the test, in its own time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed = threading.Event()
        self._started = threading.Event()

    async def ask(self, text: str) -> AsyncIterator[Any]:
        """What the app reads."""
        self._loop = asyncio.get_running_loop()
        self._words: asyncio.Queue[Any] = asyncio.Queue()
        self.asked.append(text)
        self._started.set()
        try:
            while (item := await self._words.get()) is not None:
                yield item
        finally:
            self._started.clear()
            self.closed.set()

    def say(self, *items: Any) -> None:
        """These texts or chunks come next."""
        assert self._started.wait(PATIENCE)
        for item in items:
            chunk = AIMessageChunk(item, id="1") if isinstance(item, str) else item
            self._loop.call_soon_threadsafe(self._words.put_nowait, chunk)

    def finish(self, reason: str = "stop") -> None:
        """The answer is whole."""
        metadata = {"finish_reason": reason}
        self.say(AIMessageChunk("", id="1", response_metadata=metadata), None)

    def end(self) -> None:
        """Let go of whoever still reads."""
        if self._started.is_set():
            self.say(None)

    def begin(self, chat: Any) -> str:
        """An answer that began without this page; its name."""
        begun = asyncio.run_coroutine_threadsafe(chat.begin("Hi", SESSION), self._loop)
        return str(begun.result(PATIENCE))


class Person:
    """What somebody does on the page, and what they see."""

    def __init__(self, page: Page, address: str, chat: Any, model: Puppet) -> None:
        self.page = page
        self.address = address
        self.chat = chat
        self.model = model
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        # The browser itself writes down each status that is an error.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, prefix: str = "") -> None:
        self.page.goto(f"{self.address}{prefix}/")
        self.sees("waiting for a question")

    def ask(self, text: str = "Hi") -> None:
        self.field.fill(text)
        self.page.keyboard.press("Enter")

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("Your question")

    @property
    def answer(self) -> Locator:
        return self.page.locator("#answer")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def sees(self, state: Any) -> None:
        """The state of the answer, as it is announced."""
        expect(self.page.get_by_role("status")).to_have_text(state)

    def reads(self, text: str) -> None:
        """The answer, as far as it has come."""
        expect(self.answer).to_have_text(text, use_inner_text=True)
