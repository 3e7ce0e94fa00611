"""The rules for notebooks are tested too: a good one passes, each bad one fails."""

import re
from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbval.plugin import get_sanitize_patterns

from tests.notebooks.house_style import RULES, faults
from tests.notebooks.notebook_code import gives_away, imported, print_loops
from tests.notebooks.outputs import KERNEL, LANGUAGE, ROOT, WIDGET_VIEW

Change = Callable[[NotebookNode], object]


def printed(words):
    return new_output("stream", name="stdout", text=words)


def text(name, source):
    return new_markdown_cell(source, id=name)


def code(name, source, *outputs, exercise=False):
    tags = {"tags": ["exercise"]} if exercise else {}
    return new_code_cell(source, id=name, outputs=list(outputs), metadata=tags)


def notebook_of(*cells):
    """A notebook of these cells, as if they had been run in this order."""
    meta = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    notebook = new_notebook(cells=list(cells), metadata=nbformat.from_dict(meta))
    ran = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(ran, start=1):
        cell.execution_count = count
    return notebook


def good():
    """A small notebook with nothing to say against it."""
    not_started = printed("Not started\n")
    return notebook_of(
        text("title", "# 1 · Hello"),
        text("why", "A stream, drawn: ![A line of dots.](images/dots.png)"),
        text("next", "Now you."),
        code("set-up", "import asyncio", printed("Offline.\n")),
        code("hello", "print('Hello')", printed("Hello\n")),
        code("again", "print('Again')", printed("Again\n")),
        code("one", "def one():\n    ...", exercise=True),
        code("one-check", "lesson.one.check(one)", not_started),
        code("two", "def two():\n    ...", exercise=True),
        code("two-check", "lesson.two.check(two)", not_started),
    )


def figure():
    data = {"image/png": "iVBOR", "text/plain": "<Figure size 640x480 with 1 Axes>"}
    return new_output("display_data", data)


def picture(attributes):
    html = f'<img {attributes} src="data:image/png;base64,iVBOR"><p>words</p>'
    return new_output("display_data", {"text/html": html})


def widget_view():
    return new_output("display_data", {WIDGET_VIEW: {}, "text/html": "<p>words</p>"})


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def reads(source) -> Change:
    """A text cell that says this."""
    return lambda notebook: cell(notebook, "why").update(source=source)


def runs(source) -> Change:
    """A code cell that does this."""
    return lambda notebook: cell(notebook, "hello").update(source=source)


def shows(output) -> Change:
    """A code cell that shows this."""
    return lambda notebook: cell(notebook, "hello").update(outputs=[output])


def named(name) -> Change:
    """A code cell with this id."""
    return lambda notebook: cell(notebook, "hello").update(id=name)


def without_outputs(notebook):
    for one in notebook.cells[4:]:
        one.update(outputs=[])


def with_outputs_ignored(notebook):
    for name in ("hello", "again", "set-up", "one-check"):
        cell(notebook, name).metadata.tags = ["nbval-ignore-output"]


def long_texts(notebook):
    for one in notebook.cells[:2]:
        one.source += " word" * 50


BAD: dict[str, tuple[str, Change]] = {
    "run twice": ("top to bottom", lambda n: n.cells[4].update(execution_count=7)),
    "cleared": ("have output to compare", without_outputs),
    "ignored": ("have output to compare", with_outputs_ignored),
    "a long text": ("121 words", reads("word " * 121)),
    "long texts": ("middle text cell", long_texts),
    "no boxes": ("no checklist", reads("## In production\n\n- Log.\n- [ ] Look.")),
    "no list": ("no checklist", reads("## In production\n\nLog and look.")),
    "long code": ("26 lines", runs("x = 1\n" * 26)),
    "wide code": ("80 characters", runs("x" * 80)),
    "pip": ("no pip", runs("%pip install six")),
    "a shell": ("no pip", runs("!ls")),
    "input": ("input()", runs('name = input("Who?")')),
    "semicolon": ("trailing ;", runs("plot(x);")),
    "no alt": ("no alt text", reads("![](images/dots.png)")),
    "remote": ("not in the repository", reads("![Dots](https://example.org/a.png)")),
    "no alt in HTML": ("without alt text", reads('<img src="images/dots.png">')),
    "a bare diagram": ("accTitle", reads("```mermaid\nflowchart LR\n  a --> b\n```")),
    "a mute picture": ("without alt text", shows(picture('width="9"'))),
    "a bare figure": ("line of text", shows(figure())),
    "no name": ("as typed", shows(printed('Type .answer("a") or lesson.q.answer()'))),
    "another kernel": ("kernelspec", lambda n: n.metadata.update(kernelspec={})),
    "no language": ("language_info", lambda n: n.metadata.pop("language_info")),
    "an id twice": ("2 cells have this id", named("set-up")),
    "a random id": ("words with dashes", named("0a1b2c3d")),
    "an odd id": ("words with dashes", named("Set_Up")),
    "widget state": ("widget state", lambda n: n.metadata.update(widgets={})),
    "times": ("time of its", lambda n: n.cells[4].metadata.update(execution={})),
    "a widget": ("widget view", shows(widget_view())),
    "a folder": (
        "author's machine",
        shows(printed(f"{ROOT}/course_utils/live/view.py")),
    ),
    "two titles": ("one title", reads("# Another title")),
    "no title": ("one title", lambda n: n.cells.pop(0)),
    "unchecked": ("2 exercises and 1 cells", lambda n: n.cells.pop()),
}


def test_a_good_notebook_has_no_faults():
    assert faults(good()) == []


def test_a_figure_with_a_line_of_text_is_good():
    notebook = good()
    words = printed("first token 0.50 s")
    cell(notebook, "hello").outputs = [figure(), words, picture('alt="Early"')]
    assert faults(notebook) == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_notebook_has_its_fault_and_no_other(name):
    fault, change = BAD[name]
    notebook = good()
    change(notebook)
    assert [fault in found for found in faults(notebook)] == [True]


def test_every_rule_catches_something():
    caught = set()
    for _, change in BAD.values():
        notebook = good()
        change(notebook)
        caught |= {rule for rule in RULES if list(rule(notebook))}
    assert caught == set(RULES)


def test_a_loop_that_prints_is_counted_wherever_it_hides():
    loop = "async for token in stream:\n    print(token)"
    hidden = f"async def main():\n    {loop.replace(chr(10), chr(10) + '    ')}"
    quiet = "for token in stream:\n    show(token)\nprint(token)"
    assert print_loops(notebook_of(code("a", loop), code("b", hidden))) == 2
    assert print_loops(notebook_of(code("a", quiet), code("b", "for x in:"))) == 0


def test_imports_are_found_wherever_they_stand():
    top = code("a", "import os.path as p, re\nfrom course_utils.chunks import text_of")
    inner = code("b", "def f():\n    from langchain_openai import ChatOpenAI")
    assert imported(notebook_of(top, inner)) == {
        "os",
        "re",
        "course_utils",
        "langchain_openai",
    }


SOLUTION = '''
def words_of(stream):
    """The words of a stream."""
    found = []
    for chunk in stream:
        found += chunk.text.split()
    return found
'''
STUB = 'def words_of(stream):\n    """The words of a stream."""\n    ...'


def test_a_stub_does_not_give_its_solution_away():
    assert gives_away(notebook_of(code("words-of", STUB)), SOLUTION, "words-of") == []


def test_a_solution_is_found_under_another_name_with_other_comments():
    spoiled = SOLUTION.replace("words_of", "mine").replace("= []", "= []  # so far")
    notebook = notebook_of(code("words-of", STUB), code("spoiled", spoiled))
    assert gives_away(notebook, SOLUTION, "words-of") == ["spoiled"]


def test_a_solution_is_found_in_an_output():
    seen = code("seen", "lesson.words_of.solution()", printed(SOLUTION))
    assert gives_away(notebook_of(seen), SOLUTION, "words-of") == ["seen"]


def test_code_to_mend_may_share_lines_with_its_solution_but_not_all():
    almost = SOLUTION.replace("return found", "return None")
    mend = notebook_of(code("words-of", almost))
    assert gives_away(mend, SOLUTION, "words-of") == []
    solved = notebook_of(code("words-of", SOLUTION))
    assert gives_away(solved, SOLUTION, "words-of") == ["words-of"]


def sanitised(words):
    config = (ROOT / "tests" / "sanitize.cfg").read_text("utf-8")
    patterns = get_sanitize_patterns(config)
    assert len(patterns) == config.count("\nregex") <= 6  # nbval drops a misspelt one
    for regex, replacement in patterns:
        words = re.sub(regex, replacement, words)
    return words


@pytest.mark.parametrize(
    "words",
    [
        *("0.51 s", "12 ms", "1,200 µs", "9.8 chunks/s", "12:03:04", "3 seconds"),
        '"created":1795367470',
        '<img alt="A" src="data:image/png;base64,iVBOR 5s/+9=">'.replace(" ", ""),
    ],
)
def test_times_are_not_compared(words):
    assert not re.search(r"\d", sanitised(f"It took {words}."))


@pytest.mark.parametrize(
    "words",
    ["12 chunks", "429", "v1.4", "2 s3cr3ts", "$3.50", "in 2026", "40 %", "1:2"],
)
def test_everything_else_is_compared(words):
    assert sanitised(words) == words
