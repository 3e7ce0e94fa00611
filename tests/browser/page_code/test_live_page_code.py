"""The page's code alone, in one empty page: right Markdown, any chunks, no danger."""

import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from course_utils.live.markdown import markdown_html
from tests.browser.page import open_page
from tests.browser.payloads import PAYLOADS
from tests.live.test_markdown import HOSTS, SHOWN
from tests.support.github_markdown import GITHUB
from tests.support.pathological import KINDS

pytestmark = pytest.mark.slow

PROBE = """
globalThis.text = (pieces) => {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const writer = new MarkdownText(root);
  for (const piece of pieces) writer.write(piece, false);
  writer.write("", true);
  return root;
};
globalThis.html = (pieces) => text(pieces).innerHTML;
globalThis.steps = (source) => {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const writer = new MarkdownText(root);
  return [...source].map((char) => {
    writer.write(char, false);
    return root.innerText;
  });
};
globalThis.splits = (source) => {
  const whole = html([source]);
  const wrong = [];
  for (let at = 0; at <= source.length; at += 1) {
    if (html([source.slice(0, at), source.slice(at)]) !== whole) wrong.push(at);
  }
  if (html([...source]) !== whole) wrong.push("every");
  return wrong;
};
"""

# What a model may write, cut into pieces that meet in every order.
ATOMS = """word|foo bar|**|*|_|__|~~|`|``|```|# |## |- |* |1. |2) |> |  |    ||---|===
[|](|](http://a.b/c)|)|[x](https://e.f)|![i](http://x.y)|!|<b>|&amp;|$5|3. |é|😀|...
snake_case_name|(|"|- [ ] |- [x] |<http://a.b>|<br>|&copy;|https://c.d/e_f|\\(|\\)|\\[|\\]|$|$$|$a*b$
中|。|「|שלום|\u202e|[bank.example](https://e.f)|\\"""
ATOMS_ = [*re.split(r"[|\n]", ATOMS), "\n", "\n", "\n\n", "\n\n", "|", "\t"]
TABLE = "| a | b |\n|---|:-:|\n| 1 | 2 |\n"
PIECES = [*ATOMS_, TABLE, "```python\n", "~~~\n"]


def documents(seed: int, count: int) -> list[str]:
    rng = random.Random(seed)
    sizes = [rng.choice([3, 6, 14, 25]) for _ in range(count)]
    return ["".join(rng.choices(PIECES, k=size)) for size in sizes]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser, PROBE) as page:
        yield page


class Shape(HTMLParser):
    """HTML without what cannot be seen: colours of code, attributes, line ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {k: (v or "").replace(" ", "").rstrip(";") for k, v in attrs}
        seen = [given[k] for k in ("start", "dir") if k in given]
        seen += (
            [given["style"]] if "style" in given and tag in ("td", "th", "li") else []
        )
        link = ["href"] if "href" in given else []
        if tag != "span":
            self.parts.append(f"<{' '.join([tag, *seen, *link])}>")

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("span", "hr", "br"):
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


BLOCK = r"(</?(?:p|div|pre|ul|ol|li|blockquote|table|t\w+|h\d|hr|br)\b[^>]*>)"


def shape(html: str) -> str:
    parser = Shape()
    parser.feed(html)
    parser.close()
    text = re.sub(r"\s+</code></pre>", "</code></pre>", "".join(parser.parts))
    return re.sub(rf"\s*{BLOCK}\s*", r"\1", text)


def test_the_page_reads_markdown_as_the_saved_notebook_does(page: Page):
    texts = documents(1, 3000)
    drawn = page.evaluate("texts => texts.map((t) => html([t]))", texts)
    pairs = zip(texts, drawn, strict=True)
    wrong = [text for text, html in pairs if shape(html) != shape(markdown_html(text))]
    assert wrong == []


def test_what_models_write_is_shown_alike_whole_and_by_the_letter(page: Page):
    texts = [text for text, _ in SHOWN.values()]
    texts += [f"[{words}]({address})" for words, address in HOSTS]
    texts += GITHUB.values()
    for text in texts:
        saved = shape(markdown_html(text))
        assert shape(page.evaluate("t => html([t])", text)) == saved, text
        assert shape(page.evaluate("t => html([...t])", text)) == saved, text


@pytest.mark.parametrize("kind", KINDS)
def test_what_loses_a_reader_is_shown_alike(page: Page, kind: str):
    text = KINDS[kind]
    assert shape(page.evaluate("t => html([t])", text)) == shape(markdown_html(text))


def test_any_chunks_give_the_same_page(page: Page):
    rng = random.Random(2)
    for text in documents(3, 400):
        cuts = sorted(rng.choices(range(len(text) + 1), k=8))
        ends = [0, *cuts, len(text)]
        pieces = [text[a:b] for a, b in pairwise(ends)]
        assert page.evaluate("p => html(p)", pieces) == page.evaluate(
            "t => html([t])", text
        ), pieces


LONG = {
    "a list": [f"- item {n} **of** many\n" for n in range(60)],
    "a numbered list": [f"{n}. item\n" for n in range(7, 60)],
    "a list that turns loose late": ["- a\n"] * 30 + ["\n- b\n"] * 30,
    "a list that was loose early": ["- a\n\n- b\n"] + ["- c\n"] * 30,
    "a list with nests and code": ["- a\n  - b\n\n    ```\n    c\n    ```\n"] * 20,
    "a table": ["| a | b |\n|:-:|---|\n", *(f"| {n} | `x` |\n" for n in range(40))],
    "a table with thin rows": [TABLE, *["| 1 | 2 |\n"] * 20, "| 1\n", "words\n"],
    "a program": ["```python\n", *(f'x{n} = """{n}\n"""\n' for n in range(40))],
    "a formula": ["Words\n\\[\n", *["- a_b*c*\n= d\n"] * 20, "\\]\n"],
}


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("end", ["", "\nThe **end**.\n", "```\n\nAnd *more*."])
def test_long_blocks_are_drawn_in_pieces_as_at_once(page: Page, kind: str, end: str):
    text = "Before.\n\n" + "".join(LONG[kind]) + end
    whole = page.evaluate("t => html([t])", text)
    assert shape(whole) == shape(markdown_html(text))
    for size in (1, 7, 100):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert page.evaluate("p => html(p)", pieces) == whole, size


ANSWER = """# Streaming

A **bold** word, some *emphasis*, ~~old~~ news, `code`, a [link](https://a.example/b)
and an ![image](https://a.example/c.png).

- one **two**
- three `four`
  1. five

> quoted *words*

```python
print("hello")
```

| name | value |
|---|--:|
| `a` | **1** |

The end.
"""
MARKS = re.compile(r"\*|~~|`|\]\(|\[|https?:|^#|^- |^> |^\|", re.MULTILINE)


def test_a_half_typed_mark_is_never_seen(page: Page):
    for number, seen in enumerate(page.evaluate("t => steps(t)", ANSWER)):
        assert not MARKS.search(seen), (ANSWER[: number + 1][-20:], seen[-60:])


def test_the_text_on_the_page_never_gets_shorter_by_more_than_a_mark(page: Page):
    steps = page.evaluate("t => steps(t)", ANSWER)
    lengths = [len("".join(step.split())) for step in steps]
    drops = [a - b for a, b in pairwise(lengths)]
    assert max(drops) <= 3


@pytest.mark.parametrize("start", range(0, len(PAYLOADS), 20))
def test_no_payload_runs_or_fetches_whole_or_split_anywhere(page: Page, start: int):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for payload in PAYLOADS[start : start + 20]:
        wrong = page.evaluate("t => splits(t)", payload)
        assert wrong == [], (payload, wrong)
        assert page.evaluate(AUDIT) == [], payload
    page.wait_for_timeout(50)
    assert page.evaluate("() => window.pwned") is None
    assert [url for url in asked if not url.startswith("blob:")] == []


# Everything on the page that is not from the short list of harmless things.
AUDIT = """
() => [...document.body.firstChild.querySelectorAll("*")].flatMap((node) => {
  const good = /^(a|blockquote|br|code|div|em|h[1-6]|hr|li|ol|p|pre|s|span|
    strong|table|tbody|td|th|thead|tr|ul)$/x;
  const names = "href title rel target start style class dir".split(" ");
  const bad = [...node.attributes].filter((a) => !names.includes(a.name));
  const link = node.getAttribute("href");
  if (link !== null && !/^(https?|mailto):/i.test(link)) bad.push(link);
  return good.test(node.localName) ? bad.map(String) : [node.localName, ...bad];
})
""".replace("|\n    ", "|").replace("/x;", "/;")


def test_code_is_coloured_in_labs_classes_also_over_lines(page: Page):
    source = '```python\n"""long\nreturn"""\nreturn 1  # why\n```'
    html = page.evaluate("t => html([...t])", source)
    assert '<span class="s">"""long</span>' in html
    assert '<span class="s">return"""</span>' in html
    assert '<span class="k">return</span>' in html
    assert '<span class="c"># why</span>' in html
