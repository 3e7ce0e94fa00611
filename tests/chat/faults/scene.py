"""The whole of it on one machine, and what is seen, billed and counted of an answer."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Browser, expect

from course_utils.clock import Clock
from course_utils.fake import FakeServer, Reply
from tests.chat.page.person import Person
from tests.support.servers.chat import Worker, running
from tests.support.servers.proxies import proxy
from tests.support.servers.redis import RedisServer, redis_server
from tests.support.watched import PATIENCE

WORDS = "One two three four five six seven eight nine ten eleven twelve"
TOKENS = len(WORDS.split())
PACE = 0.1  # seconds a token
ALIVE, GRACE = 1.0, 1.0
COUNTED = re.compile(r'^chat_streams_ended_total{end="(\w+)"} (\d+)', re.MULTILINE)
OPEN = re.compile(r"^chat_streams_open (\d+)", re.MULTILINE)


@dataclass
class Outcome:
    """What came of one answer."""

    page: str  # the last state it showed
    text: str  # whole, a part, none
    billed: str  # by the provider: tokens sent
    counted: str  # in the workers' metrics
    model: str  # how the provider's stream ended


class Scene:
    """Two workers behind a proxy, their Redis, a provider, and somebody who asks."""

    def __init__(self, workers: Sequence[Worker], redis: RedisServer) -> None:
        self.workers = workers
        self.redis = redis
        self.address = ""
        self.person: Any = None
        self.replies: list[Any] = []
        self.provider: Any = None
        self._billed_before = 0
        self._counted_before: dict[str, int] = {}

    def reply(self, messages: Any) -> Any:
        """What the provider says next; the last reply for ever."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def play(self, act: "Callable[[Scene], None]") -> Outcome:
        """What comes of a fault, when all was well before."""
        self.restore()
        self.person.open()
        act(self)
        return self.outcome()

    # What may be done

    def ask(self, *replies: Any, wait_for: str = "One two") -> None:
        """Ask on the page, and wait until these words are there."""
        self.replies = list(replies) or [WORDS]
        self._billed_before = len(self.provider.log)
        self._counted_before = self._counts()
        self.person.ask("Count, please.")
        if wait_for:
            expect(self.person.answer).to_contain_text(wait_for)

    def owner(self) -> Worker:
        """The worker that has the answer."""
        return next(w for w in self.workers if self._open(w))

    def other(self) -> Worker:
        owner = self.owner()
        return next(w for w in self.workers if w is not owner)

    def leave(self) -> None:
        """Close the page, for good."""
        self.person.page.evaluate("sessionStorage.clear()")
        self.person.page.goto("about:blank")

    def go_elsewhere(self, worker: Worker) -> None:
        """Read on at this worker, past the proxy."""
        page = self.person.page
        name = page.evaluate("sessionStorage.answer")
        page.evaluate("sessionStorage.clear()")
        page.goto(f"{worker.address}/page.css")
        page.evaluate("name => { sessionStorage.answer = name }", name)
        page.goto(worker.address)

    def restore(self) -> None:
        """Everything is up again, for the next fault."""
        for worker in self.workers:
            if worker.process is None or worker.process.poll() is not None:
                worker.start()
        for worker in self.workers:
            worker.wait()
        self.until(lambda: not any(self._open(worker) for worker in self.workers))

    # What came of it

    def outcome(self) -> Outcome:
        """When nothing is open any more, what the page, the bill and metrics say."""
        page, text = self._seen()
        self.until(lambda: not any(self._open(w) for w in self.workers if alive(w)))
        calls = self.provider.log[self._billed_before :]
        self.until(lambda: all(call.outcome != "playing" for call in calls))
        return Outcome(
            page,
            part(len(text.split()), "none"),
            part(sum(call.tokens_sent for call in calls), "nothing"),
            counted(self._counted_before, self._counts()),
            calls[-1].outcome if calls else "not asked",
        )

    def _seen(self) -> tuple[str, str]:
        if self.person.page.url == "about:blank":
            return "(closed)", ""
        state = self.person.page.get_by_role("status")
        expect(self.person.button("Send")).to_be_enabled(timeout=PATIENCE * 1000)
        return state.inner_text(), self.person.answer.inner_text()

    def until(self, holds: Callable[[], bool]) -> None:
        pause, end = threading.Event(), time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "it did not come"
            pause.wait(0.05)

    def _open(self, worker: Worker) -> int:
        found = OPEN.search(metrics_of(worker))
        return int(found[1]) if found else 0

    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for worker in self.workers:
            for end, number in COUNTED.findall(metrics_of(worker)):
                key = f"{worker.port} {worker.process.pid} {end}"  # type: ignore[union-attr]
                counts[key] = int(number)
        return counts


def alive(worker: Worker) -> bool:
    return worker.process is not None and worker.process.poll() is None


def metrics_of(worker: Worker) -> str:
    try:
        return httpx.get(f"{worker.address}/metrics", timeout=PATIENCE).text
    except httpx.TransportError:
        return ""  # it is gone, and its counters with it


def counted(before: dict[str, int], after: dict[str, int]) -> str:
    """The ends that came to it."""
    ends = []
    for key, number in sorted(after.items()):
        ends += [key.split()[-1]] * (number - before.get(key, 0))
    return ", ".join(ends) or "nothing"


def part(count: int, nothing: str) -> str:
    """How much of the answer this is."""
    if count == 0:
        return nothing
    if count == TOKENS:
        return "whole"
    return "a part" if count < TOKENS else f"whole, and {count - TOKENS} more"


@contextmanager
def scene(browser: Browser, conf: str = "nginx.conf") -> Iterator[Scene]:
    """All of it, running."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        found = Scene([], redis)
        provider = FakeServer(found.reply, per_token=PACE, clock=Clock(1.0))
        found.provider = stack.enter_context(provider)
        around = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "offline"}
        settings = {"model": "openai:gpt-5-mini", "redis": redis.url, "cache": 0}
        settings |= {"alive": ALIVE, "grace": GRACE, "rate": "10000/minute"}
        found.workers = stack.enter_context(
            running(*(Worker(around=around, **settings) for _ in range(2)))
        )
        found.address = stack.enter_context(proxy(conf, *found.workers))
        context = stack.enter_context(browser.new_context())
        found.person = Person(context.new_page(), found.address, None, None)  # type: ignore[arg-type]
        yield found


def stalled(after: int) -> Reply:
    """A provider that says nothing more."""
    return Reply(WORDS, stall_after=after, stall=60)
