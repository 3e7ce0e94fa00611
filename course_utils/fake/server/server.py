"""A server on your own machine that speaks OpenAI's API and breaks on demand.

It plays the same scripted replies as the in-process model, over real HTTP: whatever can
go wrong on a wire, a reset, a stall, a silent cut, is one keyword of a `Reply`.

    with FakeServer(replies=["Hello.", Reply("a b c", cut_after=2)]) as server:
        model = ChatOpenAI(model="fake", base_url=server.url, api_key="offline")

For any language, from a terminal: `python -m course_utils.fake --help`.
"""

import argparse
import json
import threading
import weakref
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

from course_utils.clock import Clock, course_clock
from course_utils.fake.latency import Latency
from course_utils.fake.latency import preset as preset_latency
from course_utils.fake.reply import Reply
from course_utils.fake.script import Call, Replies, Script
from course_utils.fake.server.api import Shared
from course_utils.fake.server.listener import LOOPBACK, Listener
from course_utils.settings import settings


@settings()
class FakeServer:
    """A scripted OpenAI-compatible server on 127.0.0.1, offline and for free.

    >>> with FakeServer("Hello.") as server:
    ...     server.url.endswith("/v1")
    True

    Args:
        replies: Text, a `Reply`, an exception, a function of the messages, or a list
            of these, consumed in turn and then from the start again. Without replies
            the server gives a sensible answer to any prompt, always the same.
        key: The API key that every request must carry.
        preset: Timing named `fast`, `frontier`, `reasoning` or `overloaded`.
        first_token: Seconds before the first token.
        per_token: Seconds before each later token.
        seed: Draws other waits and other faults.
        clock: What waits; a `VirtualClock` does not really wait.
        port: A fixed port; 0 takes a free one at each start.
        reasoning_field: Where chat completions tell what the model thinks:
            `reasoning_content` or `reasoning`, or None: only counted, as OpenAI does.

    Use it in a `with`, or call `start()` and `stop()`, as often as you like. A server
    that no variable holds any more stops by itself.
    """

    def __init__(
        self,
        replies: Replies | None = None,
        *,
        key: str = "offline",
        preset: str | None = None,
        first_token: float = 0.0,
        per_token: float = 0.0,
        seed: str = "",
        clock: Clock = course_clock,
        port: int = 0,
        reasoning_field: str | None = "reasoning_content",
    ) -> None:
        _check(key, port)
        latency = Latency(first_token, per_token)
        if preset is not None:
            latency = preset_latency(preset)
        self._script = Script(replies, latency, seed)
        self._key, self._clock, self._port = key, clock, port
        self._shared = Shared(_reasoning_field(reasoning_field))
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        """The base URL, for ChatOpenAI's `base_url`."""
        if self._listener is None:
            raise RuntimeError(
                "server.url needs a running server, and this one is stopped: "
                "write it inside `with FakeServer() as server:`, or server.start() it."
            )
        return f"http://{LOOPBACK}:{self._listener.server_port}/v1"

    @property
    def log(self) -> list[Call]:
        """Every request that was answered, with what became of it."""
        if self._listener is not None:
            self._listener.settle()
        return self._script.log

    def start(self) -> Self:
        """Listen and answer, in threads of this process, until `stop()`."""
        if self._listener is None:
            _stop_earlier(self._port)
            self._listener = self._listen()
            self._close = weakref.finalize(self, self._listener.close)
            if self._port:
                _BY_PORT[self._port] = self
        return self

    def _listen(self) -> Listener:
        try:
            return Listener(
                self._port, self._script, self._key, self._clock, self._shared
            )
        except OSError as error:
            raise OSError(
                error.errno,
                f"The server cannot listen on port {self._port} ({error.strerror}): "
                "leave port= out, then it takes a free one.",
            ) from error

    def stop(self) -> None:
        """Hang up on everyone and give the port back."""
        if self._listener is not None:
            self._listener = None
            self._close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"FakeServer({'running' if self._listener else 'stopped'})"


# A cell that starts a server on a port of its choice runs again while the first lives.
_BY_PORT: weakref.WeakValueDictionary[int, FakeServer] = weakref.WeakValueDictionary()


def _stop_earlier(port: int) -> None:
    if (earlier := _BY_PORT.pop(port, None)) is not None:
        earlier.stop()


def _check(key: object, port: object) -> None:
    if not isinstance(key, str) or not key.strip():
        raise ValueError(
            f"FakeServer(key=...) is a text that callers send, got {key!r}: "
            'leave it out, then it is "offline".'
        )
    if not isinstance(port, int) or not 0 <= port < 2**16:
        raise ValueError(
            f"FakeServer(port=...) is a number below 65536, got {port!r}: "
            "leave it out, then the server takes a free one."
        )


def _reasoning_field(name: str | None) -> str | None:
    if name in ("reasoning_content", "reasoning", None):
        return name
    raise ValueError(
        "FakeServer(reasoning_field=...) names a field that clients know, got "
        f'{name!r}: use "reasoning_content", "reasoning", or None to think in silence.'
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C: `python -m course_utils.fake`."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    try:
        if options["replies"] is not None:
            options["replies"] = replies_in(options["replies"])
        with FakeServer(**options) as server:
            print(server.url, curl(server.url, options["key"]), sep="\n\n", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nstopped")
    except (OSError, TypeError, ValueError) as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.fake",
        description="An OpenAI-compatible server on this machine, for practice.",
    )
    parser.add_argument(
        "--replies", metavar="FILE", help="JSON: a list of texts and of Reply's fields"
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", default="offline", help="the key callers must send")
    parser.add_argument("--preset", help="fast, frontier, reasoning or overloaded")
    for name, what in (("first-token", "the first token"), ("per-token", "each other")):
        parser.add_argument(
            f"--{name}", type=float, default=0.0, help=f"seconds before {what}"
        )
    parser.add_argument("--seed", default="", help="draws other waits")
    return parser


def replies_in(file: str) -> list[str | Reply]:
    """The replies that a JSON file scripts, for those who test from another language.

    The file holds a list of texts and of objects with the fields of a `Reply`:
    `["Hello.", {"text": "a b c", "cut_after": 2}, {"status": 429}]`.

    Raises:
        ValueError: The file holds something else; the message says where.
    """
    try:
        given = json.loads(Path(file).read_text("utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{file} is to hold JSON, got something else ({error}): "
            'write ["Hello.", {"text": "a b c", "cut_after": 2}].'
        ) from error
    listed = given if isinstance(given, list) else [given]
    return [_scripted(one, number) for number, one in enumerate(listed, start=1)]


def _scripted(given: Any, number: int) -> str | Reply:
    if isinstance(given, str):
        return given
    known = {field.name for field in fields(Reply)} - {"exception"}
    if not isinstance(given, dict) or (unknown := set(given) - known):
        wrong = ", ".join(sorted(unknown)) if isinstance(given, dict) else given
        raise ValueError(
            f"Reply {number} of the file is a text or has fields of a Reply, got "
            f"{wrong}: use some of {', '.join(sorted(known))}."
        )
    return Reply(**given)


def curl(url: str, key: str) -> str:
    """A command that shows a raw stream, token by token."""
    question = [{"role": "user", "content": "What is a token?"}]
    body = json.dumps({"model": "fake", "stream": True, "messages": question})
    return (
        f"curl -N {url}/chat/completions -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )
