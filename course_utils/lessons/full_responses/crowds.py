"""Models that many questions are asked at once, for the checks of notebook 1.

One counts how many requests are open, the other answers some pages and refuses others.

    Refusing(says={"page 1": "On page 1.", "page 2": Broke("on purpose")})
"""

import threading
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr

from course_utils.lessons.scenes import NASTY, Broke

MOMENT = 0.15  # real seconds for one request too many to come


class Counting(BaseChatModel):
    """Answers, and counts how many requests are open at once.

    The first requests wait until `limit` are open and then a moment longer: one too
    many shows, one at a time shows, and no check depends on luck. The very first one
    is answered after another one.
    """

    limit: int
    blocks: bool = False
    _open: int = PrivateAttr(default=0)
    _most: int = PrivateAttr(default=0)
    _begun: int = PrivateAttr(default=0)
    _ended: int = PrivateAttr(default=0)
    _change: threading.Condition = PrivateAttr(default_factory=threading.Condition)

    @property
    def _llm_type(self) -> str:
        return "counting"

    @property
    def most(self) -> int:
        """The most requests that were open at once."""
        return self._most

    def _generate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        with self._change:
            self._begun, self._open = self._begun + 1, self._open + 1
            self._most = max(self._most, self._open)
            self._change.notify_all()
            self._meet(self._begun)
            self._open, self._ended = self._open - 1, self._ended + 1
            self._change.notify_all()
        content: Any = answer_to(str(messages[-1].text))
        if self.blocks:
            content = [{"type": "text", "text": content, "index": 0}]
        message = AIMessage(content)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _meet(self, number: int) -> None:
        """Wait for as many as may come, and a moment for more; the first for others."""
        wait = self._change.wait_for
        if number > self.limit:
            return
        if not wait(lambda: self._begun >= self.limit, timeout=0.5):
            self.limit = 0  # they come one by one: no use in waiting
        wait(lambda: self._most > self.limit, timeout=MOMENT)
        if number == 1 and self.limit > 1:
            wait(lambda: self._ended, timeout=MOMENT)


def answer_to(question: str) -> str:
    if question == "Why not?":
        raise Broke("on purpose")
    return f"answer to {question}: {NASTY}"


class Refusing(BaseChatModel):
    """Answers each page with its text, or raises the error that stands there instead.

    Attributes:
        says: What it answers, by page.
        blocks: Whether a text comes in a list of blocks.
    """

    says: dict[str, Any] = Field(repr=False, exclude=True)
    blocks: bool = False
    _asked: list[str] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "refusing"

    @property
    def requested(self) -> list[str]:
        """The pages it was asked for, in the order of the requests."""
        return self._asked

    def _generate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        page = str(messages[-1].text)
        self._asked.append(page)
        said = self.says.get(page, "")
        if isinstance(said, BaseException):
            raise said
        content = [{"type": "text", "text": said, "index": 0}] if self.blocks else said
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content))])
