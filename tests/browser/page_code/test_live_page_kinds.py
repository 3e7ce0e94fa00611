"""Each kind of passage: the live view, the saved page and its text say the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from course_utils.live.answer import answer_html, entry_text
from course_utils.live.transcript import Transcript
from course_utils.passages import Passage
from tests.browser.page import open_page

pytestmark = pytest.mark.slow

PROBE = """
globalThis.put = (html) => {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  if (html) root.innerHTML = html;
  return root;
};
globalThis.wordsIn = (root) => {
  for (const details of root.querySelectorAll("details")) details.open = true;
  return root.innerText.replace(/\\s+/g, "");
};
globalThis.live = (batches) => {
  const lane = { title: "", markdown: true, passages: [], chunks: 1, state: "" };
  const view = new LaneView(lane, put());
  for (const batch of batches) {
    for (const change of batch) apply(lane.passages, change);
    view.paint(true);
  }
  lane.state = "done";
  view.paint(true);
  const shown = wordsIn(view.body);
  const saved = put();
  for (const passage of lane.passages) passageNode(passage, true, saved);
  return { live: shown, saved: wordsIn(saved), texts: lane.passages.map(passageText) };
};
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser, PROBE) as page:
        yield page


def text(words: str, message: str = "m", source: str = "", **more: Any) -> Passage:
    return Passage("text", words, message, source, **more)


def call(args: str, name: str = "", key: str = "1", **more: Any) -> Passage:
    return Passage("tool_call", args, "m", name=name, call=key, **more)


LONG = "\n".join(f"line {number} <b>" for number in range(9))
ASKED = {
    "action_requests": [{"name": "pay", "args": {"amount": 5}}] * 2,
    "review_configs": [{"action_name": "pay", "allowed_decisions": ["approve"]}],
}
RESULT = Passage("tool_result", LONG, name="count", call="1", whole=True)

SCENES: dict[str, list[Passage]] = {
    "text": [text("One **two**"), text(" three.")],
    "two voices": [text("al", "1", "a"), text("one", "2", "b"), text("pha", "1", "a")],
    "an aside": [text("One"), text("psst *x*", "2", "tools/helper", aside=True)],
    "restart": [
        text("Wrong"),
        call("{}", "pay"),
        Passage("restart", "", "m"),
        text("R"),
    ],
    "thinking": [Passage("reasoning", "Hm, " * 40, "m"), text("Hi.")],
    "tool": [call('{"a"', "count"), call(": 1}"), RESULT, text("Done.", "2")],
    "a tool without arguments": [call("", "now")],
    "parallel tools": [call("1", "a", "1"), call("2", "b", "2"), call("1", key="1")],
    "an invalid call": [call('{"a', "pay", whole=True, invalid=True)],
    "long letters": [call("ö🌊" * 400, "write")],
    "progress": [Passage("progress", f"{n} %", name="x", value=n) for n in (1, 50, 9)],
    "state": [Passage("state", source="a", value={"a": {"b": n}}) for n in (1, 2)],
    "an object": [Passage("data", value=v) for v in ({}, {"a": "o"}, {"a": "one"})],
    "a question": [text("Let me pay."), Passage("interrupt", value=ASKED)],
    "turned around": [call("a\u202eb", "c\u202ed"), text("e\u202ef")],
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
@pytest.mark.parametrize("at_once", [False, True])
def test_a_kind_is_told_alike_live_and_saved(page: Page, scene, at_once):
    times = iter(range(1000))
    transcript = Transcript(lambda: float(next(times)))
    batches = [transcript.add(passage) for passage in scene] + [transcript.finish()]
    if at_once:  # as a page that was loaded late gets them
        batches = [[change for batch in batches for change in batch]]
    told = page.evaluate("b => live(b)", batches)
    html = answer_html("", "", transcript.entries, markdown=True, figures=True)
    assert told["live"] == told["saved"] == page.evaluate("h => wordsIn(put(h))", html)
    timeless = [entry_text(entry) for entry in transcript.entries]
    if "thinking" not in told["live"]:
        assert told["texts"] == timeless
