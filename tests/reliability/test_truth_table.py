"""The course's truth table: every fault, every way to ask, with and without `reliable`.

The server breaks its first answer and is well from then on. `truth_table.md` holds what
each caller gets; the rows of the bare `ChatOpenAI` document today's LangChain. After a
change that is meant, write it anew, in a twentieth of the time with COURSE_SPEED=20:

    python -m tests.reliability.test_truth_table
"""

import asyncio
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_openai import ChatOpenAI

from course_utils.cache import cached
from course_utils.clock import course_clock
from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from course_utils.reliability import reliable

TABLE = Path(__file__).with_name("truth_table.md")
HEAD = """\
# What a caller gets when a stream breaks

The server breaks its first answer and is well from then on. A cell says how much text
was shown (*all*, *half*, *nothing*), what `response_metadata["incomplete"]` told, the
error, whether it took as long as the silence (*late*), and the number of requests if it
was not one. For a tool call it says what was called, or for an agent what was run.
No cell leaves a connection open. `cached` asks twice and tells of the second time, with
the requests of both.

`ChatOpenAI` is as it comes, with its two retries, and so it stands in `cached`.
`reliable`, alone or in `cached reliable`, stands around one without retries, with 3
attempts, deadlines far shorter than the silences, and `raise` after the first token.

An agent is read in each form of its stream: `messages` in its first and second version,
a list of modes, with subgraphs, as `updates`, and as protocol events (v3).

Written by `python -m tests.reliability.test_truth_table`; the tests compare every row.
"""
# In seconds on the course's clock. Who has no deadline waits through the silence, so
# it is short for them; who has one leaves long before theirs is over. A deadline leaves
# time for the healthy answer on a machine that is busy with other tests.
SILENCE, ENDLESS, DEADLINE, NO_HURRY = 24.0, 400.0, 60.0, 300.0
AT_ONCE = 9  # callers who wait through the same silence
ANSWER = "Streams break now – and then 🌊."
PAY = {"name": "pay", "args": {"to": "bob", "amount": 10_000}}


def says(**fault: Any) -> Reply:
    return Reply(ANSWER, **fault)


def calls(**fault: Any) -> Reply:
    return Reply(tool_calls=[PAY], **fault)


def faults(silence: float) -> dict[str, Reply]:
    """Every fault by its name; the silent ones last this long."""
    return {
        "none": says(),
        "status 400": Reply(status=400),
        "status 401": Reply(status=401),
        "status 429": Reply(status=429, retry_after=0.02),
        "status 500": Reply(status=500),
        "status 503": Reply(status=503),
        "reset before the answer": says(reset=True),
        "reset before the first token": says(drop_after=0),
        "reset in mid-answer": says(drop_after=3),
        "body ends before its end": says(truncate_after=3),
        "tidy end before the first token": says(cut_after=0),
        "tidy end in mid-answer": says(cut_after=3),
        "no end mark": says(no_done=True),
        "error event": says(error_after=3),
        "broken JSON": says(garble_after=3),
        "letters in halves": says(split_utf8=True),
        "an event of a megabyte": says(huge_after=2),
        "the same chunk twice": says(duplicate_after=2),
        "length": says(length_after=3),
        "content filter": says(filter_after=3),
        "empty answer": Reply(""),
        "slow headers": says(headers_after=silence),
        "slow first token": says(first_token=silence),
        "stall": says(stall_after=3, stall=silence),
        "stall with comments": says(stall_after=3, stall=silence, keep_alive=True),
        "tool call": calls(),
        "tool call, tidy end in its middle": calls(cut_after=-2),
        "tool call, length in its middle": calls(length_after=-2),
    }


FAULTS = list(faults(SILENCE))
SILENT = [name for name in FAULTS if name.startswith(("slow", "stall"))]


class Bank:
    """Runs an agent whose tool remembers what it paid."""

    def __init__(self) -> None:
        self.paid: list[int] = []

    def agent(self, model: BaseChatModel) -> Any:
        def pay(to: str, amount: int) -> str:
            """Pay someone."""
            self.paid.append(amount)
            return "Paid."

        return create_agent(model, [pay])


class Asked:
    """What one call brought: messages or chunks, and perhaps an error."""

    def __init__(self, silence: float) -> None:
        self.silence = silence  # how long the fault is silent; 0 if it is not
        self.messages: list[Any] = []
        self.error: Exception | None = None
        self.bank: Bank | None = None
        self.began = course_clock.now()

    def __str__(self) -> str:
        error = type(self.error).__name__ if self.error else ""
        waited = course_clock.now() - self.began
        late = "late" if self.silence and waited >= self.silence else ""
        return ", ".join(filter(None, [self.shown(), self.incomplete(), error, late]))

    def incomplete(self) -> str:
        """Why the answer ended early, if that was told."""
        told = [m.response_metadata.get("incomplete") for m in self.messages]
        return "".join(filter(None, told))

    def shown(self) -> str:
        """The text, as a share of the answer; or the tool calls."""
        if self.bank is not None and self.bank.paid:
            return "ran " + " ".join(f"pay({amount})" for amount in self.bank.paid)
        if called := self.called():
            return called
        text = "".join(message.text for message in self.messages)
        if not text or text == ANSWER:
            return "all" if text else "nothing"
        return "half" if ANSWER.startswith(text) else f"“{text}”"

    def called(self) -> str:
        """The tool calls of the message, the invalid ones too."""
        if not self.messages or self.bank is not None:
            return ""
        first, *rest = self.messages
        total = first + rest if rest else first
        good = [f"pay({call['args'].get('amount', '')})" for call in total.tool_calls]
        return " ".join([*good, *("invalid pay" for _ in total.invalid_tool_calls)])


Way = Callable[[BaseChatModel, Asked], Any]


def stream(model: BaseChatModel, asked: Asked) -> None:
    for chunk in model.stream("Hi"):
        asked.messages.append(chunk)


def astream(model: BaseChatModel, asked: Asked) -> Any:
    async def go() -> None:
        async for chunk in model.astream("Hi"):
            asked.messages.append(chunk)

    return go()


def invoke(model: BaseChatModel, asked: Asked) -> None:
    asked.messages.append(model.invoke("Hi"))


QUESTION: Any = {"messages": [("user", "Hi")]}


def agent(model: BaseChatModel, asked: Asked) -> None:
    read_agent(model, asked, stream_mode="messages")


def agent_v2(model: BaseChatModel, asked: Asked) -> None:
    read_agent(model, asked, stream_mode="messages", version="v2")


def agent_list(model: BaseChatModel, asked: Asked) -> None:
    read_agent(model, asked, stream_mode=["messages", "custom"])


def agent_subgraphs(model: BaseChatModel, asked: Asked) -> None:
    read_agent(model, asked, stream_mode="messages", subgraphs=True)


def agent_updates(model: BaseChatModel, asked: Asked) -> None:
    read_agent(model, asked, stream_mode="updates")


def agent_v3(model: BaseChatModel, asked: Asked) -> None:
    asked.bank = Bank()
    run: Any = asked.bank.agent(model).stream_events(QUESTION, version="v3")
    for message in run.messages:
        for delta in message.text:
            asked.messages.append(AIMessageChunk(delta))
        told = message.output.response_metadata
        asked.messages.append(AIMessageChunk("", response_metadata=told))
    _ = run.output  # the error, if there was one


def read_agent(model: BaseChatModel, asked: Asked, **form: Any) -> None:
    """Run an agent that pays, and note what its model says."""
    asked.bank = Bank()
    for item in asked.bank.agent(model).stream(QUESTION, **form):
        asked.messages += [
            message
            for message in messages_in(item)
            if isinstance(message, AIMessage | AIMessageChunk)
        ]


def messages_in(item: Any) -> list[Any]:
    """The messages in one item of any of these forms."""
    if isinstance(item, tuple):
        return messages_in(item[0] if isinstance(item[0], BaseMessage) else item[1])
    if not isinstance(item, dict):
        return [item]
    if "data" in item:
        return messages_in(item["data"])
    return [message for update in item.values() for message in update["messages"]]


WAYS: list[Way] = [
    *(stream, astream, invoke),
    *(agent, agent_v2, agent_list, agent_subgraphs, agent_updates, agent_v3),
]


Make = Callable[..., ChatOpenAI]


def bare(chat: Make, limit: float) -> BaseChatModel:
    return chat()


def reliably(chat: Make, limit: float) -> BaseChatModel:
    steady = chat(max_retries=0)
    return reliable(
        steady,
        first_token_timeout=limit,
        between_tokens_timeout=limit,
        wait_initial=0.1,
    )


def alone_cached(chat: Make, limit: float) -> BaseChatModel:
    return cached(chat())


def reliably_cached(chat: Make, limit: float) -> BaseChatModel:
    return cached(reliably(chat, limit))


WHO = {
    "ChatOpenAI": bare,
    "reliable": reliably,
    "cached": alone_cached,
    "cached reliable": reliably_cached,
}


class Bench:
    """A server for one cell, and clients that say whether they still wait for it."""

    def __init__(self, name: str, who: str) -> None:
        silence = ENDLESS if "reliable" in who else SILENCE
        fault = faults(silence)[name]
        self.who = who
        self.silence = silence if name in SILENT else 0.0
        self.limit = DEADLINE if name in SILENT else NO_HURRY
        self.server = FakeServer([turn(fault), turn(well(fault))])
        self.client = httpx2.Client(timeout=60, verify=False)

    def cell(self, way: Way) -> str:
        """What this caller gets, this way."""
        with self.server, self.client:
            asked = asyncio.run(self.ask(way))
            requests = len(self.server.log)
            left = "" if is_quiet(self.client) else ", left open"
        return f"{asked}{left}" + (f" ×{requests}" if requests > 1 else "")

    async def ask(self, way: Way) -> str:
        """Ask once, a cache twice; the last answer counts."""
        async with httpx2.AsyncClient(timeout=60, verify=False) as client:
            model = WHO[self.who](partial(self.chat, client), self.limit)
            for _ in range(2 if self.who.startswith("cached") else 1):
                asked = str(await self.once(model, way))
            return asked + ("" if is_quiet(client) else ", left open")

    async def once(self, model: BaseChatModel, way: Way) -> Asked:
        asked = Asked(self.silence)
        try:
            coroutine = way(model, asked)
            if coroutine is not None:
                await coroutine
        except Exception as error:
            asked.error = error
        return asked

    def chat(self, aclient: Any, **options: Any) -> ChatOpenAI:
        return ChatOpenAI(
            model="fake",
            base_url=self.server.url,
            api_key="offline",
            http_client=self.client,
            http_async_client=aclient,
            **options,
        )


def is_quiet(client: Any) -> bool:
    """Whether no connection is in the middle of an answer."""
    lines = client._transport._pool.connections
    return all(line.is_idle() or line.is_closed() for line in lines)


def turn(reply: Reply) -> Callable[[list[BaseMessage]], Reply]:
    """The reply; but once a tool has answered, the agent's last word."""

    def answer(messages: list[BaseMessage]) -> Reply:
        done = any(message.type == "tool" for message in messages)
        return Reply(ANSWER) if done else reply

    return answer


def well(fault: Reply) -> Reply:
    return calls() if fault.tool_calls else says()


def rows(name: str) -> Iterator[str]:
    """The rows of one fault, as they stand in the table."""
    asked = [(who, way) for who in WHO for way in WAYS]
    with ThreadPoolExecutor(AT_ONCE if name in SILENT else 1) as pool:
        cells = list(pool.map(lambda one: Bench(name, one[0]).cell(one[1]), asked))
    label = name
    for number, who in enumerate(WHO):
        row = cells[number * len(WAYS) :][: len(WAYS)]
        yield "| " + " | ".join([label, who, *row]) + " |"
        label = ""


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own retries wait half a second and more: here they don't."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.01)


slowly = dict.fromkeys(SILENT, pytest.mark.slow)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=slowly.get(name, ())) for name in FAULTS]
)
def test_the_table_is_true(name: str, monkeypatch: pytest.MonkeyPatch):
    hurry(monkeypatch)
    lines = TABLE.read_text("utf-8").splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith(f"| {name} |"))
    assert list(rows(name)) == lines[begin : begin + len(WHO)]


def test_the_table_has_every_fault_once():
    lines = TABLE.read_text("utf-8").splitlines()
    named = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    assert [name for name in named[1:] if name] == FAULTS


def write() -> None:
    """Write the table as it is today."""
    columns = ["fault", "model", *(way.__name__.replace("_", " ") for way in WAYS)]
    head = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        body = [row for name in FAULTS for row in rows(name)]
    TABLE.write_text("\n".join([HEAD, *head, *body]) + "\n", "utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    os.environ["NO_PROXY"] = "127.0.0.1"
    write()
