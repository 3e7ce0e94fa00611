"""The fake server's life: started, left, broken, interrupted, stopped."""

import gc
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from course_utils.fake import Reply
from course_utils.fake.server import FakeServer
from course_utils.fake.server.server import main, replies_in
from tests.support.callers import STREAM, chat, connect, events, get, request


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("fake ")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = threads()
    yield
    assert threads() == before


def test_a_stopped_server_has_no_url_and_says_what_to_do() -> None:
    server = FakeServer()
    with pytest.raises(RuntimeError, match=r"server\.start\(\)"):
        _ = server.url
    assert repr(server) == "FakeServer(stopped)"


def test_start_and_stop_may_be_repeated() -> None:
    server = FakeServer("a").start()
    url = server.url
    assert server.start().url == url
    server.stop()
    server.stop()
    with server:
        assert get(server)[0] == 200


@pytest.mark.skipif(sys.platform != "linux", reason="has no second loopback address")
def test_a_server_listens_on_loopback_only() -> None:
    with FakeServer() as server:
        port = int(server.url.split(":")[2].removesuffix("/v1"))
        # Free only if the server does not listen on every address.
        socket.create_server(("127.0.0.2", port)).close()


def test_a_stopped_server_leaves_no_thread_and_no_socket() -> None:
    before = open_files()
    faults: list[dict[str, Any]] = [
        {},
        {"reset": True},
        {"drop_after": 1},
        {"cut_after": 1},
        {"truncate_after": 1},
        {"stall_after": 1},
        {"status": 500},
    ]
    with FakeServer([Reply("a b c", **fault) for fault in faults]) as server:
        for _ in range(10 * len(faults)):
            leave_early(server)
    assert open_files() == before


def open_files() -> int:
    """How many files and sockets this process has open; 0 where nobody knows."""
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.exists() else 0


def leave_early(server: FakeServer) -> None:
    with closing(connect(server)) as connection, suppress(ConnectionResetError):
        request(connection, STREAM).read(100)


def test_a_cell_that_makes_a_server_may_run_again() -> None:
    before = len(threads())
    server = FakeServer("a").start()
    server = FakeServer("b").start()
    gc.collect()
    assert len(threads()) == before + 1
    assert get(server)[1]["choices"][0]["message"]["content"] == "b"
    server.stop()


def test_a_cell_with_a_fixed_port_may_run_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = FakeServer("a", port=port).start()
    second = FakeServer("b", port=port).start()
    assert repr(first) == "FakeServer(stopped)"
    assert get(second)[1]["choices"][0]["message"]["content"] == "b"
    second.stop()


def test_a_port_that_is_taken_is_told_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = FakeServer(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="leave port= out"):
            server.start()


def test_stopping_wakes_a_stream_that_stalls_for_ever() -> None:
    with ExitStack() as stack:
        server, response = open_stream(stack, Reply("a b", stall_after=1))
        assert response.readline()
        server.stop()
        with pytest.raises((IncompleteRead, ConnectionResetError)):
            response.read()
    assert server.log[0].outcome == "stopped"


@pytest.mark.parametrize("key", ["", " ", None])
def test_a_key_is_a_text(key: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"FakeServer\(key=.*text"):
        FakeServer(key=key)


def open_stream(stack: ExitStack, *replies: Reply) -> tuple[FakeServer, HTTPResponse]:
    """A running server and the first stream from it, closed with the stack."""
    server = stack.enter_context(FakeServer(list(replies)))
    connection = stack.enter_context(closing(connect(server)))
    # So that whoever closes the response closes the connection with it.
    alone = request(connection, STREAM, Connection="close")
    return server, stack.enter_context(alone)


def test_a_drop_is_a_reset_and_what_was_sent_arrives_before_it() -> None:
    with ExitStack() as stack:
        _, response = open_stream(stack, Reply("a b c", drop_after=2))
        got = b""
        with pytest.raises(ConnectionResetError):
            while True:
                got += response.read1()
    assert b'" b"' in got


def test_a_truncated_body_ends_before_its_end() -> None:
    with ExitStack() as stack:
        _, response = open_stream(stack, Reply("a b c", truncate_after=2))
        with pytest.raises(IncompleteRead):
            response.read()


def test_a_silent_cut_is_a_tidy_end() -> None:
    with FakeServer(Reply("a b c", cut_after=2)) as server:
        answer = events(server)
    assert [event["choices"][0]["finish_reason"] for event in answer] == [None] * 3


def test_letters_arrive_in_halves() -> None:
    with ExitStack() as stack:
        _, response = open_stream(stack, Reply("é", split_utf8=True))
        parts = list(iter(lambda: response.read1(), b""))
    assert {len(part) for part in parts} == {1}
    assert "é".encode() in b"".join(parts)


@pytest.mark.parametrize("after", [0, 1])
def test_the_log_says_that_the_reader_left_even_in_a_stall(after: int) -> None:
    with ExitStack() as stack:
        server, response = open_stream(stack, Reply("a b", stall_after=after))
        for _ in range(2 * after + 1):
            response.readline()
        assert server.log[0].outcome == "running"
        response.close()
        assert server.log[0].outcome == "closed by reader"
        assert server.log[0].tokens_sent == after


def test_the_log_says_that_a_caller_left_before_the_headers() -> None:
    with FakeServer(Reply("a", headers_after=float("inf"))) as server:
        with pytest.raises(Exception, match="timed out"):
            chat(server, timeout=0.2, max_retries=1).invoke("Hi")
        assert [(c.attempt, c.outcome) for c in server.log] == [
            (1, "closed by reader"),
            (2, "closed by reader"),
        ]


def test_leaving_a_stream_of_chat_openai_closes_it() -> None:
    with FakeServer(Reply("a b", stall_after=1)) as server:
        stream = chat(server).stream("Hi")
        while not next(stream).text:
            pass
        stream.close()  # type: ignore[attr-defined]  # a generator
        assert server.log[0].outcome == "closed by reader"


def test_an_interrupt_of_the_kernel_leaves_the_server_unharmed() -> None:
    with FakeServer(["a b c", "fine"]) as server:
        with pytest.raises(KeyboardInterrupt):
            for _ in chat(server).stream("Hi"):
                signal.raise_signal(signal.SIGINT)
        assert chat(server).invoke("Hi").text == "fine"


def test_the_server_runs_on_its_own_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "course_utils.fake", "--key", "secret"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        url = process.stdout.readline().strip()
        example = [process.stdout.readline() for _ in range(2)][1]
        model = ChatOpenAI(model="fake", base_url=url, api_key=SecretStr("secret"))
        assert model.invoke("What is a token?").text.startswith("A token is")
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().strip() == "stopped"
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert example.startswith(f"curl -N {url}/chat/completions")


def test_the_command_line_explains_a_wrong_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--preset", "slow"])
    assert "choose one of fast" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_token", "2"),
        ("per_token", -1),
        ("preset", "slow"),
        ("port", "80"),
        ("port", -1),
        ("reasoning_field", "thoughts"),
        ("replies", []),
    ],
)
def test_a_wrong_kind_of_setting_fails_where_it_is_written(
    name: str, value: Any
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"got |There is no|empty list"):
        FakeServer(**{name: value})


def test_a_file_scripts_the_replies_for_any_language(tmp_path: Path) -> None:
    file = tmp_path / "replies.json"
    call = {"name": "pay", "args": {"amount": 5}}
    script = [
        "Hello.",
        {"text": "a b c", "reasoning": "Hm.", "cut_after": 3},
        {"status": 429, "retry_after": 2},
        {"tool_calls": [call]},
    ]
    file.write_text(json.dumps(script))
    assert replies_in(str(file)) == [
        "Hello.",
        Reply("a b c", reasoning="Hm.", cut_after=3),
        Reply(status=429, retry_after=2),
        Reply(tool_calls=[call]),
    ]
    file.write_text('{"text": "Only this."}')
    assert replies_in(str(file)) == [Reply("Only this.")]


def test_the_command_line_plays_a_file(tmp_path: Path) -> None:
    file = tmp_path / "replies.json"
    file.write_text('["Scripted."]')
    command = [sys.executable, "-m", "course_utils.fake", "--replies", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        model = ChatOpenAI(model="fake", base_url=url, api_key=SecretStr("offline"))
        assert model.invoke("Hi").text == "Scripted."
        process.send_signal(signal.SIGINT)
        process.communicate()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is to hold JSON, got something else"),
        ("[3]", "Reply 1 of the file .* got 3: use some of"),
        ('["a", {"txt": "b"}]', "Reply 2 of the file .* got txt: use some of"),
        ('[{"text": "a", "cut_after": "2"}]', "cut_after=.*got '2'"),
        ("[]", "empty list"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_script_is_told_with_the_way_out(
    tmp_path: Path, text: str | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "replies.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SystemExit):
        main(["--replies", str(file)])
    assert re.search(words, capsys.readouterr().err)
