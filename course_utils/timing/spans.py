"""From when to when each model call and each tool of a run went on, as a reader saw it.

A run of an agent is several calls of its model, with tools between them. Spans note
when each showed its first sign of life, its first thought, its first text, its end.

    measure(agent.stream(question, stream_mode=["messages", "updates"])).tool_calls
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from course_utils.finish import Finish
from course_utils.passages import Passage

SIGNS_OF_LIFE = ("text", "reasoning", "tool_call", "data")
OF_A_MODEL = ("text", "reasoning", "tool_call", "usage", "finish")


@dataclass
class ModelSpan:
    """One message of a model. Times are seconds since the stream was first asked.

    Attributes:
        message: The key of the message, as `passages` has it.
        source: Who speaks, such as an agent's name.
        aside: It was said within a tool or by a helper.
        first_sign: The first thought, text or tool call; None while there is none.
        first_thought: The first that was thought aloud; `last_thought` the last.
        first_text: The first visible text.
        last_sign: The last that came of it, its usage and its finish included.
        usage: Its tokens, as its model told; None if it did not.
        finish: Why it ended; None if the model did not say.
    """

    message: str
    source: str = ""
    aside: bool = False
    first_sign: float | None = None
    first_thought: float | None = None
    last_thought: float | None = None
    first_text: float | None = None
    last_sign: float = 0.0
    usage: dict[str, Any] | None = None
    finish: Finish | None = None

    def hear(self, passage: Passage, at: float) -> None:
        """Note a passage of this message."""
        kind = passage.kind
        self.last_sign = at
        if kind in SIGNS_OF_LIFE:
            self.finish = None  # it may go on after a finish reason
            if self.first_sign is None:
                self.first_sign = at
        if kind == "text" and self.first_text is None:
            self.first_text = at
        elif kind == "reasoning":
            self.last_thought = at
            if self.first_thought is None:
                self.first_thought = at
        elif kind == "usage":
            self.usage = passage.value
        elif kind == "finish":
            self.finish = passage.value


@dataclass
class ToolSpan:
    """One tool call. Times are seconds since the stream was first asked.

    Attributes:
        call: The key of the call, as `passages` has it.
        name: The tool's name.
        aside: A sub-agent called it.
        asked: When the first of it came; None if it was asked before this stream.
        called: When the last of its arguments came.
        returned: When its result came; None while there is none.
        failed: Whether the result says that the tool failed.
    """

    call: str
    name: str = ""
    aside: bool = False
    asked: float | None = None
    called: float | None = None
    returned: float | None = None
    failed: bool = False

    def hear(self, passage: Passage, at: float) -> None:
        """Note a passage of this call."""
        self.name = self.name or passage.name
        if passage.kind == "tool_result":
            self.returned = at
            self.failed = passage.value == "error"
        else:
            self.called = at
            if self.asked is None:
                self.asked = at


@dataclass
class Spans:
    """The spans of one run, in the order in which they began."""

    models: dict[str, ModelSpan] = field(default_factory=dict)
    tools: dict[str, ToolSpan] = field(default_factory=dict)

    def hear(self, passage: Passage, at: float) -> None:
        """Note one passage of the run."""
        kind, key = passage.kind, passage.message
        if kind in OF_A_MODEL:
            model = self.models.get(key)
            if model is None:
                model = ModelSpan(key, passage.source, passage.aside)
                self.models[key] = model
            model.hear(passage, at)
        if kind in ("tool_call", "tool_result"):
            tool = self.tools.get(passage.call)
            if tool is None:
                tool = ToolSpan(passage.call, aside=passage.aside)
                self.tools[passage.call] = tool
            tool.hear(passage, at)
        elif kind == "restart":
            self.models.pop(key, None)


def thinking(models: Iterable[ModelSpan]) -> list[ModelSpan]:
    """Those that thought aloud, to their reader."""
    return [m for m in models if m.first_thought is not None and not m.aside]
