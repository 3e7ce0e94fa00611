"""The kernel's side of a live view, with no page to answer."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from course_utils.live import show
from course_utils.live.page import widget
from course_utils.live.page.feeder import page_code
from course_utils.live.page.widget import Page
from tests.support.shell import captured_outputs

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """All display messages of a live view, as (data, whether it is an update)."""
    monkeypatch.setenv("COURSE_LIVE", "live")
    with captured_outputs() as captured:
        yield lambda: [(o.data, o.update) for o in captured.outputs]


def test_the_view_is_replaced_by_html_and_text_with_figures_in_the_html(outputs):
    show(iter(["one ", "two"]), title="t")
    (first, _), (last, update) = outputs()[0], outputs()[-1]
    assert WIDGET in first and first["text/plain"] == "t · waiting"
    assert update and set(last) == {"text/html", "text/plain"}
    assert last["text/plain"] == "t · done\n\none two"
    assert re.search(r"done · first token [\d.]+ s · total", last["text/html"])


def test_where_no_page_answers_the_text_is_shown_as_it_comes(outputs, monkeypatch):
    time = iter(range(1000))
    monkeypatch.setattr(widget.time, "monotonic", lambda: float(next(time)))
    show(iter(["word "] * 200))
    texts = [data["text/plain"] for data, update in outputs() if update]
    assert any(text.startswith("streaming\n\nword") for text in texts[:-1])
    assert len(texts) < 20  # more and more seldom


def test_where_a_page_has_answered_no_text_is_sent_besides(outputs, monkeypatch):
    monkeypatch.setattr(widget.feeder(), "answered", True)
    show(iter(["word "] * 200))
    assert len(outputs()) == 2


def test_a_page_that_asks_gets_the_whole_and_the_number_it_stands_for(outputs):
    show(iter(["one ", "two"]))
    page = Page.kept[-1]
    state = page.widget.get_state("snapshot")["snapshot"]
    [lane] = state["lanes"]
    assert lane["passages"] == [["text", "", "one two", False]]
    assert lane["state"] == "done" and state["number"] >= 1


def test_a_page_can_stop_but_not_write(outputs):
    show(iter(["one"]))
    page = Page.kept[-1]
    page.widget.set_state({"snapshot": {"number": 99}})
    assert page.widget.snapshot.get("number") != 99
    page._on_message(page.widget, {"ask": "stop"}, [])
    assert page.display.switch.pressed


def test_only_a_few_widgets_are_kept(outputs):
    for _ in range(widget.KEPT + 5):
        show(iter(["x"]))
    assert len(Page.kept) == widget.KEPT


def test_the_pages_code_is_one_module_that_loads_nothing():
    code = page_code()
    assert not re.search(r"\bimport\b\s*[({\"']", code)
    assert "innerHTML" not in code and "eval(" not in code
    names = re.findall(r"^(?:export )?(?:const|function|class) (\w+)", code, re.M)
    assert len(names) == len(set(names))
