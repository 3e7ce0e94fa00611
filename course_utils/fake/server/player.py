"""A reply, played on a connection: each step when it is due, each fault as it happens.

Streamed, every token is an event. Whole, the same steps take the same time and then
become one body; a break leaves half of it.

    Player(connection, api, reply, clock).play(script.play(reply, call))
"""

from collections.abc import Iterable, Iterator
from math import inf

from course_utils.clock import Clock
from course_utils.fake.plan import Step
from course_utils.fake.reply import Reply
from course_utils.fake.server.api import Api, encode
from course_utils.fake.server.connection import Connection
from course_utils.fake.server.errors import refusal

# A browser's page may be a reader too.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "*",
}
EVENTS = CORS | {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
}
JSON = CORS | {"Content-Type": "application/json"}


class Player:
    """Plays one reply to one request."""

    def __init__(
        self, connection: Connection, api: Api, reply: Reply, clock: Clock
    ) -> None:
        self._wire = connection
        self._api = api
        self._reply = reply
        self._clock = clock

    def play(self, steps: Iterable[Step]) -> None:
        """Play all steps.

        Raises:
            Refused: The reply is a status instead of an answer.
            ConnectionError: The reader has left.
        """
        due = self._when_due(steps)
        if self._api.streamed:
            self._stream(due)
        else:
            self._whole(list(due))

    def _when_due(self, steps: Iterable[Step]) -> Iterator[Step]:
        clock = self._clock
        due = clock.now()
        for step in steps:
            if step.wait:
                due += step.wait  # from the start, so that delays do not add up
                self._wire.wait(inf if due == inf else clock.real(due - clock.now()))
                clock.sleep_until(due)  # a clock that jumps has not moved yet
            yield step

    def _stream(self, steps: Iterable[Step]) -> None:
        ended_by = ""
        for step in steps:
            ended_by = step.kind
            if step.kind == "headers":
                self._wire.head(200, EVENTS)
            elif step.kind == "refuse":
                raise refusal(self._reply)
            elif frame := self._api.frame(step):
                self._wire.send(frame, piecemeal=self._reply.split_utf8)
        if ended_by in ("reset", "drop"):
            self._wire.reset()
        elif ended_by == "truncate":
            self._wire.hang_up()
        else:
            self._wire.end()

    def _whole(self, steps: list[Step]) -> None:
        ended_by = steps[-1].kind
        if ended_by in ("refuse", "error"):
            raise refusal(self._reply)
        if ended_by != "reset":
            self._send_whole(steps, ended_by)
        if ended_by in ("reset", "drop"):
            self._wire.reset()

    def _send_whole(self, steps: list[Step], ended_by: str) -> None:
        body = self._body(steps)
        if ended_by == "garble":
            body = body[: len(body) // 2]
        self._wire.head(200, JSON, len(body))
        if ended_by in ("drop", "truncate", "cut"):
            body = body[: len(body) // 2]
            self._wire.hang_up()
        self._wire.send(body, piecemeal=self._reply.split_utf8)

    def _body(self, steps: list[Step]) -> bytes:
        padding = sum(step.padding for step in steps)
        ignored = {"obfuscation": "x" * padding} if padding else {}
        body = encode(self._api.whole(steps) | ignored)
        return body.encode(errors="backslashreplace")
