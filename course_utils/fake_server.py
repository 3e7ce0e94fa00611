"""A server on your own machine that speaks OpenAI's API and breaks on demand.

It plays the same scripted replies as the in-process model, over real HTTP: whatever can
go wrong on a wire, a reset, a stall, a silent cut, is one keyword of a `Reply`.

    with FakeServer(replies=["Hello.", Reply("a b c", cut_after=2)]) as server:
        model = ChatOpenAI(model="fake", base_url=server.url, api_key="offline")
"""

import argparse
import json
import threading
import warnings
import weakref
from collections.abc import Sequence
from typing import Self

from course_utils.clock import Clock, course_clock
from course_utils.latency import Latency
from course_utils.latency import preset as preset_latency
from course_utils.script import Call, Replies, Script
from course_utils.wire_api import Shared
from course_utils.wire_listener import LOOPBACK, Listener

# `python -m course_utils.fake_server` finds this module imported with its package, and
# says so on every start. A second copy of it does no harm.
warnings.filterwarnings("ignore", message=".*fake_server' found in sys.modules")


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
        fault_rate: Share of replies that break, as on a bad day.
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
        fault_rate: float = 0.0,
        clock: Clock = course_clock,
        port: int = 0,
        reasoning_field: str | None = "reasoning_content",
    ) -> None:
        if not isinstance(key, str) or not key.strip():
            raise ValueError(
                f"FakeServer(key=...) is a text that callers send, got {key!r}: "
                'leave it out, then it is "offline".'
            )
        latency = Latency(first_token, per_token)
        if preset is not None:
            latency = preset_latency(preset)
        self._script = Script(replies, latency, seed, fault_rate)
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
        return f"FakeServer({self.url if self._listener else 'stopped'})"


# A cell that starts a server on a port of its choice runs again while the first lives.
_BY_PORT: weakref.WeakValueDictionary[int, FakeServer] = weakref.WeakValueDictionary()


def _stop_earlier(port: int) -> None:
    if (earlier := _BY_PORT.pop(port, None)) is not None:
        earlier.stop()


def _reasoning_field(name: str | None) -> str | None:
    if name in ("reasoning_content", "reasoning", None):
        return name
    raise ValueError(
        "FakeServer(reasoning_field=...) names a field that clients know, got "
        f'{name!r}: use "reasoning_content", "reasoning", or None to think in silence.'
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C: `python -m course_utils.fake_server`."""
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.fake_server",
        description="An OpenAI-compatible server on this machine, for practice.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", default="offline", help="the key callers must send")
    parser.add_argument("--preset", help="fast, frontier, reasoning or overloaded")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="0.07: a bad day")
    options = vars(parser.parse_args(arguments))
    try:
        with FakeServer(**options) as server:
            print(server.url, curl(server.url, options["key"]), sep="\n\n", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nstopped")
    except (OSError, ValueError) as error:
        parser.error(str(error))


def curl(url: str, key: str) -> str:
    """A command that shows a raw stream, token by token."""
    question = [{"role": "user", "content": "What is a token?"}]
    body = json.dumps({"model": "fake", "stream": True, "messages": question})
    return (
        f"curl -N {url}/chat/completions -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )


if __name__ == "__main__":
    main()
