"""Answers to notebook 4's exercises on agents: a person asked, a history mended."""

from itertools import takewhile
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage

APPROVE = {"type": "approve"}
REJECT = {"type": "reject", "message": "Too much."}


def actions_in(parts: Any) -> Any:
    """The actions asked about, as a right answer finds them."""
    for part in parts:
        if part["type"] == "updates":
            for question in part["data"].get("__interrupt__") or ():
                yield from question.value["action_requests"]


def decides_by(small: Any, no: Any = REJECT, actions: Any = actions_in) -> Any:
    """An answer to `decide` that is right but for one slip."""

    def decide(parts: Any, limit: Any) -> Any:
        return [
            APPROVE if small(action["args"], limit) else no for action in actions(parts)
        ]

    return decide


def in_limit(args: Any, limit: Any) -> bool:
    try:
        return float(args["amount"]) <= limit and not isinstance(args["amount"], str)
    except (KeyError, TypeError, ValueError):
        return False


def below_limit(args: Any, limit: Any) -> bool:
    return in_limit(args, limit) and args["amount"] != limit


def without_a_look(args: Any, limit: Any) -> bool:
    return bool(args["amount"] <= limit)


def with_a_default(args: Any, limit: Any) -> bool:
    amount = args.get("amount", 0)
    return isinstance(amount, int | float) and amount <= limit


def in_words_too(args: Any, limit: Any) -> bool:
    try:
        return float(args.get("amount", "nan")) <= limit
    except (TypeError, ValueError):
        return False


def in_whole_numbers(args: Any, limit: Any) -> bool:
    return in_limit(args, limit) or args.get("amount") == 500.01


def first_action_only(parts: Any) -> Any:
    return list(actions_in(parts))[:1]


def in_any_part(parts: Any) -> Any:
    for part in parts:
        for question in part["data"].get("__interrupt__", ()):
            yield from question.value["action_requests"]


def where_one_always_asks(parts: Any) -> Any:
    question = next(p["data"]["__interrupt__"] for p in parts if p["type"] == "updates")
    return question[0].value["action_requests"]


def calls_instead(parts: Any) -> Any:
    """The slip: every call of the model counts, asked about or not."""
    for part in parts:
        update = part["data"].get("model") if part["type"] == "updates" else None
        for message in (update or {}).get("messages", ()):
            yield from message.tool_calls


def of_the_first_question(parts: Any) -> Any:
    for part in parts:
        if part["type"] == "updates" and "__interrupt__" in part["data"]:
            return part["data"]["__interrupt__"][0].value["action_requests"]
    return []


def decides_for_each_question(parts: Any, limit: Any) -> Any:
    actions = list(actions_in(parts))
    fine = all(in_limit(action["args"], limit) for action in actions)
    return [APPROVE if fine else REJECT] if actions else []


def decides_by_name(parts: Any, limit: Any) -> Any:
    kept: dict[str, Any] = {}
    for action in actions_in(parts):
        kept[action["name"]] = action
    return [APPROVE if in_limit(a["args"], limit) else REJECT for a in kept.values()]


def decides_with_a_command(parts: Any, limit: Any) -> Any:
    return {"decisions": decides_by(in_limit)(parts, limit)}


def decides_in_words(parts: Any, limit: Any) -> Any:
    return [decision["type"] for decision in decides_by(in_limit)(parts, limit)]


def decides_by_loops(parts: Any, limit: Any) -> Any:
    """Right: step by step."""
    decisions = []
    for part in parts:
        found = part["data"] if part["type"] == "updates" else {}
        for question in found.get("__interrupt__", ()):
            for action in question.value["action_requests"]:
                fine = in_limit(action["args"], limit)
                decisions.append(dict(APPROVE if fine else REJECT))
    return decisions


def stopped(call: Any, **more: Any) -> ToolMessage:
    given = {"content": "It was stopped.", "status": "error"} | more
    return ToolMessage(tool_call_id=call["id"], **given)


def calls_in(message: Any) -> Any:
    both = ("tool_calls", "invalid_tool_calls")
    return [call for name in both for call in getattr(message, name, ())]


def closes_by(calls: Any = calls_in, **more: Any) -> Any:
    """An answer to `close_open_calls` that is right but for one slip."""

    def close_open_calls(messages: Any) -> Any:
        closed = []
        for number, message in enumerate(messages):
            closed.append(message)
            later = messages[number + 1 :]
            came = takewhile(lambda one: isinstance(one, ToolMessage), later)
            answered = {result.tool_call_id for result in came}
            closed += [
                stopped(call, **more)
                for call in calls(message)
                if call["id"] not in answered
            ]
        return closed

    return close_open_calls


def whole_calls(message: Any) -> Any:
    return getattr(message, "tool_calls", ())


def first_call(message: Any) -> Any:
    return calls_in(message)[:1]


def of_everybody(message: Any) -> Any:
    return message.tool_calls


def closes_behind_the_results(messages: Any) -> Any:
    """Right: the new results come after those that are there."""
    closed: list[Any] = []
    waiting: dict[str, Any] = {}
    for message in messages:
        if isinstance(message, ToolMessage):
            waiting.pop(message.tool_call_id, None)
        else:
            closed += map(stopped, waiting.values())
            waiting = {call["id"]: call for call in calls_in(message)}
        closed.append(message)
    return [*closed, *map(stopped, waiting.values())]


def closes_at_the_end(messages: Any) -> Any:
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    calls = [call for message in messages for call in calls_in(message)]
    return [*messages, *(stopped(c) for c in calls if c["id"] not in answered)]


def closes_the_last_message(messages: Any) -> Any:
    if messages and isinstance(messages[-1], AIMessage):
        return [*messages, *map(stopped, calls_in(messages[-1]))]
    return list(messages)


def closes_by_id(messages: Any) -> Any:
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    closed = []
    for message in messages:
        closed.append(message)
        open_calls = [c for c in calls_in(message) if c["id"] not in answered]
        closed += map(stopped, open_calls)
    return closed


def closes_every_call(messages: Any) -> Any:
    closed = []
    for message in messages:
        closed += [message, *map(stopped, calls_in(message))]
    return closed


def drops_open_calls(messages: Any) -> Any:
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    return [m for m in messages if all(c["id"] in answered for c in calls_in(m))]


def closes_in_place(messages: Any) -> Any:
    messages[:] = closes_by()(messages)
    return messages


def writes_new_calls(messages: Any) -> Any:
    return [
        m.model_copy(update={"tool_calls": [], "invalid_tool_calls": []})
        if calls_in(m)
        else m
        for m in messages
    ]


def closes_as_a_person(messages: Any) -> Any:
    new = closes_by()(messages)
    return [AIMessage("It was stopped.") if m not in messages else m for m in new]
