"""What passages told, in short, so that a whole stream fits in one line of a table."""

from collections.abc import Iterable
from dataclasses import dataclass

from course_utils.passages import Passage


@dataclass(frozen=True)
class Told:
    """What a reader must be told by one stream; the order is that of the stream.

    Attributes:
        answer: The text of the answer, messages joined by an empty line.
        aside: The text said within a tool or by a helper.
        reasoning: What was thought aloud.
        calls: Tool calls, each with its arguments: `weather {"city": "Paris"}`.
        results: What tools returned: `weather: sunny`.
        progress: What tools and nodes said of their progress.
        asked: How many questions to a person.
        states: The modes that told of a graph's state.
        data: Objects, structured answers.
        finish: The words with which messages of the answer ended.
        output: Output tokens, of all messages together; 0 if none was told.
    """

    answer: str = ""
    aside: str = ""
    reasoning: str = ""
    calls: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    progress: tuple[object, ...] = ()
    asked: int = 0
    states: frozenset[str] = frozenset()
    data: tuple[object, ...] = ()
    finish: tuple[str, ...] = ()
    output: int = 0


def told(passages: Iterable[Passage]) -> Told:
    """What these passages tell, in short."""
    found = list(passages)
    return Told(
        answer=joined(p for p in found if p.kind == "text" and not p.aside),
        aside=joined(p for p in found if p.kind == "text" and p.aside),
        reasoning=joined(p for p in found if p.kind == "reasoning"),
        calls=calls(found),
        results=tuple(f"{p.name}: {p.text}" for p in found if p.kind == "tool_result"),
        progress=tuple(p.value for p in found if p.kind == "progress"),
        asked=sum(p.kind == "interrupt" for p in found),
        states=frozenset(p.name for p in found if p.kind == "state"),
        data=tuple(p.value for p in found if p.kind == "data"),
        finish=tuple(p.text for p in found if p.kind == "finish" and not p.aside),
        output=output(found),
    )


def joined(passages: Iterable[Passage]) -> str:
    """The texts of each message joined, with an empty line between messages.

    They are sorted, since two models may begin in any order.
    """
    texts: dict[str, str] = {}
    for passage in passages:
        texts[passage.message] = texts.get(passage.message, "") + passage.text
    return "\n\n".join(sorted(texts.values()))


def calls(passages: Iterable[Passage]) -> tuple[str, ...]:
    """Each tool call with its name and its arguments, whole or put together."""
    found: dict[str, list[str]] = {}
    for p in passages:
        if p.kind == "tool_call":
            call = found.setdefault(p.call, ["", ""])
            call[0] += p.name
            call[1] += p.text
    return tuple(f"{name} {arguments}" for name, arguments in found.values())


def output(passages: Iterable[Passage]) -> int:
    """Output tokens of all messages, of each the newest count."""
    newest = {p.message: p.value for p in passages if p.kind == "usage"}
    return sum(usage["output_tokens"] for usage in newest.values())
