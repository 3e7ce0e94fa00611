"""Everything that can be scripted about one answer, as plain fields.

What it says, how fast, and where it breaks. A field that holds what it cannot mean is
refused where it is written, not where the answer is played.

    ToolCall("pay", {"to": "bob", "amount": 10000})
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from course_utils.fake.latency import Latency, preset
from course_utils.settings import settings


@settings()
@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants to be called, with its arguments."""

    name: str
    args: Mapping[str, Any]
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class _Timing:
    first_token: float | None = None
    per_token: float | None = None
    jitter: float = 0.0
    preset: str | None = None
    headers_after: float = 0.0
    stall_after: int | None = None
    stall: float = inf
    keep_alive: bool = False


@dataclass(frozen=True, kw_only=True)
class _Faults:
    finish_reason: str | None = None
    status: int | None = None
    retry_after: float | None = None
    reset: bool = False
    drop_after: int | None = None
    truncate_after: int | None = None
    cut_after: int | None = None
    no_done: bool = False
    error_after: int | None = None
    garble_after: int | None = None
    split_utf8: bool = False
    huge_after: int | None = None
    duplicate_after: int | None = None
    length_after: int | None = None
    filter_after: int | None = None
    exception: Exception | None = None


@dataclass(frozen=True, kw_only=True)
class _Said:
    reasoning: str = ""
    refusal: str = ""
    logprobs: Sequence[float] | None = None
    interleave: bool = False


@dataclass(frozen=True)
class ReplyFields(_Timing, _Faults, _Said):
    """The fields of a `Reply`; its docstring says what each means."""

    text: str = ""
    tool_calls: Sequence[ToolCall | Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        _check_calls(self)
        _check_times(self)
        if self.preset is not None:
            preset(self.preset)
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError(
                f"Reply(status=...) refuses with an HTTP error, got {self.status}: "
                "use 400 to 599, or leave it out for an answer."
            )
        calls = tuple(_tool_call(call, n) for n, call in enumerate(self.tool_calls))
        object.__setattr__(self, "tool_calls", calls)
        if self.logprobs is not None:
            object.__setattr__(self, "logprobs", _logprobs(self.logprobs))

    @property
    def calls(self) -> Sequence[ToolCall]:
        """The tool calls, each with its id."""
        return [call for call in self.tool_calls if isinstance(call, ToolCall)]

    def latency(self, default: Latency) -> Latency:
        """This reply's own timing, or `default` where it has none."""
        if self.preset is not None:
            return preset(self.preset)
        if self.first_token is None and self.per_token is None and not self.jitter:
            return default
        return Latency(
            _or(self.first_token, default.first_token),
            _or(self.per_token, default.per_token),
            self.jitter,
            self.jitter,
        )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _tool_call(call: Any, number: int) -> ToolCall:
    if isinstance(call, Mapping) and "name" in call:
        call = ToolCall(call["name"], call.get("args", {}), call.get("id") or "")
    if not isinstance(call, ToolCall):
        raise TypeError(
            f"A tool call has a name and args, got {call!r}: "
            'write tool_calls=[{"name": "pay", "args": {"amount": 5}}].'
        )
    return call if call.id else ToolCall(call.name, call.args, f"call_{number}")


def _logprobs(given: Any) -> tuple[float, ...]:
    found = tuple(given) if isinstance(given, Sequence) else (given,)
    if not all(isinstance(value, int | float) and value <= 0 for value in found):
        raise ValueError(
            f"Reply(logprobs=...) is a list of numbers of at most 0, got {given!r}: "
            "write logprobs=[-0.1, -2.3], one for each piece of the text."
        )
    return found


def _check_calls(reply: ReplyFields) -> None:
    if isinstance(reply.tool_calls, (str, Mapping)):
        raise TypeError(
            f"Reply(tool_calls=...) is a list, got {reply.tool_calls!r}: "
            'write tool_calls=[{"name": "pay", "args": {"amount": 5}}].'
        )


def _check_times(reply: ReplyFields) -> None:
    for name in ("first_token", "per_token", "jitter", "headers_after", "stall"):
        value = getattr(reply, name)
        if value is not None and not value >= 0:
            raise ValueError(
                f"Reply({name}=...) is a time in seconds, got {value!r}: use 0 or more."
            )
