"""The check of `both_live`: an event stream read so that each word comes at once.

lesson.both_live.check(both_live)
"""

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGenerationChunk
from pydantic import ConfigDict, Field

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.fake.reply import Reply
from course_utils.lessons.inside_the_architecture import solutions
from course_utils.lessons.scenes import NASTY, PIECES, Broke, take
from course_utils.lessons.scripted import Scripted, answer, in_blocks, say
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten
from course_utils.teaching.exercise import Exercise

KINDS = ("thinking", "text")
ASK: Any = {"messages": [("user", "Hi")]}
THOUGHT, SPOKEN = "They want a word.", "Here it is, a word."
PATIENCE = 2.0  # real seconds in which a piece of text should go through
LOOK = {"name": "look", "args": {"at": "it"}}


def look(at: str) -> str:
    """Look at something."""
    return "seen"


def _thought(text: str, index: int) -> Any:
    return say([{"type": "reasoning", "reasoning": text, "index": index}])


def _said(text: str, index: int) -> Any:
    return say([{"type": "text", "text": text, "index": index}])


TWICE = [_thought("One", 0), _said("two", 1), _thought("three", 2), _said("four", 3)]
CALLS = [Reply("I look.", tool_calls=[LOOK]), Reply(SPOKEN, reasoning=THOUGHT)]


class Waiting(BaseChatModel):
    """Says the next piece when the one before was taken; else it notes that as late."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    taken: Any = Field(default_factory=lambda: threading.Semaphore(0))
    late: str = ""

    @property
    def _llm_type(self) -> str:
        return "waiting"

    def _generate(self, *given: Any, **more: Any) -> Any:
        raise AssertionError("A run streams its model.")

    def _stream(self, *given: Any, **more: Any) -> Iterator[ChatGenerationChunk]:
        words = [_thought("Well", 0), _thought(" then", 0)]
        words += [_said("Here", 1), _said(" it", 1), _said(" is", 1)]
        for chunk in words:
            yield ChatGenerationChunk(message=chunk)
            if not self.late and not self.taken.acquire(timeout=PATIENCE):
                self.late = str(chunk.content[0].get("reasoning", chunk.text))
        yield ChatGenerationChunk(message=say([], "stop"))


Run = tuple[BaseChatModel, list[tuple[str, str]]]


def _runs() -> dict[str, Run]:
    """What a model says, and what must come of it: kinds in order, with their text."""
    return {
        "a model that thinks and then speaks": (
            FakeStreamingChatModel(Reply(SPOKEN, reasoning=THOUGHT)),
            [("thinking", THOUGHT), ("text", SPOKEN)],
        ),
        "a model that never thinks": (
            FakeStreamingChatModel(SPOKEN),
            [("text", SPOKEN)],
        ),
        "odd text": (Scripted(answers=[answer(PIECES)]), [("text", NASTY)]),
        "odd text in blocks": (
            Scripted(answers=[[*map(in_blocks, PIECES), say([], "stop")]]),
            [("text", NASTY)],
        ),
        "a model that thinks twice": (
            Scripted(answers=[[*TWICE, say([], "stop")]]),
            [*zip(KINDS * 2, ["One", "two", "three", "four"], strict=True)],
        ),
        "a model that calls a tool first": (
            FakeStreamingChatModel(CALLS),
            [("text", "I look."), ("thinking", THOUGHT), ("text", SPOKEN)],
        ),
    }


def _run_of(model: BaseChatModel) -> Any:
    tools = [look] if isinstance(model, FakeStreamingChatModel) else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is in beta, and says so
        return create_agent(model, tools).stream_events(ASK, version="v3")


def _check_both_live(both_live: Callable[[Any], Iterable[Any]]) -> None:
    _each_piece_at_once(both_live)
    for name, (model, wanted) in _runs().items():
        got = _joined(_pairs(take(_made(both_live, _run_of(model)))))
        expect_equal(got, wanted, f"of {name}, the pairs put together")
    _a_break_is_told(both_live)


def _made(both_live: Callable[[Any], Iterable[Any]], run: Any) -> Iterable[Any]:
    made = both_live(run)
    if not hasattr(made, "__iter__"):
        raise NotYet(f"It gave {shorten(made)}: a plain `def`, and `yield`.")
    return made


def _pairs(items: Iterable[Any]) -> list[tuple[str, str]]:
    pairs = list(items)
    for item in pairs:
        fits = isinstance(item, tuple) and len(item) == 2 and item[0] in KINDS
        expect(fits, f"It yielded {shorten(item)}: a kind of {KINDS} and a text.")
        expect(isinstance(item[1], str), f"In {shorten(item)} the text is no string.")
    return pairs


def _joined(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same pairs, neighbours of one kind put together."""
    joined: list[tuple[str, str]] = []
    for kind, text in pairs:
        if joined and joined[-1][0] == kind:
            kind, text = kind, joined.pop()[1] + text
        if text:
            joined.append((kind, text))
    return joined


def _each_piece_at_once(both_live: Callable[[Any], Iterable[Any]]) -> None:
    """The model sends a piece only when the one before is out, or after a while."""
    model = Waiting()
    yielded = ""
    for _, text in _pairs_as_they_come(_made(both_live, _run_of(model))):
        yielded += text
        if text:
            model.taken.release()
    lost = f"The model sent {model.late!r}, and you never yielded it. "
    expect(model.late in yielded, f"{lost}Which key of its event's `delta` holds it?")
    why = f"The model had sent {model.late!r}, and you had not yielded it: "
    expect(not model.late, f"{why}hand each piece on as it comes.")


def _pairs_as_they_come(items: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for item in items:
        yield from _pairs([item])


def _a_break_is_told(both_live: Callable[[Any], Iterable[Any]]) -> None:
    """What had come is out, and the error reaches the caller."""
    broken = [say("One"), say(" two"), Broke("on purpose")]
    got: list[Any] = []
    try:
        for item in _made(both_live, _run_of(Scripted(answers=[broken]))):
            got.append(item)
    except Broke:
        text = "".join(text for _, text in _pairs(got))
        expect_equal(text, "One two", "of a stream that broke, the text before")
        return
    raise NotYet("The stream broke, and your reader was not told: let errors pass.")


both_live = Exercise(
    "both_live",
    check=_check_both_live,
    hints=[
        "A projection is read to its end before the next one begins. What can you "
        "iterate that holds both, in the order in which they come?",
        "`for event in message` gives every event of the message. You need those "
        "named `content-block-delta`.",
        'The piece is in `event["delta"]`: its `type` is `reasoning-delta` or '
        "`text-delta`, and the text is under `reasoning` or `text`.",
    ],
    solution=solutions.both_live,
    praise="Thoughts and words come as they are sent.",
    minutes=8,
    limit=20.0,
)
