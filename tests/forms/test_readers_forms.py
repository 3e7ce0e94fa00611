"""Every documented form of a stream × every reader that shows or serves it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from course_utils.live import race, show
from course_utils.serving import read_sse, sse_response
from tests.forms.cases import CASES, Case
from tests.forms.told import Told
from tests.support.shell import captured_outputs

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning",
)
WAYS = [
    pytest.param(case, way, id=f"{case.id}-{way}")
    for case in CASES
    for way in case.ways
]
each_form = pytest.mark.parametrize(("case", "way"), WAYS)


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """What a notebook keeps: the last bundle displayed."""
    monkeypatch.setenv("COURSE_LIVE", "static")
    with captured_outputs() as captured:
        yield lambda: captured.outputs[-1].data


async def opened(case: Case, way: str) -> Any:
    return case.run().stream() if way == "sync" else await case.run().astream()


def state_of(told: Told) -> str:
    """How the stream ends, in words: never a bare *done* that told nothing."""
    if told.asked:
        return "paused"
    read = told.answer or told.aside or told.calls or told.results
    if read or told.progress or told.data:
        return "done"
    return "done: only state, no text" if told.states else "done: no text"


def in_order(text: str) -> list[str]:
    return sorted(text.split("\n\n")) if text else []


@each_form
async def test_show_tells_it(case: Case, way: str, saved):
    told = case.told
    shown = show(await opened(case, way), title="t")
    shown = shown if way == "sync" else await shown
    plain, html = saved()["text/plain"], saved()["text/html"]
    assert in_order(shown) == in_order(told.answer)
    state = plain.split("\n")[0].removeprefix("t · ")
    assert state.split(" · ")[0] == state_of(told), state
    if not told.results and not told.asked and told.calls:
        assert "no result of" in state
    for words in [*told.answer.split("\n\n"), told.aside, *told.calls]:
        assert words in plain
    for name, _, text in (result.partition(": ") for result in told.results):
        assert f"← {name} {text}" in plain or f": {name} {text}" in plain
    assert ("thinking" in plain and "thinking" in html) is bool(told.reasoning)
    assert plain.count("? a person is asked") >= bool(told.asked)
    assert "Message(" not in plain + html and "thread" not in plain + html


# So short a silence comes before nearly every item, and none may be read as one.
SHORTEST = 1e-6


@each_form
@pytest.mark.parametrize("heartbeat", [15.0, SHORTEST], ids=["", "silences"])
async def test_a_browser_is_told_it(case: Case, way: str, heartbeat: float):
    told = case.told
    response = sse_response(await opened(case, way), heartbeat=heartbeat)
    body = "".join([part async for part in response.body_iterator])
    events = [(e.event, strictly(e.data)) for e in read_sse(body.split("\n"))]
    *before, (last, end) = events
    named: dict[str, list[Any]] = {}
    for name, fields in before:
        named.setdefault(name, []).append(fields)
    assert in_order(joined(named.get("text", []))) == in_order(told.answer)
    assert last == ("paused" if told.asked else "done")
    assert (
        len(named.get("interrupt", [])) == told.asked == len(end.get("questions", []))
    )
    assert arguments(named.get("tool_call", [])) == sorted(told.calls)
    results = [f"{r['name']}: {r['text']}" for r in named.get("tool_result", [])]
    assert sorted(results) == sorted(told.results)
    assert joined(named.get("reasoning", [])) == told.reasoning
    counted = (end["usage"] or {}).get("output_tokens", 0)
    # A stream of progress tells no usage; the models under it were heard all the same.
    unheard = told.output == 0 and told.progress and not told.answer
    assert counted == told.output or unheard
    if not told.answer and not told.calls and not told.progress and not told.data:
        assert told.asked or "note" in end
    assert_private(body)


def assert_private(body: str) -> None:
    for word in ("Message(", "content=", "object at 0x", "thread_id", "configurable"):
        assert word not in body, body


def strictly(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def joined(told: list[Any]) -> str:
    texts: dict[str, str] = {}
    for fields in told:
        key = fields.get("message", "")
        texts[key] = texts.get(key, "") + fields["text"]
    return "\n\n".join(texts.values())


def arguments(told: list[Any]) -> list[str]:
    calls: dict[str, list[str]] = {}
    for fields in told:
        call = calls.setdefault(fields["id"], ["", ""])
        call[0] += fields["name"] or ""
        call[1] += fields["args"]
    return sorted(f"{name} {args}" for name, args in calls.values())


@each_form
async def test_a_race_tells_it_in_its_lanes(case: Case, way: str, saved):
    raced = race(one=await opened(case, way), two=await opened(case, way))
    raced = raced if way == "sync" else await raced
    for text in raced.values():
        assert in_order(text) == in_order(case.told.answer)
    plain = saved()["text/plain"]
    state = state_of(case.told)
    assert f"one · {state}" in plain and f"two · {state}" in plain
