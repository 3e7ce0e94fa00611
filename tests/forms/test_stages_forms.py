"""Every documented form: a stage around its model, a reader around its stream."""

import pytest

from course_utils.cache import cached
from course_utils.callbacks import PartialRecorder
from course_utils.own_stream import own_stream
from course_utils.passages import passages
from course_utils.reliability import reliable
from course_utils.timing import measure
from tests.forms.cases import CASES
from tests.forms.told import told

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
SYNC = [case for case in CASES if case.both]
each_sync = pytest.mark.parametrize("case", SYNC, ids=lambda case: case.id)


@each
@pytest.mark.parametrize("stage", [reliable, cached])
async def test_a_stage_around_the_model_changes_nothing(case, stage):
    stream = await case.run(stage).astream()
    assert told([passage async for passage in passages(stream)]) == case.told


@each
async def test_an_owned_stream_is_told_alike(case):
    async with own_stream(await case.run().astream()) as stream:
        assert told([passage async for passage in passages(stream)]) == case.told


@each_sync
def test_the_items_alone_tell_the_form(case):
    items = (item for item in case.run().stream())
    assert told(passages(items)) == case.told


@each_sync
def test_measure_has_the_text_and_the_usage(case):
    timing = measure(case.run().stream())
    assert sorted(timing.text.split("\n\n")) == case.told.answer.split("\n\n")
    assert (timing.usage or {"output_tokens": 0})["output_tokens"] == case.told.output
    assert timing.paused == bool(case.told.asked)
    assert timing.ending.startswith("done") or not case.told.finish or timing.paused


@each_sync
def test_the_recorder_keeps_every_model_call(case):
    recorder, run = PartialRecorder(), case.run()
    run.config = {**(run.config or {}), "callbacks": [recorder]}
    for _ in run.stream():
        pass
    runs = recorder.runs.values()
    assert all(one.outcome == "finished" for one in runs)
    heard = {one.text for one in runs}
    wanted = {*case.told.answer.split("\n\n"), case.told.aside} - {""}
    assert wanted <= heard
    assert "".join(one.reasoning for one in runs) == case.told.reasoning
