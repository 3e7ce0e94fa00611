"""The kernel's side of a live view, with no page to answer."""

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances as widgets
from langchain_core.output_parsers import StrOutputParser

from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.live import show
from course_utils.live.display import LiveDisplay
from course_utils.live.lane import Lane
from course_utils.live.page import widget
from course_utils.live.page.feeder import page_code
from course_utils.live.page.widget import Page
from course_utils.live.stop import StopSwitch
from tests.support.shell import captured_outputs

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """All display messages of a live view, as (data, whether it is an update)."""
    monkeypatch.setenv("COURSE_LIVE", "live")
    with captured_outputs() as captured:
        yield lambda: [(o.data, o.update) for o in captured.outputs]
    widget.feeder.cache_clear()  # the next page has not answered yet


def test_the_view_is_replaced_by_html_and_text_with_figures_in_the_html(outputs):
    show(iter(["one ", "two"]), title="t")
    (first, _), (last, update) = outputs()[0], outputs()[-1]
    assert WIDGET in first and first["text/plain"] == "t · waiting"
    assert update and set(last) == {"text/html", "text/plain"}
    assert last["text/plain"] == "t · done\n\none two"
    assert re.search(r"done · first token [\d.]+ s · total", last["text/html"])


def test_where_no_page_answers_the_text_is_shown_as_it_comes(outputs):
    clock, switch = VirtualClock(), StopSwitch()
    lane = Lane("", True, clock)
    with LiveDisplay([lane], switch, now=clock.now), lane.reading(switch):
        for _ in range(200):
            clock.advance(1)
            lane.write("word ")
    texts = [data["text/plain"] for data, update in outputs() if update]
    words = [text.count("word") for text in texts]
    assert words[:4] == [1, 2, 3, 5] and words[-1] == 200
    assert len(texts) < 20  # more and more seldom


def test_where_a_page_has_answered_no_text_is_sent_besides(outputs):
    clock, switch = VirtualClock(), StopSwitch()
    lane = Lane("", True, clock)
    widget.feeder().library._handle_custom_msg({}, [])  # as if a page had sent it
    with LiveDisplay([lane], switch, now=clock.now), lane.reading(switch):
        for _ in range(200):
            clock.advance(1)
            lane.write("word ")
    assert len(outputs()) == 2


def press_stop(outputs: Any, text: str) -> None:
    """Send what a page's Stop button sends, once the view holds this text."""

    def wait_and_press() -> None:
        end = time.monotonic() + 30
        while text not in str(view_in(outputs).get_state("snapshot")):
            assert time.monotonic() < end
            time.sleep(0.005)
        view_in(outputs)._handle_custom_msg({"ask": "stop"}, [])

    threading.Thread(target=wait_and_press).start()


def view_in(outputs: Any) -> Any:
    """The widget whose id stands in the output, which is how a page finds it."""
    while not outputs():
        time.sleep(0.005)
    [(data, _), *_] = outputs()
    return widgets[data[WIDGET]["model_id"]]


def test_stop_ends_a_silent_sync_stream_without_an_error(outputs):
    fake = FakeStreamingChatModel(replies=[Reply("a b c", stall_after=2)])
    press_stop(outputs, "a b")
    shown = show((fake | StrOutputParser()).stream("Hi"))
    assert shown == "a b" and shown.timing.stopped
    assert outputs()[-1][0]["text/plain"].startswith("stopped after 2 chunks")
    assert "closed" in str(fake.log[-1])


async def test_stop_ends_a_silent_async_stream_without_an_error(outputs):
    fake = FakeStreamingChatModel(replies=[Reply("a b c", stall_after=2)])
    press_stop(outputs, "a b")
    shown = await show(fake.astream("Hi"))
    assert shown == "a b" and shown.timing.stopped
    assert "closed" in str(fake.log[-1])


def test_a_page_that_asks_gets_the_whole_and_the_number_it_stands_for(outputs):
    show(iter(["one ", "two"]))
    page = Page.recent[-1]
    state = page.widget.get_state("snapshot")["snapshot"]
    [lane] = state["lanes"]
    assert lane["passages"] == [["text", "", "one two", False]]
    assert lane["state"] == "done" and state["number"] >= 1


def test_a_page_can_stop_but_not_write(outputs):
    show(iter(["one"]))
    page = Page.recent[-1]
    page.widget.set_state({"snapshot": {"number": 99}})
    assert page.widget.snapshot.get("number") != 99
    page._on_message(page.widget, {"ask": "stop"}, [])
    assert page.display.switch.pressed


def end_a_view(now: float) -> None:
    display = LiveDisplay([Lane("", True, VirtualClock())], StopSwitch())
    page = Page(display, lambda: now)
    page.show("x")
    page.close({"text/plain": "x"})


@pytest.fixture
def kept() -> Iterator[Any]:
    Page.recent.clear()
    yield Page.recent
    Page.recent.clear()


def test_only_a_few_widgets_are_kept(outputs, kept):
    for number in range(widget.KEPT + 5):
        end_a_view(number * 100.0)
    assert len(kept) == widget.KEPT


def test_a_widget_stays_while_a_page_may_still_build_it(outputs, kept):
    for _ in range(widget.KEPT + 5):
        end_a_view(1.0)
    assert len(kept) == widget.KEPT + 5
    for _ in range(widget.MOST_KEPT):
        end_a_view(2.0)
    assert len(kept) == widget.MOST_KEPT


def test_the_pages_code_is_one_module_that_loads_nothing():
    code = page_code()
    assert not re.search(r"\bimport\b\s*[({\"']", code)
    assert "innerHTML" not in code and "eval(" not in code
    names = re.findall(r"^(?:export )?(?:const|function|class) (\w+)", code, re.M)
    assert len(names) == len(set(names))
