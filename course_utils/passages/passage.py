"""One thing that a stream said, the same whatever the form of the stream."""

from typing import Any, Literal, NamedTuple

Kind = Literal[
    "text",
    "reasoning",
    "tool_call",
    "tool_result",
    "progress",
    "usage",
    "interrupt",
    "restart",
    "state",
    "data",
    "finish",
]


class Passage(NamedTuple):
    """One thing that a stream said: what kind of thing, who said it, in which message.

    >>> Passage("text", "Hi", message="run-1")
    Passage(kind='text', text='Hi', message='run-1')

    Attributes:
        kind: `text`, `reasoning`, `tool_call`, `tool_result`, `progress` of a tool,
            `usage`, `interrupt` (a question to a person), `restart` (all that
            `message` said so far is taken back), `state` of a graph, `data` (an object
            of a chain, a structured answer), or `finish`.
        text: What is new; all of it if `whole`. A tool call's arguments are JSON, a
            finish says the provider's word.
        message: The key of the message it belongs to, the same for all its parts and
            for no other message of this stream.
        source: Who speaks: an agent's or a node's name, after the path that leads to
            it, `tools/weather_agent`. Empty for a bare model.
        name: A tool's name; the mode or channel of progress and state.
        call: The key of a tool call, the same for its fragments and its result. Of an
            interrupt: its id, by which it is answered.
        value: Token counts of the message so far; what a person is asked; progress,
            state or data; the arguments of a whole call; the `Finish` of a finish;
            `"error"` for the result of a tool that failed.
        whole: It came whole and not as a fragment.
        aside: It was said within a tool or by a helper: no part of the answer.
        invalid: A tool call that cannot be run.
    """

    kind: Kind
    text: str = ""
    message: str = ""
    source: str = ""
    name: str = ""
    call: str = ""
    value: Any = None
    whole: bool = False
    aside: bool = False
    invalid: bool = False

    def __repr__(self) -> str:
        defaults = {"kind": None, **self._field_defaults}
        fields = self._asdict().items()
        shown = [f"{k}={v!r}" for k, v in fields if k == "kind" or v != defaults[k]]
        return f"Passage({', '.join(shown)})"
