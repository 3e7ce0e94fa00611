"""The checks of notebook 4's exercises on agents: decide, close calls, refuse half.

lesson.decide.check(decide)
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

from course_utils.fake.history import fault_in
from course_utils.lessons.interruptions_and_errors import solutions
from course_utils.lessons.interruptions_and_errors.agent_scenes import (
    CALLS,
    HISTORIES,
    LIMIT,
    QUESTIONS,
)
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise

SLIPS = (IndexError, TypeError, ValueError, KeyError, AttributeError, StopIteration)


def _gives(answer: Callable[..., Any], given: tuple[Any, ...], where: str) -> list[Any]:
    """The list that an answer gives; else what it did instead."""
    start = where[:1].upper() + where[1:]
    try:
        got = answer(*given)
    except SLIPS as error:
        words = f"{start} it raised {type(error).__name__}: {error}"
        raise NotYet(f"{words.rstrip('.')}.") from error
    if got is None:
        raise NotYet(f"{start} it gave None: return a list.")
    if not isinstance(got, list):
        raise NotYet(f"{start} it gave {shorten(got)}: return a list.")
    return got


# Decide in a person's name


def _check_decide(decide: Callable[..., Any]) -> None:
    for where, (parts, wanted) in QUESTIONS.items():
        got = _gives(decide, (parts, LIMIT), where)
        for decision in got:
            _is_decision(decision, where)
        types = [decision["type"] for decision in got]
        expect_equal(types, wanted, f"{where}, the decisions")
    got = _gives(decide, (QUESTIONS["for three actions"][0], 900), "for a limit of 900")
    types = [decision["type"] for decision in got]
    expect_equal(types, ["approve"] * 3, "for a limit of 900, the decisions")


def _is_decision(decision: Any, where: str) -> None:
    came = f"{where[:1].upper()}{where[1:]} one decision is {shorten(decision)}: "
    expect(isinstance(decision, dict), f"{came}each is a dict.")
    expect("type" in decision, f'{came}it says "type".')
    said = decision["type"] != "reject" or decision.get("message")
    expect(said, f"{came}a rejection says why, in its message.")


decide = Exercise(
    "decide",
    check=_check_decide,
    hints=[
        'Only parts of the type "updates" can ask. `part["data"].get("__interrupt__", '
        "())` gives the questions of one.",
        'A question has `.value["action_requests"]`: one decision for each, in order. '
        "The arguments are the model's, so they may hold anything.",
    ],
    solution=solutions.decide,
    minutes=8,
)

# Close the calls that a Stop left open


def _check_close_open_calls(close_open_calls: Callable[..., Any]) -> None:
    for name, (history, left_open) in HISTORIES.items():
        where = f"with {name}"
        given, before = list(history), deepcopy(history)
        got = _gives(close_open_calls, (given,), where)
        same = given == history and history == before
        expect(same, f"W{where[1:]} it changed the list that it got: make a new one.")
        _is_closed(history, got, left_open, f"W{where[1:]}")


def _is_closed(
    history: Sequence[BaseMessage], got: list[Any], left_open: list[str], where: str
) -> None:
    same = [message for message in got if any(message is old for old in history)]
    new = [message for message in got if not any(message is old for old in history)]
    left = f"{where} {len(same)} of {len(history)} messages are left"
    expect(len(same) == len(history), f"{left}: keep them all, as they are.")
    ordered = [*map(id, same)] == [*map(id, history)]
    expect(ordered, f"{where} the messages are in another order: keep theirs.")
    for message in new:
        came = f"{where} it added {shorten(message)}"
        expect(isinstance(message, ToolMessage), f"{came}: add `ToolMessage`s only.")
        expect(
            message.status == "error",
            f'{came} that looks like a success: set status="error".',
        )
        expect(message.text.strip(), f"{came} without a text: say what happened.")
    closed = sorted(message.tool_call_id for message in new)
    expect_equal(closed, sorted(left_open), f"{where.lower()}, the calls closed")
    fault = fault_in(got)
    expect(fault is None, f"{where} OpenAI would refuse it: {fault and fault.message}")


close_open_calls = Exercise(
    "close_open_calls",
    check=_check_close_open_calls,
    hints=[
        "Go through the messages with their numbers. The results of a message's calls "
        "are the tool messages right behind it: `itertools.takewhile`.",
        "`getattr(message, 'tool_calls', [])` is empty for a person's message. Do the "
        "same for `invalid_tool_calls`.",
    ],
    solution=solutions.close_open_calls,
    minutes=12,
)

# Refuse half a tool call


def _check_safe_tool_calls(safe_tool_calls: Callable[[Any], Any]) -> None:
    for where, (chunks, expected) in CALLS.items():
        given = list(chunks)
        got = _gives(safe_tool_calls, (given,), where)
        changed = f"{where[:1].upper()}{where[1:]} it changed the list that it got."
        expect(given == list(chunks), f"{changed} Leave it as it is.")
        pairs = [tuple(one) if isinstance(one, list) else one for one in got]
        expect_equal(pairs, expected, f"{where}, the list")


safe_tool_calls = Exercise(
    "safe_tool_calls",
    check=_check_safe_tool_calls,
    hints=[
        "`sum(chunks[1:], chunks[0])` adds them up. The sum has the finish reason, and "
        "`tool_call_chunks` with the arguments as they came: as text.",
        "`json.loads` is strict. `.tool_calls` is not: it closes open brackets.",
    ],
    solution=solutions.safe_tool_calls,
    minutes=12,
)
