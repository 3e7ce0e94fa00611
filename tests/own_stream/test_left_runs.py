"""Whoever leaves a v3 run has ended it: its graph waits for no garbage collector."""

import gc
import inspect

import pytest
from langchain.agents import create_agent

from course_utils import Turn, own_stream, passages
from course_utils.fake import FakeStreamingChatModel
from course_utils.own_stream.in_task import TaskStream
from course_utils.timing.recording import TimingRecorder

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)
QUESTION = {"messages": "Hi"}


@pytest.fixture(autouse=True)
def without_collector():
    gc.disable()
    yield
    gc.enable()


def agent():
    return create_agent(FakeStreamingChatModel(replies="One two three four five."), [])


def three_of(items):
    for _, item in zip(range(3), items, strict=False):
        assert item


async def athree_of(items):
    for _ in range(3):
        assert await anext(items)


def read_owned(run):
    with own_stream(run) as items:
        three_of(items)


def read_by(reader):
    def read(run):
        items = reader(run)
        three_of(items)
        items.close()

    return read


SYNC = {
    "own_stream": read_owned,
    "passages": read_by(passages),
    "Turn.watch": read_by(lambda run: Turn().watch(run)),
    "watch": read_by(lambda run: TimingRecorder().watch(run)),
}


@pytest.mark.parametrize("reader", SYNC)
def test_leaving_a_sync_run_closes_its_graph(reader):
    run = agent().stream_events(QUESTION, version="v3")
    graph = run._graph_iter
    SYNC[reader](run)
    assert inspect.getgeneratorstate(graph) == inspect.GEN_CLOSED


async def aread_owned(run):
    async with own_stream(run) as items:
        await athree_of(items)


def aread_by(reader):
    async def read(run):
        items = reader(run)
        await athree_of(items)
        await items.aclose()

    return read


async def read_in_task(run):
    async with TaskStream(run) as items:
        await athree_of(aiter(items))


ASYNC = {
    "race, show": read_in_task,
    "own_stream": aread_owned,
    "passages": aread_by(passages),
    "Turn.watch": aread_by(lambda run: Turn().watch(run)),
    "watch": aread_by(lambda run: TimingRecorder().watch(run)),
}


@pytest.mark.parametrize("reader", ASYNC)
async def test_leaving_an_async_run_closes_its_graph(reader):
    run = await agent().astream_events(QUESTION, version="v3")
    graph = run._graph_aiter
    await ASYNC[reader](run)
    assert graph.ag_frame is None
