"""One case for each streaming snippet of LangChain: how it calls, what it tells.

`documented-forms.md` names the snippets; these are equivalents of our own. Cross them
with any reader or stage: `case.run(wrap)` gives a fresh call of the form, whose model
went through `wrap`, with `.stream()` and `await .astream()`; `case.told` is what a
reader of that stream must be told.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langgraph.prebuilt import ToolCallTransformer
from langgraph.stream import (
    CheckpointsTransformer,
    CustomTransformer,
    DebugTransformer,
    TasksTransformer,
    UpdatesTransformer,
)
from langgraph.types import Command

from tests.forms import graphs
from tests.forms.graphs import ASK, THREAD, Wrap
from tests.forms.runs import V3, Events, Run
from tests.forms.told import Told


def unwrapped(model: BaseChatModel) -> BaseChatModel:
    """The model as it is."""
    return model


@dataclass(frozen=True)
class Case:
    """A form of a stream: the snippet it stands for, a call of it, what it tells."""

    id: str
    form: str
    make: Callable[[Wrap], Run]
    told: Told
    both: bool = True  # sync and async alike

    def run(self, wrap: Wrap = unwrapped) -> Run:
        """A fresh call, not yet made, of a model that went through `wrap`."""
        return self.make(wrap)

    @property
    def ways(self) -> tuple[str, ...]:
        """How it can be read."""
        return ("sync", "async") if self.both else ("async",)


def modes(make: Callable[[Wrap], Any], *names: str, **options: Any) -> Any:
    """A call of an agent in some modes; in one as a page would write it."""
    mode = names[0] if len(names) == 1 else list(names)
    given = {"stream_mode": mode, **options}
    return lambda wrap: Run(make(wrap), ASK, THREAD, given)


def v3(make: Callable[[Wrap], Any], *transformers: Any) -> Any:
    options = {"transformers": list(transformers)} if transformers else {}
    return lambda wrap: V3(make(wrap), ASK, THREAD, options)


def state(make: Callable[[], Any], *names: str, **options: Any) -> Any:
    """A call of a graph without a model."""
    mode = names[0] if len(names) == 1 else list(names)
    given = {"stream_mode": mode, **options}
    return lambda wrap: Run(make(), {"topic": "ice"}, THREAD, given)


def chatty(wrap: Wrap) -> Any:
    return graphs.agent(wrap, graphs.chatty)


def guarded(wrap: Wrap) -> Any:
    return graphs.agent(wrap, middleware=[graphs.guard])


def thinking(wrap: Wrap) -> Any:
    return graphs.create_agent(wrap(graphs.thinker("weather")), [graphs.weather])


def called(wrap: Wrap) -> Any:
    return graphs.calling(wrap(graphs.fake("It is sunny.")))


def waiting(**options: Any) -> Callable[[Wrap], Any]:
    return lambda wrap: graphs.careful(wrap, **options)


def resumed(wrap: Wrap) -> Any:
    answer = Command(resume={"decisions": [{"type": "approve"}]})
    given = {"stream_mode": ["messages", "updates"], "version": "v2"}
    return Run(graphs.approved(wrap), answer, THREAD, given)


def v3_resumed(wrap: Wrap) -> Any:
    answer = Command(resume={"decisions": [{"type": "approve"}]})
    return V3(graphs.approved(wrap), answer, THREAD)


def model(*replies: Any) -> Any:
    return lambda wrap: Run(wrap(graphs.fake(*replies)), "Hi")


def two_calls(wrap: Wrap) -> Run:
    return Run(wrap(graphs.fake(graphs.calls("weather", "Paris", "Rome"))), "Hi")


V2 = {"version": "v2"}
CALL, SUNNY = 'weather {"city": "Paris"}', "weather: sunny in Paris"
ANSWER = Told(answer="It is sunny.", finish=("stop",), output=4)
TOOL = Told(
    answer="It is sunny.",
    calls=(CALL,),
    results=(SUNNY,),
    finish=("tool_calls", "stop"),
    output=10,
)
SAID = ("looking up Paris", {"done": 1})
CHATTY = replace(
    TOOL,
    calls=('chatty {"city": "Paris"}',),
    results=("chatty: sunny in Paris",),
    progress=SAID,
)
ASKED = Told(calls=(CALL,), asked=1, finish=("tool_calls",), output=6)
TWO_ASKED = replace(ASKED, asked=1)
RESUMED = Told(answer="It is sunny.", results=(SUNNY,), finish=("stop",), output=4)
OUTER = Told(
    answer="Done.",
    calls=('ask {"city": "Paris"}',),
    results=("ask: It is sunny.",),
    finish=("tool_calls", "stop"),
    output=8,
)
SUPERVISED = replace(
    OUTER,
    aside="It is sunny.",
    calls=('ask {"city": "Paris"}', CALL),
    results=(SUNNY, "ask: It is sunny."),
    output=18,
)
THOUGHT = Told(
    answer="It is sunny.",
    reasoning="Let me",
    calls=(CALL,),
    results=(SUNNY,),
    finish=("tool_calls", "stop"),
)
NOTED = {"note": "refining"}
ACTIVITY = ({"tool": "tool-started"}, {"tool": "tool-finished"})
JOKE_POEM = Told(answer="A joke.\n\nA poem.", finish=("stop", "stop"), output=6)


def told_state(*names: str, **more: Any) -> Told:
    return Told(states=frozenset(names), **more)


STREAMING = [
    Case("lc-s1", "updates v2", modes(graphs.agent, "updates", **V2), TOOL),
    Case("lc-s2", "messages v2", modes(graphs.agent, "messages", **V2), TOOL),
    Case("lc-s3", "custom v2", modes(chatty, "custom", **V2), Told(progress=SAID)),
    Case(
        "lc-s4", "updates, custom v2", modes(chatty, "updates", "custom", **V2), CHATTY
    ),
    Case("lc-s5", "v3, thinking", v3(thinking), THOUGHT),
    Case(
        "lc-s6",
        "messages, updates v2",
        modes(graphs.agent, "messages", "updates", **V2),
        TOOL,
    ),
    Case(
        "lc-s7",
        "messages, updates, custom v2: a guardrail",
        modes(guarded, "messages", "updates", "custom", **V2),
        replace(TOOL, progress=(AIMessage("safe", id="verdict"),)),
    ),
    Case(
        "lc-s8",
        "messages, updates v2: chunks added up",
        modes(graphs.agent, "messages", "updates", **V2),
        TOOL,
    ),
    Case(
        "lc-s9",
        "messages, updates v2, until the pause",
        modes(waiting(), "messages", "updates", **V2),
        ASKED,
    ),
    Case("lc-s10", "messages, updates v2, resumed", resumed, RESUMED),
    Case(
        "lc-s11",
        "messages, updates v2, subgraphs",
        modes(graphs.supervisor, "messages", "updates", subgraphs=True, **V2),
        SUPERVISED,
    ),
    Case(
        "lc-s12", "updates, custom v2", modes(chatty, "updates", "custom", **V2), CHATTY
    ),
    Case("lc-s13", "updates, custom v1", modes(chatty, "updates", "custom"), CHATTY),
    Case(
        "lc-s15",
        "messages v2, streaming switched off",
        modes(
            lambda wrap: graphs.calling(
                wrap(graphs.fake("It is sunny.", disable_streaming=True))
            ),
            "messages",
            **V2,
        ),
        ANSWER,
    ),
]
EVENT_STREAMING = [
    Case("lc-e1", "v3", v3(graphs.agent), TOOL),
    Case("lc-e2", "v3: messages, node, usage", v3(graphs.agent), TOOL),
    Case("lc-e3", "v3, thinking", v3(thinking), THOUGHT),
    Case("lc-e4", "v3: tool calls", v3(graphs.agent), TOOL),
    Case("lc-e5", "v3: subgraphs", v3(graphs.supervisor), SUPERVISED),
    Case("lc-e6", "v3: values", v3(graphs.agent), TOOL),
    Case("lc-e7b", "v3: gather", v3(graphs.agent), TOOL, both=False),
    Case("lc-e8", "v3: interleave", v3(graphs.agent), TOOL),
    Case("lc-e9", "v3 raw", v3(graphs.agent), TOOL),
    Case(
        "lc-e10",
        "v3, a named channel",
        v3(graphs.agent, graphs.Activity),
        replace(TOOL, progress=ACTIVITY),
    ),
    Case("lg-v1", "v3 of a graph", v3(called), ANSWER),
    Case("lg-v2", "v3: str(text), usage", v3(called), ANSWER),
    Case("lg-v3", "v3: subgraphs path", v3(graphs.supervisor), SUPERVISED),
    Case("lg-v6", "v3: interleave(values, messages)", v3(called), ANSWER),
    Case("lg-v7", "v3, until the pause", v3(waiting()), ASKED),
    Case("lg-v7b", "v3, resumed", v3_resumed, RESUMED),
    Case(
        "lc-h2",
        "v3, one question a call",
        v3(waiting(interrupt_mode="per_call")),
        ASKED,
    ),
    Case("lg-v9", "v3 raw: content blocks", v3(called), ANSWER),
    Case(
        "lg-v11",
        "v3, a channel without a name",
        v3(chatty, graphs.Unnamed, CustomTransformer),
        CHATTY,
    ),
    Case("lg-v12", "v3, a final value", v3(graphs.agent, graphs.Unnamed), TOOL),
    Case(
        "lg-v13",
        "v3, ToolCallTransformer",
        v3(graphs.tool_graph, ToolCallTransformer),
        TOOL,
    ),
]
GRAPHS = [
    Case(
        "lg-g1",
        "updates, custom v2",
        state(graphs.jokes, "updates", "custom", **V2),
        told_state("updates", progress=(NOTED,)),
    ),
    Case(
        "lg-g2",
        "values, updates, messages, custom v2",
        modes(chatty, "values", "updates", "messages", "custom", **V2),
        CHATTY,
    ),
    Case(
        "lg-g3",
        "updates v2",
        state(graphs.jokes, "updates", **V2),
        told_state("updates"),
    ),
    Case("lg-g3a", "updates v1", state(graphs.jokes, "updates"), told_state("updates")),
    Case(
        "lg-g4", "values v2", state(graphs.jokes, "values", **V2), told_state("values")
    ),
    Case(
        "lg-g5",
        "messages v2, invoke in a node",
        modes(called, "messages", **V2),
        ANSWER,
    ),
    Case(
        "lg-g6",
        "messages v2, two models",
        modes(graphs.two, "messages", **V2),
        JOKE_POEM,
    ),
    Case(
        "lg-g7",
        "messages v1, one model hidden",
        modes(lambda wrap: graphs.two(wrap, hidden=True), "messages"),
        Told(answer="A joke.", finish=("stop",), output=3),
    ),
    Case(
        "lg-g8",
        "messages v2, two nodes",
        modes(graphs.two, "messages", **V2),
        JOKE_POEM,
    ),
    Case(
        "lg-g9",
        "custom v2, a node",
        state(graphs.jokes, "custom", **V2),
        Told(progress=(NOTED,)),
    ),
    Case(
        "lg-g10",
        "custom v2, a tool",
        modes(chatty, "custom", **V2),
        Told(progress=SAID),
    ),
    Case(
        "lg-g11",
        "updates v2, subgraphs",
        state(graphs.silent_jokes, "updates", subgraphs=True, **V2),
        told_state("updates"),
    ),
    Case(
        "lg-g12",
        "updates v1, subgraphs",
        state(graphs.silent_jokes, "updates", subgraphs=True),
        told_state("updates"),
    ),
    Case(
        "lg-g13",
        "checkpoints v2",
        state(graphs.jokes, "checkpoints", **V2),
        told_state("checkpoints"),
    ),
    Case("lg-g14", "tasks v2", state(graphs.jokes, "tasks", **V2), told_state("tasks")),
    Case(
        "lg-g15",
        "debug v2",
        state(graphs.jokes, "debug", **V2),
        told_state("tasks", "checkpoints"),
    ),
    Case(
        "lg-g16",
        "updates, custom v1",
        state(graphs.jokes, "updates", "custom"),
        told_state("updates", progress=(NOTED,)),
    ),
    Case(
        "lg-g17",
        "custom v2, any model",
        state(graphs.foreign, "custom", **V2),
        Told(progress=({"llm_chunk": "Hel"}, {"llm_chunk": "lo"})),
    ),
    Case(
        "lg-g18",
        "custom v2, another client",
        state(graphs.foreign, "custom", **V2),
        Told(progress=({"llm_chunk": "Hel"}, {"llm_chunk": "lo"})),
        both=False,
    ),
    Case(
        "lg-g19",
        "values v2, an object",
        state(graphs.coerced, "values", **V2),
        told_state("values"),
    ),
    Case(
        "lg-g20",
        "messages v2, config by hand",
        modes(
            lambda wrap: graphs.handing_on(wrap(graphs.fake("It is sunny."))),
            "messages",
            **V2,
        ),
        ANSWER,
        both=False,
    ),
]
MODELS = [
    Case("lc-m1", "model chunks", model("It is sunny."), ANSWER),
    Case(
        "lc-m2",
        "model chunks, thoughts and calls",
        lambda wrap: Run(wrap(graphs.thinker("weather")), "Hi"),
        Told(reasoning="Let me", calls=(CALL,), finish=("tool_calls",)),
    ),
    Case("lc-m3", "model chunks added up", model("It is sunny."), ANSWER),
    Case(
        "lc-m4",
        "astream_events v2",
        lambda wrap: Events(wrap(graphs.fake("It is sunny.")), "Hi"),
        ANSWER,
        both=False,
    ),
    Case(
        "lc-m4b",
        "astream_events v2 of an agent",
        lambda wrap: Events(graphs.agent(wrap), ASK),
        TOOL,
        both=False,
    ),
    Case(
        "lc-m5",
        "model chunks, two calls",
        two_calls,
        Told(
            calls=(CALL, 'weather {"city": "Rome"}'), finish=("tool_calls",), output=12
        ),
    ),
    Case(
        "lc-m6",
        "model chunks, calls added up",
        two_calls,
        Told(
            calls=(CALL, 'weather {"city": "Rome"}'), finish=("tool_calls",), output=12
        ),
    ),
]
EVERYTHING = (
    CustomTransformer,
    UpdatesTransformer,
    TasksTransformer,
    DebugTransformer,
    CheckpointsTransformer,
)
COOKBOOK = [
    Case(
        "cb-1",
        "v3, all transformers",
        v3(chatty, *EVERYTHING),
        replace(CHATTY, states=frozenset({"tasks"})),
        both=False,
    ),
    Case("cb-2", "v3, thinking", v3(thinking), THOUGHT, both=False),
    Case(
        "cb-3",
        "model chunks, a list of blocks",
        lambda wrap: Run(wrap(graphs.thinker()), "Hi"),
        Told(answer="It is sunny.", reasoning="Let me", finish=("stop",)),
        both=False,
    ),
    Case("cb-4", "v3, until the pause", v3(waiting()), ASKED, both=False),
    Case("cb-5", "v3: subgraphs", v3(graphs.supervisor), SUPERVISED, both=False),
    Case("cb-6", "v3: subagents", v3(graphs.supervisor), SUPERVISED, both=False),
    Case(
        "cb-8",
        "v3: three readers at a time",
        v3(graphs.two),
        replace(JOKE_POEM, states=frozenset({"values"})),
        both=False,
    ),
    Case(
        "cb-9",
        "v3, a transformer",
        v3(graphs.agent, graphs.Activity),
        replace(TOOL, progress=ACTIVITY),
        both=False,
    ),
]
CASES = [*STREAMING, *EVENT_STREAMING, *GRAPHS, *MODELS, *COOKBOOK]
