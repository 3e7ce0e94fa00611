"""Every documented form × every way to leave it: the run goes on, by OpenAI's rules."""

import gc

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langgraph.checkpoint.memory import InMemorySaver

from course_utils.fake import FakeStreamingChatModel
from course_utils.fake.history import fault_in
from course_utils.own_stream import Turn
from tests.forms import graphs
from tests.forms.cases import CASES
from tests.forms.graphs import THREAD
from tests.forms.leaving import ASYNC, LEAVE, SYNC, Until
from tests.forms.runs import V3, Events, Run

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning",
    # LangChain's own callbacks, when a task is cancelled between two of them.
    "ignore:coroutine 'ahandle_event' was never awaited:RuntimeWarning",
)
NEXT = HumanMessage("And now?", id="next")
WAYS = [
    pytest.param(case, way, id=f"{case.id}-{way}")
    for case in CASES
    for way in (LEAVE if case.both else ASYNC)
]
AT = {"early": ("text", "tool_call"), "late": ("tool_result", "finish", "interrupt")}


def with_a_thread(run: Run) -> bool:
    """Give a graph a checkpointer; whether it keeps messages in it."""
    channels = getattr(run.runnable, "channels", ())
    if "messages" not in channels:
        return False
    run.runnable.checkpointer = run.runnable.checkpointer or InMemorySaver()
    run.config = THREAD
    return True


@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize(("case", "way"), WAYS)
async def test_a_form_that_was_left_can_be_gone_on_with(case, way, at):
    run, turn = case.run(), Turn()
    keeps = with_a_thread(run)
    await LEAVE[way](run, turn, Until(*AT[at]))
    history = [HumanMessage("Hi"), *turn.messages, NEXT]
    assert fault_in(history) is None
    assert FakeStreamingChatModel("Fine.", strict=True).invoke(history).text == "Fine."
    texts = [m.text for m in turn.messages if m.type == "ai" and m.text]
    assert all(any(t in whole for whole in said(case)) for t in texts)
    if keeps:
        kept = turn.keep(run.runnable, THREAD)
        assert fault_in(kept) is None
        assert len({m.id for m in kept}) == len(kept)
        assert run.runnable.get_state(THREAD).values["messages"] == kept
        # The models of the cases are strict: they take this, or raise.
        after = await run.runnable.ainvoke({"messages": [NEXT]}, THREAD)
        assert after["messages"][: len(kept) + 1] == [*kept, NEXT]


def said(case):
    """The texts that a message of this case may have, whole or in part."""
    return [*case.told.answer.split("\n\n"), case.told.aside]


# How much of an answer is sent after its reader left

WORDS = 40
LONG = " ".join(["word"] * WORDS)
STEP = 0.1  # of the course's clock, twenty times as fast in tests
AGENT = {"messages": [HumanMessage("Hi")]}


def chain(model):
    return model | StrOutputParser()


def messages(**options):
    return lambda model: Run(
        graphs.create_agent(model, []),
        AGENT,
        None,
        {"stream_mode": "messages"} | options,
    )


STREAMS = {
    "model": lambda model: Run(model, "Hi"),
    "chain": lambda model: Run(chain(model), "Hi"),
    "agent, messages v1": messages(),
    "agent, messages v2": messages(version="v2"),
    "agent, a list, subgraphs": messages(
        stream_mode=["messages", "updates"], subgraphs=True
    ),
    "graph": lambda model: Run(
        graphs.calling(model), AGENT, None, {"stream_mode": "messages"}
    ),
    "agent, v3": lambda model: V3(graphs.create_agent(model, []), AGENT),
    "model, events v2": lambda model: Events(model, "Hi"),
    "agent, events v2": lambda model: Events(graphs.create_agent(model, []), AGENT),
}
# Closing a graph in a thread waits for its model, which goes on to its end.
RUNS_ON = {
    (form, way)
    for form in STREAMS
    for way in ("break, sync", "close, sync")
    if form != "model"
}


def ways_of(form):
    return ASYNC if "events v2" in form else LEAVE


@pytest.mark.parametrize(
    ("form", "way"), [(form, way) for form in STREAMS for way in ways_of(form)]
)
async def test_how_much_is_sent_after_its_reader_left(form, way):
    model = FakeStreamingChatModel(LONG, per_token=STEP, strict=True)
    await LEAVE[way](STREAMS[form](model), Turn(), Until("text"))
    [call] = model.log
    if (form, way) in RUNS_ON:
        gc.collect()  # a v3 run goes on when it is let go
        assert call.tokens_sent == WORDS
    else:
        assert call.tokens_sent < WORDS / 2, call


def test_each_way_to_leave_is_in_the_table():
    assert set(SYNC) | set(ASYNC) == set(LEAVE)
