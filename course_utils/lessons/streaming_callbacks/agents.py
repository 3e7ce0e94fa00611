"""The checks of three readers of an agent: its parts, its progress, its cost."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.tools import StructuredTool
from langgraph.runtime import get_runtime
from langgraph.types import Interrupt

from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall
from course_utils.lessons.scenes import (
    MANY,
    NASTY,
    PIECES,
    breaking,
    errors,
    in_turns,
    lets_through,
)
from course_utils.lessons.scripted import calling, in_blocks, say, thinking
from course_utils.teaching.checks import NotYet, expect, shorten

Part = dict[str, Any]


# The parts of an agent's stream

_INNER = ("tools:1b4e28ba",)  # where a sub-agent speaks
_QUESTION = {"action_requests": [{"name": "pay", "args": {"amount": 40}}]}


def _said(message: BaseMessage, ns: tuple[str, ...] = ()) -> Part:
    node = "tools" if isinstance(message, ToolMessage) else "model"
    return {"type": "messages", "ns": ns, "data": (message, {"langgraph_node": node})}


def _step(node: str, *messages: BaseMessage, ns: tuple[str, ...] = ()) -> Part:
    update = {"messages": [*messages]} if messages else None
    return {"type": "updates", "ns": ns, "data": {node: update}}


def _asks(*values: Any) -> Part:
    interrupts = tuple(Interrupt(value=value, id=str(value)) for value in values)
    return {"type": "updates", "ns": (), "data": {"__interrupt__": interrupts}}


def _answered(pieces: Iterable[str]) -> list[Part]:
    """An answer in pieces, and then the step that holds it whole."""
    texts = [*pieces]
    whole = AIMessage("".join(texts))
    return [*(_said(say(text)) for text in texts), _step("model", whole)]


_TOOL = ToolMessage("A7: ten days late", tool_call_id="call_0", name="look_up")
_CALLS = [_said(calling("look_up", "{}")), _step("model", AIMessage(""))]
_RAN = [_said(_TOOL), _step("tools", _TOOL)]
_HOOK = _step("HumanInTheLoopMiddleware.after_model")
_CLERK = [_said(say("secret", id="9"), _INNER), _step("model", say("x"), ns=_INNER)]
_TWO_WORDS = ["Two", " words"]

_PARTS: dict[str, tuple[list[Part], str, Any]] = {
    "an answer": (_answered(_TWO_WORDS), "Two words", None),
    "an answer of odd text": (_answered(PIECES), NASTY, None),
    "a tool that ran before the answer": (
        [*_CALLS, *_RAN, *_answered(_TWO_WORDS)],
        "Two words",
        None,
    ),
    "a sub-agent that speaks within a tool": (
        [*_CALLS, *_CLERK, *_RAN, *_answered(_TWO_WORDS)],
        "Two words",
        None,
    ),
    "a question to a person": (
        [*_answered(["I pay."]), _HOOK, _asks(_QUESTION)],
        "I pay.",
        _QUESTION,
    ),
    "a question that is a text": ([_asks("Pay?")], "", "Pay?"),
    "a question that is the number 0": ([_asks(0)], "", 0),
    "two questions at once": ([_asks("Pay?", "Send?")], "", "Pay?"),
    "thoughts and blocks": (
        [_said(thinking("Hm.")), _said(in_blocks("one")), _said(in_blocks(" two"))],
        "one two",
        None,
    ),
    "no part": ([], "", None),
    "three thousand pieces": (_answered(MANY), "".join(MANY), None),
}


def check_read_parts(read_parts: Any) -> None:
    """The check of a reader of v2 parts: the agent's own words, and its question."""
    for name, (parts, text, question) in _PARTS.items():
        got = read_parts(iter(parts))
        expect(
            isinstance(got, tuple) and len(got) == 2,
            f"read_parts(...) gave {shorten(got)}: a pair is wanted, (text, question).",
        )
        fact = f"With {name}, the text is {shorten(got[0])}, and should be "
        expect(got[0] == text, f"{fact}{shorten(text)}.{_why_text(got[0], text)}")
        fact = f"With {name}, the question is {shorten(got[1])}, and should be "
        same = got[1] == question and type(got[1]) is type(question)
        expect(same, f"{fact}{shorten(question)}.{_why_question(got[1])}")
    for error in errors():
        broken = breaking(_answered(_TWO_WORDS)[:2], error)
        lets_through(partial(read_parts, broken), error, "read_parts")


def _why_text(got: Any, text: str) -> str:
    if not isinstance(got, str):
        return " A text is wanted."
    if text and got == text * 2:
        return " It is in it twice: the step repeats what the tokens said."
    if "secret" in got:
        return " A sub-agent's parts have an `ns` that is not empty."
    if "ten days late" in got:
        return " A tool's result is no word of the agent: it is no AIMessageChunk."
    return ""


def _why_question(got: Any) -> str:
    if isinstance(got, Interrupt | tuple):
        return " It is the `.value` of the first interrupt."
    return ""


# Progress from inside a tool


def check_report(report: Any) -> None:
    """The check of a report of progress, in an agent and outside of one."""
    wanted = [{"done": n, "of": 3} for n in (1, 2, 3)]
    for how in ("sync", "a second time"):
        got = list(_import(report, 3))
        _compare_progress(got, wanted, f"In an agent ({how})")
    one, two = in_turns(_import(report, 2), _import(report, 3))
    _compare_progress(one, [{"done": n, "of": 2} for n in (1, 2)], "With two agents")
    _compare_progress(two, wanted, "With two agents")
    _outside(lambda: report(1, 3), "Called by itself")
    tool = StructuredTool.from_function(_import_rows(report))
    _outside(lambda: tool.invoke({"count": 2}), "In a tool that a test invokes")
    list(_import(report, 2, mode="messages"))
    for error in [*errors(), RuntimeError("on purpose"), KeyError("on purpose")]:
        _break_the_writer(report, error)


def _import_rows(report: Any) -> Any:
    def import_rows(count: int) -> str:
        """Import some rows."""
        for number in range(count):
            report(number + 1, count)
        return f"{count} rows"

    return import_rows


def _import(report: Any, count: int, mode: Any = "custom") -> Iterator[Any]:
    call = ToolCall("import_rows", {"count": count})
    model = FakeStreamingChatModel([Reply(tool_calls=[call]), "Done."])
    agent: Any = create_agent(model, [_import_rows(report)])
    ask = {"messages": [("user", "Import.")]}
    return iter(agent.stream(ask, stream_mode=mode))


def _compare_progress(got: list[Any], wanted: list[Any], when: str) -> None:
    if got == wanted:
        return
    fact = f"{when}, the stream of `custom` gave {shorten(got)}, and should be "
    why = " Nothing was written." if not got else ""
    raise NotYet(f"{fact}{shorten(wanted)}.{why}")


def _outside(call: Any, when: str) -> None:
    """Go on if a report outside of a graph does nothing and breaks nothing."""
    try:
        call()
    except (RuntimeError, KeyError) as error:
        kind = type(error).__name__
        raise NotYet(
            f"{when}, there is no stream, and report(1, 3) raised a {kind}: let the "
            "tool work without it."
        ) from error


def _break_the_writer(report: Any, error: Exception) -> None:
    """What the stream's own writer raises reaches the tool, whatever it is."""

    def broken(item: Any) -> None:
        raise error

    def tool(count: int) -> str:
        """Import, while the stream's writer is broken."""
        object.__setattr__(get_runtime(), "stream_writer", broken)  # it is frozen
        report(1, count)
        return "done"

    call = ToolCall("tool", {"count": 1})
    model = FakeStreamingChatModel([Reply(tool_calls=[call]), "Done."])
    agent: Any = create_agent(model, [tool])
    ask = {"messages": [("user", "Import.")]}
    stream = agent.stream(ask, stream_mode="custom")
    kind = type(error).__name__
    try:
        list(stream)
    except Exception as raised:
        expect(raised is error, f"The writer raised a {kind}: let it through as it is.")
        return
    raise NotYet(
        f"The stream's writer raised a {kind}, and report(1, 1) swallowed it: only "
        "what `get_stream_writer()` raises is to be caught."
    )


# What an agent's stream costs


def _told(number: int, output: int = 0) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=number, output_tokens=output, total_tokens=number + output
    )


def _pair(message: BaseMessage) -> tuple[BaseMessage, dict[str, Any]]:
    return message, {"langgraph_node": "model"}


def _call(key: str, *usages: UsageMetadata) -> list[Any]:
    """One answer of a model: text, its finish, and then what it says of tokens."""
    chunks = [say("one", id=key), say(" two", id=key), say("", "stop", id=key)]
    chunks += [say("", id=key, usage_metadata=usage) for usage in usages]
    return [*map(_pair, chunks)]


_RESULT = [_pair(_TOOL)]
_ONE, _OTHER = _call("a", _told(3, 4)), _call("b", _told(10, 5))
_COSTS: dict[str, tuple[list[Any], list[int | None]]] = {
    "one answer": (_call("a", _told(3, 4)), [7]),
    "two answers with a tool between them": (
        [*_call("a", _told(3, 4)), *_RESULT, *_call("b", _told(10, 5))],
        [7, 15],
    ),
    "two answers that cost the same": (
        [*_call("a", _told(3, 4)), *_call("b", _told(3, 4))],
        [7, 7],
    ),
    "a model that does not say": (_call("a"), [None]),
    "a model that says it only once": (
        [*_call("a"), *_RESULT, *_call("b", _told(10, 5))],
        [None, 15],
    ),
    "a model that tells it in two parts": (_call("a", _told(3), _told(0, 4)), [7]),
    "an answer of no token": (_call("a", _told(0, 0)), [0]),
    "usage beside the text": (
        [_pair(say("one", "stop", id="a", usage_metadata=_told(1, 2)))],
        [3],
    ),
    "two models that take turns": (
        [pair for both in zip(_ONE, _OTHER, strict=True) for pair in both],
        [7, 15],
    ),
    "a tool alone": (_RESULT, []),
    "no item": ([], []),
    "three thousand tokens": (
        [*(_pair(say(text, id="a")) for text in MANY), *_call("a", _told(3, 4))],
        [7],
    ),
}


def check_spent(spent: Any) -> None:
    """The check of a bill: the tokens of each answer in an agent's stream."""
    for name, (items, wanted) in _COSTS.items():
        got = spent(iter(items))
        fact = f"With {name}, spent(...) gave {shorten(got)}, and should be {wanted}."
        expect(got == wanted, f"{fact}{_why_cost(got, wanted)}")
    for error in errors():
        broken = breaking(_call("a", _told(3, 4)), error)
        lets_through(partial(spent, broken), error, "spent")


def _why_cost(got: Any, wanted: list[int | None]) -> str:
    if not isinstance(got, list):
        return " A list is wanted, with one number for each answer."
    if None in wanted and 0 in got:
        return " A model that does not say is not free: None."
    if len(got) > len(wanted):
        return " One answer, one number: its chunks have the same `id`. Tools are free."
    if len(got) < len(wanted):
        return " Every answer of the model has its place, also one that does not say."
    return ""
