"""show() in a terminal: one entry after the other, and no command of a model's own."""

import io
from typing import Any

import pytest

from course_utils.live.terminal import Terminal
from course_utils.live.transcript import Transcript
from course_utils.passages import Passage


class Screen(io.StringIO):
    """A terminal; a file, unless it is said to be one."""

    def __init__(self, tty: bool = False) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


def steps(*passages: Passage, tty: bool = False) -> list[str]:
    """What stands there after each passage, and at the end."""
    screen, transcript = Screen(tty), Transcript()
    terminal, seen = Terminal(screen), []
    for passage in passages:
        terminal.update(transcript.entries, transcript.add(passage))
        seen.append(screen.getvalue())
    terminal.update(transcript.entries, transcript.finish())
    terminal.end("done", transcript.entries)
    return [*seen, screen.getvalue()]


def text(words: str, message: str = "m", **more: Any) -> Passage:
    return Passage("text", words, message, **more)


def call(args: str, name: str = "") -> Passage:
    return Passage("tool_call", args, "m", name=name, call="1")


def test_text_and_arguments_come_as_they_are_told():
    seen = steps(
        text("Let me"), text(" look."), call('{"ci', "weather"), call('ty": 1}')
    )
    assert seen[:2] == ["Let me", "Let me look."]
    assert seen[2] == 'Let me look.\n\n→ weather {"ci'
    assert seen[-1] == 'Let me look.\n\n→ weather {"city": 1}\n[done]\n'


def test_two_voices_are_told_one_after_the_other():
    end = Passage("finish", "stop", "a")
    seen = steps(text("al", "a"), text("one", "b"), text("pha", "a"), end)
    assert seen[1:] == ["al", "alpha", "alpha\n\none", "alpha\n\none\n[done]\n"]


def test_what_is_taken_back_is_marked():
    seen = steps(text("Wrong"), Passage("restart", "", "m"), text("Right."))
    assert seen[-1] == "Wrong\n[replaced]\n\nRight.\n[done]\n"


def test_a_thought_is_one_line_and_a_long_result_is_folded():
    result = Passage("tool_result", "1\n2\n3\n4\n5", name="a", call="1", whole=True)
    seen = steps(Passage("reasoning", "Hm. " * 50, "m"), call("{}", "a"), result)
    assert seen[0] == "○ thinking"
    assert seen[-1].endswith("← a 1\n2\n3\n… 2 more lines\n[done]\n")


def test_progress_renews_its_line_where_a_line_can_be_renewed():
    parts = [Passage("progress", f"{n} %", value=n) for n in (1, 50)]
    assert steps(*parts)[-1] == "· 1 %\n· 50 %\n[done]\n"
    assert steps(*parts, tty=True)[-1] == "· 1 %\r\x1b[2K· 50 %\n[done]\n"


def test_an_object_is_told_once_it_is_whole():
    seen = steps(*(Passage("data", value=v) for v in ({}, {"a": 1})))
    assert seen == ["", "", '{\n  "a": 1\n}\n[done]\n']


@pytest.mark.parametrize(
    "command",
    ["\x1b[31mred", "\x1b]0;title\x07", "\r\x1b[2K", "\x9b31m", "\x08\x08", "\u202e"],
)
def test_no_model_commands_the_terminal(command: str):
    call = Passage("tool_call", command, "m", name=command, call="1")
    result = Passage("tool_result", command, name="a", call="1", whole=True)
    told = steps(text(command), call, result, Passage("progress", command))[-1]
    assert not set("\x1b\x07\x08\x9b\r\u202e") & set(told)
