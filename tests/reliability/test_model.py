"""A reliable model as a reader meets it: what is shown, asked again, or raised."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.exceptions import ModelError, ModelTimeoutError
from langchain_core.messages import AIMessage
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    ChatResult,
)

from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.reliability import (
    StreamBroken,
    StreamTimeout,
    StreamTruncated,
    reliable,
)
from course_utils.reliability.recovery import CONTINUE
from tests.support.steady import (
    BROKEN,
    SILENT,
    TEXT,
    Read,
    both,
    fake,
    read,
    steady,
    text,
)

# Before the first visible token


@both
@pytest.mark.parametrize("fault", SILENT)
def test_a_failure_before_the_first_token_is_never_seen(read: Read, fault: Reply):
    model = fake(fault, TEXT)
    chunks = read(steady(model))
    assert text(chunks) == TEXT and len({chunk.id for chunk in chunks}) == 1
    assert len(model.log) == 2


@both
def test_chunks_are_the_same_as_without_it(read: Read):
    plain = [chunk.text for chunk in read(fake(TEXT))]
    assert [chunk.text for chunk in read(steady(fake(TEXT)))] == plain


@both
def test_after_its_attempts_a_model_gives_way_to_the_next(read: Read):
    first, second = fake(Reply(status=500)), fake(Reply(TEXT, reset=True), TEXT)
    assert text(read(steady(first, fallbacks=[second], attempts=2))) == TEXT
    assert (len(first.log), len(second.log)) == (2, 2)


@both
def test_the_last_error_comes_out_when_nothing_is_left(read: Read):
    first, second = fake(Reply(status=500)), fake(Reply(status=429))
    with pytest.raises(ModelError, match="429") as raised:
        read(steady(first, fallbacks=[second], attempts=2))
    assert raised.value.partial.text == ""
    assert (len(first.log), len(second.log)) == (2, 2)


def test_an_error_that_cannot_pass_is_not_tried_again():
    first, second = fake(Reply(status=400)), fake(TEXT)
    assert text(read(steady(first, fallbacks=[second]))) == TEXT
    assert len(first.log) == 1
    with pytest.raises(ModelError, match="401"):
        read(steady(model := fake(Reply(status=401))))
    assert len(model.log) == 1


def test_the_server_says_how_long_to_wait():
    model = fake(Reply(status=429, retry_after=3), TEXT)
    read(steady(model))
    assert model.clock.now() == 3


def test_a_server_that_wants_a_long_wait_gives_way_to_a_fallback():
    model = fake(Reply(status=429, retry_after=60), TEXT)
    backup = fake("From the backup.")
    assert text(read(steady(model, fallbacks=[backup]))) == "From the backup."
    assert text(read(steady(model))) == TEXT, "with none it is obeyed all the same"


def test_waits_grow_and_stay_under_the_limit():
    model = fake(Reply(status=500))
    with pytest.raises(ModelError):
        read(steady(model, attempts=6, wait_initial=1, wait_max=3))
    assert 0 < model.clock.now() <= 1 + 2 + 3 + 3 + 3


# After the first visible token


@both
@pytest.mark.parametrize("fault", BROKEN)
def test_raise_keeps_the_partial_text_on_the_error(read: Read, fault: Reply):
    model = fake(fault, TEXT)
    heard = Tokens()
    with pytest.raises(ModelError) as raised:
        read(steady(model), config={"callbacks": [heard]})
    assert raised.value.partial.text == "".join(heard.tokens) == "Nice to"
    assert len(model.log) == 1


@both
@pytest.mark.parametrize("fault", BROKEN)
def test_continue_asks_for_the_rest_and_joins_it(read: Read, fault: Reply):
    model = fake(fault, Reply(" meet you.", cut_after=1), " you.")
    chunks = read(steady(model, after_first_token="continue"))
    assert text(chunks) == TEXT
    assert len({chunk.id for chunk in chunks}) == 1
    half, wish = model.log[2].request.messages[1:]
    assert (half.text, wish.text) == ("Nice to meet", CONTINUE)


def test_a_fallback_can_continue_what_another_model_began():
    model = fake(Reply(TEXT, drop_after=2))
    backup = fake(" know you.")
    stays = steady(model, fallbacks=[backup], attempts=1, after_first_token="continue")
    assert text(read(stays)) == "Nice to know you."


@both
def test_restart_is_announced_under_a_new_message_id(read: Read):
    model = fake(*BROKEN, TEXT)
    chunks = read(steady(model, after_first_token="restart"))
    announced = [c.response_metadata.get("restart", False) for c in chunks]
    assert announced.count(True) == 2
    begin = len(chunks) - announced[::-1].index(True)
    assert text(chunks[begin:]) == TEXT
    assert len({chunk.id for chunk in chunks}) == 3
    assert {c.text for c in chunks if c.response_metadata.get("restart")} == {""}


def test_a_restart_that_shows_nothing_takes_nothing_back():
    model = fake(Reply(TEXT, drop_after=2), Reply(status=500))
    chunks = []
    with pytest.raises(ModelError) as raised:
        for chunk in steady(model, attempts=2, after_first_token="restart").stream(""):
            chunks.append(chunk)
    assert text(chunks) == raised.value.partial.text == "Nice to"
    assert not any(chunk.response_metadata.get("restart") for chunk in chunks)


@both
def test_full_sends_only_the_rest_of_a_full_response(read: Read):
    model = fake(Reply(TEXT, drop_after=2), TEXT)
    chunks = read(steady(model, after_first_token="full"))
    assert [chunk.text for chunk in chunks if chunk.text] == [
        "Nice",
        " to",
        " meet you.",
    ]
    assert len({chunk.id for chunk in chunks}) == 1


def test_full_starts_anew_if_the_full_response_differs():
    model = fake(Reply(TEXT, drop_after=2), "Hello.")
    chunks = read(steady(model, after_first_token="full"))
    restart = [c.response_metadata.get("restart", False) for c in chunks].index(True)
    assert text(chunks[restart:]) == "Hello."


def test_an_error_after_the_finish_reason_costs_no_text():
    class DropsAtTheEnd(FakeStreamingChatModel):
        def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
            for chunk in super()._stream(*args, **kwargs):
                if chunk.message.usage_metadata:
                    raise ValueError("dropped before the usage")
                yield chunk

    chunks = read(reliable(DropsAtTheEnd(replies=TEXT)))
    assert text(chunks) == TEXT


# Truncation and other endings


@both
def test_an_endpoint_that_never_sends_a_finish_reason_can_be_trusted(read: Read):
    model = fake(Reply(TEXT, cut_after=2))
    assert text(read(steady(model, require_finish=False))) == "Nice to"


@both
def test_an_answer_without_a_single_chunk_is_truncated_whatever_the_policy(read: Read):
    class Mute(FakeStreamingChatModel):
        def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
            return iter(())

        async def _astream(self, *args: Any, **kwargs: Any) -> Any:
            return
            yield

    with pytest.raises(StreamTruncated):
        read(reliable(Mute(), require_finish=False, attempts=1))


@both
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(TEXT, length_after=2), "length"),
        (Reply(TEXT, filter_after=2), "content_filter"),
    ],
)
def test_an_answer_cut_for_a_reason_says_so(read: Read, reply: Reply, reason: str):
    chunks = read(steady(fake(reply)))
    told = [chunk.response_metadata.get("incomplete") for chunk in chunks]
    assert text(chunks) == "Nice to" and reason in told
    assert steady(fake(reply)).invoke("Hi").response_metadata["incomplete"] == reason


def test_a_whole_answer_does_not_say_incomplete():
    assert "incomplete" not in steady(fake(TEXT)).invoke("Hi").response_metadata


class Wordless(FakeStreamingChatModel):
    """Never says why an answer ended, and does not stream."""

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(TEXT))])

    def _should_stream(self, **kwargs: Any) -> bool:
        return False


def test_a_full_response_is_whole_even_if_it_does_not_say_why():
    assert reliable(Wordless()).invoke("Hi").text == TEXT
    assert text(read(reliable(Wordless()))) == TEXT


# Errors of one family


class Fails(FakeStreamingChatModel):
    """Sends its reply and then fails with an error of your choice."""

    error: Any = None

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for chunk in super()._stream(*args, **kwargs):
            if chunk.message.response_metadata:
                raise self.error
            yield chunk


UNCLASSIFIED = [
    json.JSONDecodeError("Expecting value", "{", 1),
    openai.APIError("boom", request=None, body=None),  # type: ignore[arg-type]
    ValueError("server_error: mid-stream boom"),
    TimeoutError("no chunk"),
]


@pytest.mark.parametrize("error", UNCLASSIFIED, ids=lambda e: type(e).__name__)
def test_unclassified_errors_become_one_family_with_their_cause(error: Exception):
    with pytest.raises(ModelError) as raised:
        read(reliable(Fails(replies=TEXT, error=error)))
    assert isinstance(raised.value, StreamBroken)
    assert raised.value.__cause__ is error
    assert raised.value.partial.text == TEXT


def test_a_bug_is_not_taken_for_a_fault():
    bug = TypeError("unexpected argument")
    with pytest.raises(TypeError) as raised:
        read(reliable(model := Fails(replies=TEXT, error=bug)))
    assert raised.value is bug and len(model.log) == 1


# Deadlines, on a clock that jumps (the real ones: test_in_time.py)


@both
def test_a_late_first_token_is_asked_for_again(read: Read):
    model = fake(Reply(TEXT, first_token=9), TEXT)
    assert text(read(steady(model, first_token_timeout=5))) == TEXT
    assert [call.outcome for call in model.log] == ["closed by reader", "finished"]


@both
def test_a_stall_is_a_timeout_with_the_partial_text(read: Read):
    model = fake(Reply(TEXT, stall_after=2, stall=30))
    with pytest.raises(ModelTimeoutError, match="next token") as raised:
        read(steady(model, between_tokens_timeout=5))
    assert isinstance(raised.value, StreamTimeout)
    assert raised.value.partial.text == "Nice to"
    assert model.log[0].outcome == "closed by reader"


PONDERS = Reply(TEXT, reasoning="One two three four five six.", per_token=3)


@both
def test_a_model_that_thinks_for_ever_is_asked_again(read: Read):
    model = fake(PONDERS, TEXT)
    limits = {"first_token_timeout": 5, "between_tokens_timeout": 5}
    how = {"after_first_token": "restart", "thinking_timeout": 8, **limits}
    assert text(read(steady(model, **how))).endswith(TEXT)
    assert len(model.log) == 2, "its thoughts were seen, so it began anew"
    patient = fake(PONDERS)
    assert text(read(steady(patient, thinking_timeout=60, **limits))) == TEXT
    with pytest.raises(StreamTimeout, match="first word after a thought") as raised:
        read(steady(fake(PONDERS), attempts=1, thinking_timeout=8))
    assert raised.value.partial.content_blocks[0]["type"] == "reasoning"


@both
def test_an_old_name_of_a_timeout_works_and_says_the_new_one(read: Read):
    slow = Reply(TEXT, first_token=9)
    for old in ("first_token", "total"):
        with pytest.warns(FutureWarning, match=rf"{old}=\.\.\.\) is called {old}_time"):
            model = steady(fake(slow), **{old: 5})
        with pytest.raises(StreamTimeout):
            read(model)
    with pytest.raises(TypeError, match=r"first_token_timeout= twice"):
        steady(fake(slow), first_token=5, first_token_timeout=5)


@both
def test_the_total_covers_attempts_and_waits(read: Read):
    model = fake(Reply(TEXT, status=500, headers_after=4))
    with pytest.raises(ModelError):
        read(steady(model, attempts=99, total_timeout=10, wait_initial=0))
    assert len(model.log) == 3
    with pytest.raises(StreamTimeout, match="end of the answer"):
        read(steady(fake(Reply(TEXT, per_token=3)), total_timeout=10))


# Leaving


def test_a_reader_who_leaves_closes_the_models_stream():
    model = fake(TEXT)
    for _ in steady(model).stream("Hi"):
        break
    assert model.log[0].outcome == "closed by reader"


async def test_an_async_reader_who_leaves_closes_the_models_stream():
    model = fake(TEXT)
    stream = steady(model).astream("Hi")
    async for _ in stream:
        break
    await stream.aclose()
    await asyncio.sleep(0)
    assert model.log[0].outcome == "closed by reader"


# Full responses


@pytest.mark.parametrize("how", ["raise", "continue", "restart", "full"])
def test_invoke_tries_again_whatever_the_policy(how: Any):
    model = fake(Reply(TEXT, drop_after=2), TEXT)
    assert steady(model, after_first_token=how).invoke("Hi").text == TEXT
    assert len(model.log) == 2


async def test_ainvoke_and_batch_are_reliable_too():
    model = fake(Reply(status=500), TEXT)
    assert (await steady(model).ainvoke("Hi")).text == TEXT
    answers = steady(fake(TEXT)).batch(["a", "b"])
    assert [answer.text for answer in answers] == [TEXT, TEXT]


def test_invoke_with_a_token_deadline_listens_to_the_stream():
    model = fake(Reply(TEXT, per_token=2), Reply(TEXT, stall_after=2, stall=60), TEXT)
    stays = steady(model, between_tokens_timeout=3)
    assert stays.invoke("Hi").text == TEXT, "the whole answer may take longer"
    assert stays.invoke("Hi").text == TEXT
    assert len(model.log) == 3


def test_usage_is_that_of_the_answer():
    model = fake(Reply(TEXT, drop_after=0), TEXT)
    total = steady(model).invoke("Hi").usage_metadata
    assert total is not None and total["output_tokens"] == 5


# Handlers


class Tokens(BaseCallbackHandler):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.ends: list[str] = []

    def on_llm_new_token(self, token: str, **_: Any) -> None:
        self.tokens.append(token)

    def on_llm_end(self, response: Any, **_: Any) -> None:
        self.ends.append(response.generations[0][0].text)

    def on_llm_error(self, error: BaseException, **_: Any) -> None:
        self.ends.append(type(error).__name__)


@both
def test_a_handler_hears_each_token_once(read: Read):
    heard = Tokens()
    read(steady(fake(SILENT[1], TEXT)), config={"callbacks": [heard]})
    assert "".join(heard.tokens) == TEXT
    assert [token for token in heard.tokens if token] == read_pieces()
    assert heard.ends == [TEXT]


def read_pieces() -> list[str]:
    return [chunk.text for chunk in read(fake(TEXT)) if chunk.text]


def test_the_models_own_handlers_are_kept():
    heard = Tokens()
    model = FakeStreamingChatModel(replies=TEXT, callbacks=[heard])
    read(reliable(model))
    assert "".join(heard.tokens) == TEXT


def test_invoke_fires_no_tokens_unless_somebody_listens():
    heard = Tokens()
    steady(fake(TEXT)).invoke("Hi", config={"callbacks": [heard]})
    assert (heard.tokens, heard.ends) == ([], [TEXT])


# At the door


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: reliable("gpt"), r"got str: write reliable\(ChatOpenAI"),  # type: ignore[arg-type]
        (lambda: reliable(fake(TEXT).bind(stop=["x"])), "got _ChatModelBinding"),  # type: ignore[arg-type]
        (lambda: reliable(fake(TEXT), fallbacks=fake(TEXT)), "fallbacks=.backup."),  # type: ignore[arg-type]
        (lambda: reliable(fake(TEXT), attempts=0), "attempts=1 for no second try"),
        (lambda: reliable(fake(TEXT), wait_max=-1), "use 0 or more"),
        (lambda: reliable(fake(TEXT), first_token_timeout=0), "None for no timeout"),
        (
            lambda: reliable(fake(TEXT), after_first_token="again"),  # type: ignore[arg-type]
            '"continue", "restart" or "full"',
        ),
    ],
)
def test_bad_input_gets_an_error_at_the_door(build: Any, message: str):
    with pytest.raises((TypeError, ValueError), match=message):
        build()
