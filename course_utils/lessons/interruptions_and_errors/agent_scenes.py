"""What agents say and keep, for the checks of notebook 4's exercises on them.

`CALLS`: chunks, and the calls in them that may run. `QUESTIONS`: parts of a stream, and
what becomes of each action asked about. `HISTORIES`: conversations after a Stop.
"""

import json
from types import SimpleNamespace
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from course_utils.lessons.scenes import PIECES
from course_utils.lessons.scripted import answer, calling, say

# Chunks, and the calls in them that may run.
_PAY = json.dumps({"to": "Jörg", "amount": 10000, "now": True, "note": None})
_TO_EVE = _PAY.replace("10000", "20000")
_DONE = say("", "tool_calls")


def fragments(args: str, index: int = 0, size: int = 3) -> list[AIMessageChunk]:
    """A tool call in pieces: its name comes with the first."""
    parts = [args[n : n + size] for n in range(0, len(args), size)]
    names = ["pay", *[None] * len(parts)]
    return [
        calling(name, part, index) for name, part in zip(names, parts, strict=False)
    ]


_WHOLE, _EVE = ("pay", json.loads(_PAY)), ("pay", json.loads(_TO_EVE))
_BOTH = [*fragments(_PAY), *fragments(_TO_EVE, 1)]
_MIXED = [
    chunk
    for two in zip(fragments(_PAY), fragments(_TO_EVE, 1), strict=True)
    for chunk in two
]
CALLS: dict[str, tuple[list[AIMessageChunk], list[Any]]] = {
    "for a whole call": ([say(), *fragments(_PAY), _DONE, say()], [_WHOLE]),
    "for a call after some text": ([say("Wait."), *fragments(_PAY), _DONE], [_WHOLE]),
    "for a call in one piece": ([calling("pay", _PAY), _DONE], [_WHOLE]),
    "for two calls of one tool": ([*_BOTH, _DONE], [_WHOLE, _EVE]),
    "for two calls in turns": ([*_MIXED, _DONE], [_WHOLE, _EVE]),
    "for the same call twice": (
        [*fragments(_PAY), *fragments(_PAY, 1), _DONE],
        [_WHOLE, _WHOLE],
    ),
    "for a call without arguments": ([calling("pay", "{}"), _DONE], [("pay", {})]),
    "for a call at the token limit": ([*fragments(_PAY)[:-2], say("", "length")], []),
    "for a silent cut": ([*fragments(_PAY)[:-2]], []),
    "for text only": (answer(PIECES), []),
    "for no chunk at all": ([], []),
    "for half a call that ended `tool_calls`": ([*fragments(_PAY)[:-2], _DONE], []),
    "for half a call and a whole one": (
        [*fragments(_PAY)[:-2], *fragments(_TO_EVE, 1), _DONE],
        [_EVE],
    ),
    "for arguments with a rest behind them": ([calling("pay", "{} and"), _DONE], []),
}
_ENDED = "where the arguments are complete and the answer"
CALLS |= {
    f"{_ENDED} ended with {reason!r}": ([*fragments(_PAY), say("", reason)], [])
    for reason in ("length", "content_filter", "error", "gone fishing")
}
# A forced call ends with `stop` at OpenAI; others have words of their own.
CALLS |= {
    f"{_ENDED} ended with {reason!r}": ([*fragments(_PAY), say("", reason)], [_WHOLE])
    for reason in ("stop", "tool_use", "end_turn")
}
CALLS[f"{_ENDED} had no finish reason"] = (fragments(_PAY), [])


def _status(status: str) -> AIMessageChunk:
    return AIMessageChunk(content="", response_metadata={"status": status})


CALLS |= {
    "for a whole call of the Responses API": (
        [*fragments(_PAY), _status("completed")],
        [_WHOLE],
    ),
    "for a call of the Responses API that is `incomplete`": (
        [*fragments(_PAY), _status("incomplete")],
        [],
    ),
}

# Parts of a stream in which a person may be asked, the limit, and what is right.


def _action(amount: Any, name: str = "pay") -> dict[str, Any]:
    args = {"to": "bob"} | ({} if amount is None else {"amount": amount})
    return {"name": name, "args": args, "description": f"{name}: 1 {amount}"}


def _update(data: Any, ns: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "updates", "ns": ns, "data": data}


def _asks(*amounts: Any) -> dict[str, Any]:
    actions = [_action(amount) for amount in amounts]
    reviews = [
        {"action_name": "pay", "allowed_decisions": ["approve", "edit", "reject"]}
        for _ in amounts
    ]
    value = {"action_requests": actions, "review_configs": reviews}
    return _update({"__interrupt__": (SimpleNamespace(value=value, id="1"),)})


def _message(message: BaseMessage) -> dict[str, Any]:
    return {
        "type": "messages",
        "ns": (),
        "data": (message, {"langgraph_node": "model"}),
    }


def _called(*names: str) -> list[dict[str, Any]]:
    """A model calls these tools: what a stream says before a person is asked."""
    calls = [
        {"name": name, "args": {"amount": 1}, "id": f"call_{number}"}
        for number, name in enumerate(names)
    ]
    message = AIMessage("approve", tool_calls=calls)
    return [
        *map(_message, (calling(name, "{}", n) for n, name in enumerate(names))),
        _update({"model": {"messages": [message]}}),
        _update({"HumanInTheLoopMiddleware.after_model": None}),
    ]


YES, NO = "approve", "reject"
QUESTIONS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "for 100 with a limit of 500": ([*_called("pay"), _asks(100)], [YES]),
    "for 10000 with a limit of 500": ([*_called("pay"), _asks(10_000)], [NO]),
    "for 500 with a limit of 500": ([_asks(500)], [YES]),
    "for 500.01 with a limit of 500": ([_asks(500.01)], [NO]),
    "for three actions": ([*_called(*["pay"] * 3), _asks(900, 1, 501)], [NO, YES, NO]),
    "for twice the same action": ([_asks(1, 1)], [YES, YES]),
    "where one call of two is asked about": (
        [*_called("weather", "pay"), _asks(10_000)],
        [NO],
    ),
    "for an action without an amount": ([_asks(None)], [NO]),
    "for an amount in words": ([_asks("a hundred", "100")], [NO, NO]),
    "for an amount that is a list": ([_asks([100])], [NO]),
    "for a run that asks nothing": (
        [*_called("weather"), _message(say("Sunny.", "stop"))],
        [],
    ),
    "for a pause without a question": ([_update({"__interrupt__": ()})], []),
    "for a stream without any part": ([], []),
}
LIMIT = 500

# Conversations after a Stop. Each call needs its result right behind its message.


def _ai(text: str = "", *keys: str, half: bool = False) -> AIMessage:
    calls: Any = [{"name": "pay", "args": {}, "id": key} for key in keys]
    if half:
        broken = [call | {"args": '{"a', "error": None} for call in calls]
        return AIMessage(text, invalid_tool_calls=broken)
    return AIMessage(text, tool_calls=calls)


def _result(key: str, text: str = "paid") -> ToolMessage:
    return ToolMessage(text, tool_call_id=key)


_ASKED, _NEXT = HumanMessage("Pay Bob."), HumanMessage("And now?")
HISTORIES: dict[str, tuple[list[BaseMessage], list[str]]] = {
    "an open call at the end": ([_ASKED, _ai("", "a")], ["a"]),
    "an open call with text": ([_ASKED, _ai("Wait.", "a")], ["a"]),
    "an open call, and the next question": ([_ASKED, _ai("", "a"), _NEXT], ["a"]),
    "two open calls": ([_ASKED, _ai("", "a", "b"), _NEXT], ["a", "b"]),
    "one open call of two": (
        [_ASKED, _ai("", "a", "b"), _result("b"), _NEXT],
        ["a"],
    ),
    "calls that all have results": (
        [_ASKED, _ai("", "a", "b"), _result("b"), _result("a"), _ai("Done.")],
        [],
    ),
    "an id that comes again in a later turn": (
        [_ASKED, _ai("", "a"), _result("a"), _ai("Done."), _NEXT, _ai("", "a")],
        ["a"],
    ),
    "an open call before a turn with the same id": (
        [_ASKED, _ai("", "a"), _NEXT, _ai("", "a"), _result("a"), _ai("Done.")],
        ["a"],
    ),
    "open calls in two turns": (
        [_ASKED, _ai("", "a"), _NEXT, _ai("", "b"), _NEXT],
        ["a", "b"],
    ),
    "half a call, kept as invalid": ([_ASKED, _ai("", "a", half=True), _NEXT], ["a"]),
    "text only": ([SystemMessage("Be kind."), _ASKED, _ai("No."), _NEXT], []),
    "no message at all": ([], []),
}
