"""show() and race() in a real JupyterLab, as a reader meets them."""

import re
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import OpenNotebook

TEXT = "A stream is a **promise**. It says: more will come. You wait. " * 4
PLAIN = TEXT.replace("**", "").strip()
SAMPLE = """# A title

Some **bold** text, *emphasis*, `code` and a [link](https://example.org/x).

1. First
2. Second
   - nested

> A quote.

```python
def greet(name: str) -> str:
    return f"Hello {name}"  # a comment
```

| model | seconds |
|---|--:|
| small | 0.5 |

It costs $5 and $10.
"""
SECONDS = 1000

pytestmark = pytest.mark.slow
expect.set_options(timeout=20 * SECONDS)


def live(output: Locator) -> Locator:
    """The view while it is live; it is gone once the answer is whole."""
    return output.locator("section.course-live")


def label(output: Locator) -> Locator:
    return output.locator(".course-live-label").first


def stop(output: Locator) -> None:
    output.get_by_role("button", name=re.compile("^Stop")).click()


def test_text_grows_with_its_state_and_ends_as_plain_html(shared: OpenNotebook):
    output = shared.execute(
        f"""
        def slow():
            time.sleep(2)
            yield from drip({TEXT!r}, 0.05)
        show(slow(), title="tokens")
        """,
        wait=False,
    )
    expect(label(output)).to_contain_text("tokens · waiting")
    expect(label(output)).to_contain_text(re.compile(r"streaming · \d"))
    expect(output.locator("strong", has_text="promise").first).to_be_visible()
    expect(live(output)).to_have_count(0)
    expect(label(output)).to_have_text(
        re.compile(r"^tokens · done · first token [\d.]+ s · total [\d.]+ s$")
    )
    expect(output.locator("p")).to_have_text(PLAIN)


def test_the_swap_at_the_end_moves_nothing(shared: OpenNotebook):
    code = f"show(drip({SAMPLE!r}, 0.001, silence=2), title='t')"
    output = shared.execute(code, wait=False)
    expect(live(output)).to_contain_text("It costs $5 and $10.")
    before = output.evaluate(BOXES)
    expect(live(output)).to_have_count(0)
    assert output.evaluate(BOXES) == before


BOXES = """
output => {
  const top = output.getBoundingClientRect().top;
  const all = output.querySelectorAll("strong, p, h1, li, blockquote, pre, table, a");
  return [...all].map((node) => {
    const box = node.getBoundingClientRect();
    return [node.localName, Math.round(box.top - top), box.left, Math.round(box.width)];
  });
}
"""


def test_the_saved_notebook_holds_html_and_text_and_no_widget(shared: OpenNotebook):
    shared.execute(f"show(drip({TEXT!r}, 0), title='saved')")
    shared.page.wait_for_timeout(300)
    notebook = shared.save()
    [output] = notebook.cells[-1].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert output.data["text/plain"] == f"saved · done\n\n{TEXT}".strip()
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("kind", ["drip", "await adrip"])
def test_stop_ends_a_silent_stream_and_keeps_its_text(shared: OpenNotebook, kind: str):
    call, reader = kind.split()[-1], "await show" if "await" in kind else "show"
    code = f"x = {reader}({call}({TEXT!r}, 0.001, silence=60)); print(len(x))"
    output = shared.execute(code, wait=False)
    expect(live(output)).to_contain_text("You wait.")
    shared.page.wait_for_timeout(500)
    stop(output)
    expect(label(output)).to_contain_text("stopped after", timeout=5 * SECONDS)
    expect(output).to_contain_text(str(len(TEXT)))
    expect(output).not_to_contain_text("Traceback")


def test_stop_closes_the_models_stream_also_in_a_chain(shared: OpenNotebook):
    output = shared.execute(
        """
        from langchain_core.output_parsers import StrOutputParser
        model = FakeStreamingChatModel(replies=[Reply("one two three", stall_after=2)])
        show((model | StrOutputParser()).stream("Hi"))
        print(model.log[-1])
        """,
        wait=False,
    )
    expect(live(output)).to_contain_text("one two")
    stop(output)
    expect(output).to_contain_text("closed by reader", timeout=5 * SECONDS)


def test_stop_ends_an_agent_and_shows_its_tools(shared: OpenNotebook):
    output = shared.execute(
        """
        from langchain.agents import create_agent
        from course_utils import ToolCall

        def weather(city: str) -> str:
            "The weather in a city."
            return "14 degrees"

        call = Reply("Let me look.", tool_calls=[ToolCall("weather", {"city": "Bern"})])
        model = FakeStreamingChatModel(replies=[call, Reply("It is", stall_after=2)])
        agent = create_agent(model, [weather])
        question = {"messages": [("user", "Weather in Bern?")]}
        await show(agent.astream(question, stream_mode="messages"))
        """,
        wait=False,
    )
    expect(live(output)).to_contain_text("It is", timeout=20 * SECONDS)
    expect(live(output)).to_contain_text('→ weather {"city": "Bern"}')
    expect(live(output)).to_contain_text("← weather 14 degrees")
    stop(output)
    expect(label(output)).to_contain_text("stopped after", timeout=5 * SECONDS)
    expect(output).to_contain_text("← weather 14 degrees")


def test_stop_in_run_all_goes_on_with_the_next_cell(
    open_notebook: Callable[..., OpenNotebook],
):
    cells = "import time\ndef words():\n    yield 'one'\n    time.sleep(60)"
    notebook = open_notebook(cells)
    notebook.page.evaluate(
        """() => {
          const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel;
          cells.insertCell(2, {cell_type: "code", source: "show(words())"});
          cells.insertCell(3, {cell_type: "code", source: "print('went', 'on')"});
          window.jupyterapp.commands.execute("notebook:run-all-cells");
        }"""
    )
    expect(live(notebook.output(2))).to_contain_text("one", timeout=20 * SECONDS)
    stop(notebook.output(2))
    expect(notebook.output(3)).to_contain_text("went on", timeout=5 * SECONDS)


def test_an_interrupt_keeps_the_text(shared: OpenNotebook):
    code = f"show(drip({TEXT!r}, 0.001, silence=60))"
    output = shared.execute(code, wait=False)
    expect(live(output)).to_contain_text("You wait.")
    shared.page.wait_for_timeout(500)
    shared.command("notebook:interrupt-kernel")
    expect(label(output)).to_contain_text("stopped after")
    expect(output).to_contain_text("KeyboardInterrupt")
    expect(output).to_contain_text(PLAIN)
    shared.wait_for_kernel()


def test_an_error_keeps_the_text(shared: OpenNotebook):
    output = shared.execute("show(iter([*drip('Half a text.', 0), 1 / 0]))")
    expect(output).to_contain_text("ZeroDivisionError")
    output = shared.execute(
        "show(FakeStreamingChatModel(replies=[Reply('a b c', error_after=2)])"
        ".stream('Hi'), title='broken')"
    )
    expect(label(output)).to_have_text(re.compile("broken · error"))
    expect(output.locator("p").first).to_have_text("a b")


def test_the_kernel_is_the_one_these_tests_are_meant_for(shared: OpenNotebook):
    output = shared.execute("import ipykernel; print(ipykernel.__version__)")
    expect(output).to_have_text(version("ipykernel"))


# A stream that goes on only once the page is there again: the test says when.
HALVES = """
from pathlib import Path

def halves(seen="reloaded"):
    yield "before " * 20
    while not Path(seen).exists():
        time.sleep(0.05)
    yield "after"

async def ahalves(seen="reloaded"):
    yield "before " * 20
    while not Path(seen).exists():
        await asyncio.sleep(0.05)
    yield "after"
"""
WHOLE = "before " * 20 + "after"


@pytest.fixture
def reloaded(lab: tuple[str, Path]) -> Iterator[Path]:
    """The file that a waiting stream looks for."""
    flag = lab[1] / "reloaded"
    yield flag
    flag.unlink(missing_ok=True)


def test_a_reload_in_mid_stream_goes_on_live(
    open_notebook: Callable[..., OpenNotebook], reloaded: Path
):
    notebook = open_notebook()
    notebook.execute(HALVES)
    output = notebook.execute("await show(ahalves())", wait=False)
    expect(live(output)).to_contain_text("before before")
    notebook.save()
    notebook.reload()
    after = live(notebook.output(3))
    expect(after).to_contain_text("before before", timeout=60 * SECONDS)
    expect(after).to_contain_text("streaming")
    reloaded.touch()
    expect(after.locator("p")).to_have_text(WHOLE)
    expect(after).to_contain_text("done")


def test_after_a_reload_a_busy_cell_shows_the_whole_text_once_it_ends(
    open_notebook: Callable[..., OpenNotebook], reloaded: Path
):
    notebook = open_notebook()
    notebook.execute(HALVES)
    output = notebook.execute("show(halves())", wait=False)
    expect(live(output)).to_contain_text("before before")
    notebook.save()
    notebook.reload()
    reloaded.touch()
    after = live(notebook.output(3))
    expect(after.locator("p")).to_have_text(WHOLE, timeout=60 * SECONDS)
    expect(after).to_contain_text("done")


def test_a_second_view_shows_the_whole_text(shared: OpenNotebook):
    code = f"await show(adrip({TEXT!r}, 0.001, silence=3))"
    output = shared.execute(code, wait=False)
    expect(live(output)).to_contain_text("You wait.")
    shared.command("notebook:create-output-view")
    second = shared.page.locator(".jp-LinkedOutputView section.course-live")
    expect(second).to_contain_text("You wait.", timeout=10 * SECONDS)
    expect(live(output)).to_have_count(0)
    final = shared.page.locator(".jp-LinkedOutputView .course-live")
    expect(final).to_contain_text("done")
    shared.page.locator(".jp-LinkedOutputView").last.click()
    shared.command("application:close")


def test_a_lost_connection_comes_back_with_the_whole_text(
    open_notebook: Callable[..., OpenNotebook],
):
    notebook = open_notebook()
    text = "word " * 300
    output = notebook.execute(f"await show(adrip({text!r}, 0.02))", wait=False)
    expect(live(output)).to_contain_text("word word")
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext"
        ".session.kernel.reconnect()"
    )
    expect(output.locator("p")).to_have_text(text.strip(), timeout=30 * SECONDS)


def test_the_death_of_the_kernel_is_told_and_the_text_stays(
    open_notebook: Callable[..., OpenNotebook],
):
    notebook = open_notebook()
    code = f"""
        import os
        def dying():
            yield from drip({TEXT!r}, 0)
            time.sleep(1)
            os._exit(1)
        show(dying())
    """
    output = notebook.execute(code, wait=False)
    expect(live(output)).to_contain_text("You wait.")
    expect(output).to_contain_text("the kernel died", timeout=30 * SECONDS)
    expect(output).to_contain_text("A stream is a promise.")


def test_ten_streams_at_once_are_all_complete(shared: OpenNotebook):
    output = shared.execute(
        """
        def one(n):
            show(drip(f"stream {n} " * 40, 0.01), title=f"t{n}")
        threads = [threading.Thread(target=one, args=(n,)) for n in range(10)]
        for t in threads: t.start()
        for t in threads: t.join()
        """
    )
    expect(output.locator("section.course-live")).to_have_count(0)
    for number in range(10):
        text = (f"stream {number} " * 40).strip()
        expect(output.locator("p", has_text=f"stream {number}")).to_have_text(text)


def test_tokens_come_from_threads_and_tasks_after_the_cell_has_ended(
    shared: OpenNotebook,
):
    task = shared.execute("task = asyncio.create_task(show(adrip('task ' * 60)))")
    thread = shared.execute(
        "thread = threading.Thread(target=show, args=[drip('thread ' * 60)])\n"
        "thread.start()"
    )
    shared.execute("await asyncio.sleep(0.1)")
    for output, word in [(task, "task "), (thread, "thread ")]:
        expect(output.locator("p")).to_have_text((word * 60).strip())
        expect(label(output)).to_contain_text("done")


def test_a_hundred_thousand_tokens_arrive_whole(shared: OpenNotebook):
    output = shared.execute(
        """
        start = time.time()
        long = "\\n\\n".join("word " * 50 for _ in range(2000))
        x = show(iter([w + " " for w in long.split(" ")]))
        print(x.timing.chunks > 99_000, time.time() - start)
        """,
        wait=False,
    )
    expect(output).to_contain_text("True", timeout=60 * SECONDS)
    expect(live(output)).to_have_count(0, timeout=20 * SECONDS)
    assert output.locator("p").count() == 2000


def test_a_cell_that_runs_again_starts_anew(shared: OpenNotebook):
    output = shared.execute(f"show(drip({TEXT!r}, 0.01))")
    expect(label(output)).to_contain_text("done")
    shared.command("notebook:run-cell")
    expect(output.locator(".course-live")).to_have_count(1)
    expect(output.locator("p")).to_have_text(PLAIN)


def test_a_race_stands_side_by_side_and_ends_in_a_sentence(shared: OpenNotebook):
    output = shared.execute(
        "race(stream=drip('Word by word.', 0.1), "
        "full=lambda: (time.sleep(1), 'All at once.')[1])",
        wait=False,
    )
    lanes = live(output).locator(".course-live-lane")
    expect(lanes).to_have_count(2)
    tops = lanes.evaluate_all("all => all.map(n => n.getBoundingClientRect().top)")
    assert tops[0] == tops[1]
    expect(output).to_contain_text("First text: stream after")
    expect(output).to_contain_text("All at once.")


def test_a_restart_strikes_out_what_it_replaces(shared: OpenNotebook):
    output = shared.execute(
        """
        from langchain_core.messages import AIMessageChunk
        def restarted():
            yield "A wrong start."
            time.sleep(2)
            yield AIMessageChunk("", response_metadata={"restart": True})
            yield "The answer."
            time.sleep(4)
        print(show(restarted()))
        """,
        wait=False,
    )
    expect(live(output).locator("del")).to_have_text("A wrong start.")
    expect(live(output)).to_contain_text("The answer.")
    expect(live(output)).to_have_count(0)
    expect(output.locator("del")).to_have_text("A wrong start.")
