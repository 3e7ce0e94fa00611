"""The page: what a person sees, whatever happens to the answer."""

import json
import re

import pytest
from langchain_core.messages import AIMessageChunk, ToolMessage
from playwright.sync_api import expect

from course_utils.serving import Event
from course_utils.serving.sse import encode
from tests.browser.payloads import PAYLOADS
from tests.chat.page.conftest import PREFIX

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_an_answer_grows_and_says_where_it_stands(person, prefix):
    person.open(prefix)
    person.ask("What is *streaming*?")
    person.sees("waiting")
    expect(person.page.locator("#asked")).to_have_text("What is *streaming*?")
    person.model.say("One **tw")
    person.sees("streaming")
    person.reads("One tw")
    person.model.say("o** three")
    person.reads("One two three")
    expect(person.answer.locator("strong")).to_have_text("two")
    person.model.finish()
    person.sees("done")
    assert person.model.asked == ["What is *streaming*?"]
    expect(person.field).to_be_focused()


def test_a_second_question_takes_the_place_of_the_first(person):
    for text in ("One.", "Two."):
        person.ask()
        person.sees("waiting")
        person.model.say(text)
        person.model.finish()
        person.sees("done")
        person.reads(text)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("length", "cut: length"),
        ("gone", "error: The answer ended with a word that nobody here knows: gone."),
        ("cancelled", "stopped"),
    ],
)
def test_the_end_is_told_in_honest_words(person, reason, words):
    person.ask()
    person.model.say("One")
    person.model.finish(reason)
    person.sees(words)
    person.reads("One")


def test_an_answer_without_an_end_is_cut(person):
    person.ask()
    person.model.say("One", None)
    person.sees(re.compile("^cut: .*finish reason"))
    person.reads("One")


@pytest.mark.parametrize(
    ("how", "when"), [("button", "after"), ("Escape", "after"), ("Escape", "before")]
)
def test_stop_stops_the_model_and_keeps_the_text(person, how, when):
    person.ask()
    person.sees("waiting")
    if when == "after":
        person.model.say("One")
        person.reads("One")
    expect(person.button("Stop")).to_be_enabled()
    if how == "button":
        person.button("Stop").click()
    else:
        person.page.keyboard.press("Escape")
    person.sees("stopped")
    assert person.model.closed.wait(20)
    person.reads("One" if when == "after" else "")
    expect(person.field).to_be_focused()
    expect(person.button("Stop")).to_be_disabled()


def test_stop_needs_no_server_to_answer(person):
    person.ask()
    person.model.say("One")
    person.reads("One")
    person.page.route("**/chat/*", lambda route: route.abort())
    person.page.keyboard.press("Escape")
    person.sees("stopping")
    person.model.say(" two")  # what was under way
    person.reads("One two")
    person.sees("stopped here: the server has not said so")


def test_a_reload_reads_the_whole_answer_and_goes_on(person):
    person.ask("Hi")
    person.model.say("One ", "two ")
    person.reads("One two")
    person.page.reload()
    person.reads("One two")
    expect(person.page.locator("#asked")).to_have_text("Hi")
    person.model.say("three")
    person.reads("One two three")
    person.model.finish()
    person.sees("done")
    assert len(person.model.asked) == 1


def test_a_reload_after_the_end_begins_anew(person):
    person.ask()
    person.model.say("One")
    person.model.finish()
    person.sees("done")
    person.page.reload()
    person.sees("waiting for a question")


def test_another_tab_is_another_conversation(person):
    person.ask()
    person.model.say("One")
    person.reads("One")
    other = person.page.context.new_page()
    other.goto(person.address)
    expect(other.get_by_role("status")).to_have_text("waiting for a question")


def test_an_answer_that_is_gone_is_said_to_be_gone(person):
    person.page.evaluate("sessionStorage.answer = '0123-4567'")
    person.page.reload()
    person.sees("cut: the rest is gone")
    expect(person.button("Send")).to_be_enabled()


def break_off(person, tries=0):
    """The connection breaks after one event; so many times it is not there again."""
    events = [Event("text", json.dumps({"text": "One ", "message": "1"}))]
    left = [tries]

    def broken(route):
        found = person.model.begin(person.chat)
        person.model.say("One ", "two")
        body = "".join(encode(Event(e.event, e.data, f"{found}.1")) for e in events)
        headers = {"Location": f"chat/{found}", "Content-Type": "text/event-stream"}
        route.fulfill(status=200, headers=headers, body=body)

    def away(route):
        left[0] -= 1
        route.abort() if left[0] >= 0 else route.continue_()

    person.ask("first")  # starts the model's loop
    person.model.say("x")
    person.model.finish()
    person.sees("done")
    person.page.route("**/chat", broken)
    person.page.route("**/chat/*", away)


@pytest.mark.parametrize("tries", [0, 2])
def test_a_broken_connection_is_made_again_and_nothing_comes_twice(person, tries):
    break_off(person, tries)
    person.ask()
    person.reads("One two")
    person.model.finish()
    person.sees("done")


def test_patience_has_an_end_and_the_text_is_kept(person):
    break_off(person, tries=100)
    person.page.clock.install()
    person.ask()
    person.sees("connecting again")
    for _ in range(12):
        person.page.clock.run_for(6000)
        person.page.wait_for_timeout(20)
    person.sees("cut: the connection broke")
    person.reads("One")


def test_a_server_that_is_not_there_has_been_asked_nothing(person):
    person.page.route("**/chat", lambda route: route.abort())
    person.ask()
    person.sees("no connection: nothing was asked, try again")


@pytest.mark.parametrize("status", [413, 429, 502, 503])
def test_a_refusal_is_told_in_the_servers_words(person, status):
    body = json.dumps({"title": "No", "status": status, "detail": "Ask again."})
    person.page.route("**/chat", lambda route: route.fulfill(status=status, body=body))
    person.ask()
    person.sees("refused: Ask again.")
    expect(person.button("Send")).to_be_enabled()


def test_thoughts_tools_and_their_results_are_shown_as_text(person):
    person.ask()
    thought = [{"type": "reasoning", "reasoning": "Hm."}]
    person.model.say(AIMessageChunk(content=thought, id="1"))
    person.sees("thinking")
    call = {"name": "weather", "args": '{"city": "<b>Rome"}', "id": "c", "index": 0}
    person.model.say(AIMessageChunk("", id="1", tool_call_chunks=[call]))
    result = "<img src=x onerror=window.pwned=1>"
    person.model.say(ToolMessage(result, name="weather", tool_call_id="c"))
    steps = person.page.get_by_role("listitem")
    expect(steps).to_have_text(['weather: {"city": "<b>Rome"}', f"weather → {result}"])
    assert person.page.evaluate("window.pwned") is None


def test_nothing_a_model_writes_runs_or_fetches(person):
    asked = []
    person.page.on("request", lambda request: asked.append(request.url))
    person.ask()
    person.sees("waiting")
    before = len(asked)
    for payload in PAYLOADS:
        half = len(payload) // 2
        person.model.say(payload[:half], payload[half:], "\n\n")
    person.model.say("the end")
    person.model.finish()
    person.sees("done")
    assert person.page.evaluate("window.pwned") is None
    assert asked[before:] == []
    bad = "script, img, iframe, object, embed, style, svg, form, input, [onerror]"
    assert person.answer.locator(bad).count() == 0
    assert person.page.evaluate("document.querySelectorAll('script').length") == 1


def test_a_hidden_tab_reads_on_though_it_gets_no_frames(person):
    person.page.evaluate(
        "() => { Object.defineProperty(document, 'hidden', {value: true});"
        " window.requestAnimationFrame = () => 1; }"
    )
    person.ask()
    person.model.say("One ", "two")
    person.reads("One two")


def test_the_keyboard_alone_is_enough(person):
    keyboard = person.page.keyboard
    expect(person.field).to_be_focused()
    keyboard.type("line one")
    keyboard.press("Shift+Enter")
    keyboard.type("line two")
    keyboard.press("Tab")
    expect(person.button("Send")).to_be_focused()
    keyboard.press("Space")
    person.model.say("One")
    person.reads("One")
    assert person.model.asked == ["line one\nline two"]
    keyboard.press("Tab")
    keyboard.press("Escape")
    person.sees("stopped")
    expect(person.field).to_be_focused()
    keyboard.press("Shift+Tab")
    expect(person.page.get_by_label("Answer", exact=True)).to_be_focused()


def test_an_empty_question_is_not_asked(person):
    person.ask("  ")
    person.sees("waiting for a question")
    assert person.model.asked == []


CONTRAST = """(selector) => {
  const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const box = document.querySelector(selector);
  const [text, back] = [box.querySelector("code"), box].map(getComputedStyle);
  const [one, other] = [light(text.color), light(back.backgroundColor)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_can_be_read_by_day_and_by_night(person, scheme):
    person.page.emulate_media(color_scheme=scheme)
    person.ask()
    person.model.say("```python\nx = 1\n```\n")
    person.model.finish()
    person.sees("done")
    assert person.page.evaluate(CONTRAST, "#answer .highlight") >= 7
