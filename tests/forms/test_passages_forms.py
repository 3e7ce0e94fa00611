"""Every documented form of a stream, read by `passages`: none silent, none refused."""

import pytest

from course_utils.passages import passages
from tests.forms.cases import CASES
from tests.forms.told import told

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)
WAYS = [
    pytest.param(case, way, id=f"{case.id}-{way}")
    for case in CASES
    for way in case.ways
]


@pytest.mark.parametrize(("case", "way"), WAYS)
async def test_a_documented_form_is_told_as_it_is(case, way):
    run = case.run()
    if way == "sync":
        found = list(passages(run.stream()))
    else:
        found = [passage async for passage in passages(await run.astream())]
    assert told(found) == case.told


def test_the_coroutine_of_v3_is_refused_with_its_cure():
    run = next(case for case in CASES if case.id == "lc-e1").run()
    coroutine = run.runnable.astream_events(run.question, version="v3")
    with pytest.raises(TypeError, match=r'astream_events\(version="v3"\) needs one'):
        passages(coroutine)
