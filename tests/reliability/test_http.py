"""A reliable `ChatOpenAI` over HTTP, in both of OpenAI's ways to stream."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from langchain.agents import create_agent
from langchain_core.exceptions import ModelError
from langchain_openai import ChatOpenAI

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from course_utils.reliability import reliable

TEXT = "Streams break now – and then 🌊."
HALF, REST = "Streams break now", " – and then 🌊."
CUT, ERROR = Reply(TEXT, cut_after=3), Reply(TEXT, error_after=3)
PAY = {"name": "pay", "args": {"to": "bob", "amount": 10_000}}
APIS = {
    "chat": {},
    "responses": {"use_responses_api": True},
    "responses-v1": {"use_responses_api": True, "output_version": "v1"},
}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(verify=False, timeout=60) as client:
        yield client


@pytest.fixture(params=APIS)
def steady(request: Any, client: httpx2.Client) -> Any:
    """Makes the reliable model of one API."""

    def make(server: FakeServer, **settings: Any) -> Any:
        chat = ChatOpenAI(
            model="fake",
            base_url=server.url,
            api_key="offline",
            max_retries=0,
            http_client=client,
            **APIS[request.param],
        )
        return reliable(chat, wait_initial=0, **settings)

    return make


def sum_of(chunks: list[Any]) -> Any:
    return chunks[0] + chunks[1:]


@pytest.mark.parametrize("fault", [CUT, ERROR])
def test_raise_keeps_what_came(steady: Any, fault: Reply):
    with FakeServer([fault, TEXT]) as server:
        with pytest.raises(ModelError) as raised:
            list(steady(server).stream("Hi"))
        assert raised.value.partial.text == HALF and len(server.log) == 1


@pytest.mark.parametrize("fault", [Reply(TEXT, cut_after=0), Reply(status=500)])
def test_a_failure_before_the_first_token_is_never_seen(steady: Any, fault: Reply):
    with FakeServer([fault, TEXT]) as server:
        total = sum_of(list(steady(server).stream("Hi")))
    assert total.text == TEXT and len(server.log) == 2


@pytest.mark.parametrize(("how", "rest"), [("continue", REST), ("full", TEXT)])
def test_the_rest_joins_what_was_shown(steady: Any, how: str, rest: str):
    with FakeServer([CUT, rest]) as server:
        total = sum_of(list(steady(server, after_first_token=how).stream("Hi")))
    assert total.text == TEXT
    assert not total.response_metadata.get("restart")
    assert str(total.response_metadata.get("id")).count("resp_") <= 1


def test_a_restart_stands_apart(steady: Any):
    with FakeServer([CUT, TEXT]) as server:
        chunks = list(steady(server, after_first_token="restart").stream("Hi"))
    again = next(n for n, c in enumerate(chunks) if c.response_metadata.get("restart"))
    assert "".join(chunk.text for chunk in chunks[:again]) == HALF
    assert "".join(chunk.text for chunk in chunks[again:]) == TEXT
    assert not {c.id for c in chunks[:again]} & {c.id for c in chunks[again:]}


def test_half_a_tool_call_never_runs(steady: Any):
    ran = []

    def pay(to: str, amount: int) -> str:
        """Pay someone."""
        ran.append(amount)
        return "Paid."

    with FakeServer(Reply(tool_calls=[PAY], length_after=-2)) as server:
        agent = create_agent(steady(server), [pay])
        question = {"messages": [("user", "Hi")]}
        list(agent.stream(question, stream_mode="messages"))
        total = sum_of(list(steady(server).stream("Hi")))
    assert ran == [] and total.tool_calls == []
    assert total.invalid_tool_calls[0]["name"] == "pay"
    assert total.response_metadata["incomplete"] in ("length", "max_output_tokens")
