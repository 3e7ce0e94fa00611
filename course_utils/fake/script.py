"""Which reply comes next, and what became of it.

A script holds the replies of a model: the in-process one and the server ask it for the
next reply to a request, play the reply's steps, and note the outcome in its log.

    script = Script([Reply(status=429), "Hello."])
"""

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage

from course_utils.fake.latency import Latency
from course_utils.fake.plan import TOKENS, Step, limited, plan
from course_utils.fake.reply import Reply
from course_utils.fake.responder import Request, respond

Answer = str | Reply | Exception
Replies = Answer | Callable[[list[BaseMessage]], Answer] | Sequence[Any]


@dataclass
class Call:
    """One request to a scripted model and what became of it.

    Attributes:
        number: 1 for the first request to this model.
        request: What was asked.
        tokens_sent: Pieces of reasoning, text and tool arguments that got out.
        outcome: `running`, `finished`, `closed by reader`, `stopped` with its server,
            `failed` when the function that was to reply raised, or the fault's name.
        attempt: 1, or higher when the caller's client says it is a retry.
    """

    number: int
    request: Request
    tokens_sent: int = 0
    outcome: str = "running"
    attempt: int = 1

    def __repr__(self) -> str:
        return (
            f"Call {self.number} (attempt {self.attempt}): "
            f"{self.tokens_sent} tokens, {self.outcome}"
        )


@dataclass
class Script:
    """The replies of a scripted model, consumed in turn and then from the start again.

    Args:
        replies: Text, a `Reply`, an exception, a function of the messages that returns
            one of these, or a list of them. Without any, the default responder answers.
        latency: Timing of replies that have none of their own.
        seed: Makes the drawn waits differ; the same seed draws the same.
    """

    replies: Replies | None = None
    latency: Latency = field(default_factory=Latency)
    seed: str = ""
    log: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turns = _turns(self.replies)
        if not self._turns:
            raise ValueError(
                "replies is an empty list: give one reply or leave it out."
            )
        for turn in self._turns:
            _check(turn)
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes over: all but the lock."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def next(self, request: Request, attempt: int = 1) -> tuple[Reply, Call]:
        """The reply to this request, and its entry in the log."""
        with self._lock:
            number = len(self.log)
            call = Call(number + 1, request, attempt=attempt)
            self.log.append(call)
        try:
            return self._reply(number, request), call
        except BaseException:
            call.outcome = "failed"
            raise

    def _reply(self, number: int, request: Request) -> Reply:
        turn = self._turns[number % len(self._turns)]
        return limited(_reply(turn, request), request.stop, request.max_tokens)

    def play(self, reply: Reply, call: Call) -> Generator[Step]:
        """The steps of the reply; the log follows them."""
        steps = plan(
            reply,
            latency=self.latency,
            seed=f"{self.seed} {call.number}",
            input_tokens=call.request.input_tokens,
        )
        try:
            for step in steps:
                # Before the yield: a player that raises the fault does not come back.
                call.outcome = _OUTCOMES.get(step.kind, call.outcome)
                yield step
                call.tokens_sent += step.kind in TOKENS
        finally:
            if call.outcome == "running":
                call.outcome = "closed by reader"


def _turns(replies: Replies | None) -> list[Any]:
    if isinstance(replies, str) or not isinstance(replies, Sequence):
        return [replies]
    return list(replies)


_OUTCOMES = {"finish": "finished"} | {
    kind: kind
    for kind in ("refuse", "reset", "drop", "truncate", "cut", "error", "garble")
}


def _is_function(turn: Any) -> bool:
    return callable(turn) and not isinstance(turn, type)


def _check(turn: Any) -> None:
    """Refuse at the door what cannot answer; a function is asked at its turn."""
    if turn is not None and not _is_function(turn):
        _as_reply(turn)


def _reply(turn: Any, request: Request) -> Reply:
    if turn is None:
        return respond(request)
    return _as_reply(turn(request.messages) if _is_function(turn) else turn)


def _as_reply(turn: Any) -> Reply:
    if isinstance(turn, str):
        return Reply(turn)
    if isinstance(turn, Mapping):
        return Reply(tool_calls=[turn])
    if isinstance(turn, Exception):
        return Reply(exception=turn)
    if isinstance(turn, Reply):
        return turn
    raise TypeError(
        f"A reply is text, a Reply or an exception, got {type(turn).__name__}: "
        'write replies=["Hello", Reply("Slow.", first_token=2)].'
    )
