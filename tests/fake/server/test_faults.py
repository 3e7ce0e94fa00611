"""How OpenAI's own client reports each fault that the fake server can play.

One table, each row four times: over both APIs, sync and async. A wait that a fault
makes is endless, and the client's timeout ends it: nothing here sleeps.
"""

import asyncio
import json
from dataclasses import dataclass
from math import inf
from typing import Any

import openai
import pytest
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelRateLimitError,
)

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer

ASK = [{"role": "user", "content": "Hi"}]
SLOW = 60.0  # a timeout that never strikes
OK = Reply("a b c")

RESET = "APIConnectionError from ReadError"
CUT_SHORT = "APIConnectionError from RemoteProtocolError"
TIMED_OUT = "APITimeoutError from ReadTimeout"


@dataclass
class Row:
    """Replies in turn, and what the caller is to see of them."""

    replies: list[Reply]
    text: str
    finish: str | None = None
    error: str | None = None
    requests: int = 1
    timeout: float = SLOW


# A status that the Responses API has for a chat completion's finish reason.
STATUS = {"stop": "completed", "length": "incomplete", "content_filter": "incomplete"}

TABLE = {
    "refused, then fine": Row([Reply(status=429), OK], "a b c", "stop", requests=2),
    "refused for too long": Row(
        [Reply(status=429, retry_after=9999)], "", error="RateLimitError"
    ),
    "500, then fine": Row([Reply(status=500), OK], "a b c", "stop", requests=2),
    "500": Row([Reply(status=500)], "", error="InternalServerError", requests=3),
    "503": Row([Reply(status=503)], "", error="InternalServerError", requests=3),
    "400": Row([Reply(status=400)], "", error="BadRequestError"),
    "401": Row([Reply(status=401)], "", error="AuthenticationError"),
    "403": Row([Reply(status=403)], "", error="PermissionDeniedError"),
    "404": Row([Reply(status=404)], "", error="NotFoundError"),
    "reset, then fine": Row([Reply(reset=True), OK], "a b c", "stop", requests=2),
    "reset": Row([Reply(reset=True)], "", error=RESET, requests=3),
    "no headers": Row(
        [Reply("a b c", headers_after=inf)],
        "",
        error=TIMED_OUT,
        requests=3,
        timeout=0.2,
    ),
    "no first token": Row(
        [Reply("a b c", first_token=inf)], "", error=TIMED_OUT, timeout=0.2
    ),
    "stall": Row([Reply("a b c", stall_after=2)], "a b", error=TIMED_OUT, timeout=0.4),
    "stall, kept alive": Row(
        [Reply("a b c", stall_after=2, stall=16.0, keep_alive=True)],
        "a b c",
        "stop",
        timeout=0.5,  # the stall lasts 0.8 s at the speed of the tests
    ),
    "drop": Row([Reply("a b c", drop_after=2)], "a b", error=RESET),
    "truncated body": Row([Reply("a b c", truncate_after=2)], "a b", error=CUT_SHORT),
    "silent cut": Row([Reply("a b c", cut_after=2)], "a b"),
    "no end mark": Row([Reply("a b c", no_done=True)], "a b c", "stop"),
    "not JSON": Row([Reply("a b c", garble_after=2)], "a b", error="JSONDecodeError"),
    "letters in halves": Row([Reply("é ü 🙂", split_utf8=True)], "é ü 🙂", "stop"),
    "a megabyte": Row([Reply("a b c", huge_after=1)], "a b c", "stop"),
    "a token twice": Row([Reply("a b c", duplicate_after=1)], "a b b c", "stop"),
    "length": Row([Reply("a b c", length_after=2)], "a b", "length"),
    "filter": Row([Reply("a b c", filter_after=2)], "a b", "content_filter"),
    "empty": Row([Reply("")], "", "stop"),
}


@dataclass
class Seen:
    """What a caller saw: the text, why it ended, the error, and the requests made."""

    text: str = ""
    finish: str | None = None
    error: Exception | None = None
    requests: int = 0

    def chat(self, chunk: Any) -> None:
        """Note a chunk of a chat completion."""
        for choice in chunk.choices:
            self.text += choice.delta.content or ""
            self.finish = choice.finish_reason or self.finish

    def responses(self, event: Any) -> None:
        """Note an event of the Responses API."""
        if event.type == "response.output_text.delta":
            self.text += event.delta
        if event.type in ("response.completed", "response.incomplete"):
            self.finish = event.response.status
        if event.type == "error":
            self.finish = event.code

    @property
    def failure(self) -> str | None:
        """The error and its cause, by name."""
        if self.error is None:
            return None
        names = [type(self.error), type(self.error.__cause__)]
        known = [name.__name__ for name in names if name is not type(None)]
        return " from ".join(known)


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)


def ask(caller: Any, api: str, stream: bool) -> Any:
    if api == "chat":
        return caller.chat.completions.create(model="m", messages=ASK, stream=stream)
    return caller.responses.create(model="m", input="Hi", stream=stream)


# Without certificates, which take longer to load than a test to run.
def client(url: str, timeout: float = SLOW) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(verify=False)
    return openai.OpenAI(
        base_url=url, api_key="offline", timeout=timeout, http_client=http
    )


def aclient(url: str, timeout: float = SLOW) -> openai.AsyncOpenAI:
    http = openai.DefaultAsyncHttpxClient(verify=False)
    return openai.AsyncOpenAI(
        base_url=url, api_key="offline", timeout=timeout, http_client=http
    )


def read(url: str, api: str, seen: Seen, timeout: float) -> None:
    with client(url, timeout) as caller:
        for chunk in ask(caller, api, stream=True):
            getattr(seen, api)(chunk)


async def aread(url: str, api: str, seen: Seen, timeout: float) -> None:
    async with aclient(url, timeout) as caller:
        async for chunk in await ask(caller, api, stream=True):
            getattr(seen, api)(chunk)


def see(mode: str, api: str, replies: list[Reply], timeout: float = SLOW) -> Seen:
    seen = Seen()
    with FakeServer(replies) as server:
        try:
            if mode == "sync":
                read(server.url, api, seen, timeout)
            else:
                asyncio.run(aread(server.url, api, seen, timeout))
        except Exception as error:
            seen.error = error
        seen.requests = len(server.log)
    return seen


both_modes = pytest.mark.parametrize("mode", ["sync", "async"])
both_apis = pytest.mark.parametrize("api", ["chat", "responses"])


@both_modes
@both_apis
@pytest.mark.parametrize("name", TABLE)
def test_a_stream_ends_as_the_table_says(mode: str, api: str, name: str) -> None:
    row = TABLE[name]
    seen = see(mode, api, row.replies, row.timeout)
    finish = row.finish if api == "chat" else STATUS.get(row.finish or "")
    assert (seen.text, seen.finish, seen.failure, seen.requests) == (
        row.text,
        finish,
        row.error,
        row.requests,
    )


@both_modes
def test_an_error_event_is_raised_for_chat_and_handed_over_by_responses(
    mode: str,
) -> None:
    broken = [Reply("a b c", error_after=2)]
    chat = see(mode, "chat", broken)
    assert (chat.text, chat.failure) == ("a b", "APIError")
    assert isinstance(chat.error, openai.APIError)
    assert chat.error.code == "server_error"
    responses = see(mode, "responses", broken)
    assert (responses.text, responses.finish) == ("a b", "server_error")
    assert responses.error is None


WHOLE = {
    "drop": (Reply("a b c", drop_after=2), RESET, 3),
    "truncated body": (Reply("a b c", truncate_after=2), CUT_SHORT, 3),
    "silent cut": (Reply("a b c", cut_after=2), CUT_SHORT, 3),
    "error": (Reply("a b c", error_after=2), "InternalServerError", 3),
    "not JSON": (Reply("a b c", garble_after=2), "JSONDecodeError", 1),
    "reset": (Reply(reset=True), RESET, 3),
    "503": (Reply(status=503), "InternalServerError", 3),
}


@both_apis
@pytest.mark.parametrize("name", WHOLE)
def test_a_full_response_that_breaks_is_an_error(api: str, name: str) -> None:
    reply, failure, requests = WHOLE[name]
    seen = Seen()
    with FakeServer(reply) as server:
        expected = pytest.raises((openai.OpenAIError, ValueError))
        with client(server.url) as caller, expected as broken:
            ask(caller, api, stream=False)
        seen.error = broken.value
        assert (seen.failure, len(server.log)) == (failure, requests)


@both_apis
@pytest.mark.parametrize("fault", [{"huge_after": 0}, {"split_utf8": True}])
def test_harmless_faults_leave_a_full_response_whole(
    api: str, fault: dict[str, Any]
) -> None:
    reply = Reply("é 🙂", no_done=True, **fault)
    with FakeServer(reply) as server, client(server.url) as caller:
        answer = ask(caller, api, stream=False)
    said = answer.choices[0].message.content if api == "chat" else answer.output_text
    assert said == "é 🙂"


@both_apis
def test_a_refusal_says_how_long_to_wait(api: str) -> None:
    seen = see("sync", api, [Reply(status=429, retry_after=9999)])
    assert isinstance(seen.error, openai.RateLimitError)
    assert seen.error.response.headers["retry-after"] == "9999"
    assert seen.error.code == "rate_limit_exceeded"


def test_half_a_tool_call_arrives_as_it_was_cut() -> None:
    call = {"name": "pay", "args": {"to": "bob", "amount": 10000}}
    got = ""
    reply = Reply(tool_calls=[call], cut_after=-2)
    with FakeServer(reply) as server, client(server.url) as caller:
        for chunk in ask(caller, "chat", stream=True):
            for part in chunk.choices[0].delta.tool_calls or ():
                got += part.function.arguments
    assert got == '{"to": "bob", "amount": 100'
    with pytest.raises(json.JSONDecodeError):
        json.loads(got)


RAISED: dict[str, tuple[Exception, str]] = {
    "refused for good": (ModelAuthenticationError("no"), "AuthenticationError"),
    "refused for now": (ModelRateLimitError("slow down"), "RateLimitError"),
    "too long": (ContextOverflowError("too long"), "BadRequestError"),
    "late": (TimeoutError("late"), "InternalServerError"),
    "gone": (ConnectionResetError("gone"), RESET),
    "gone, in LangChain's words": (ModelConnectionError("gone"), RESET),
    "anything else": (RuntimeError("a bug"), "InternalServerError"),
}


@pytest.mark.parametrize("name", RAISED)
def test_an_exception_among_the_replies_is_the_status_that_raises_it(name: str) -> None:
    error, failure = RAISED[name]
    seen = Seen()
    with FakeServer(error) as server:
        try:
            read(server.url, "chat", seen, SLOW)
        except Exception as raised:
            seen.error = raised
    assert seen.failure == failure
    if isinstance(seen.error, openai.APIStatusError):
        assert str(error) in seen.error.message


def test_a_status_error_of_a_client_is_that_status_again() -> None:
    seen = see("sync", "chat", [Reply(status=418)])
    assert isinstance(seen.error, openai.APIStatusError)
    again = see("sync", "chat", [Reply(exception=seen.error)])
    assert isinstance(again.error, openai.APIStatusError)
    assert again.error.status_code == 418
