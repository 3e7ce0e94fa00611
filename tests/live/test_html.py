"""Model output as plain HTML: right, and unable to do anything."""

from html.parser import HTMLParser

import hypothesis.strategies as st
import pytest
from hypothesis import given

from course_utils.live.answer import answer_html, answer_text
from course_utils.live.markdown import CODE_BOX, markdown_html
from course_utils.live.transcript import Transcript
from course_utils.passages import Passage
from tests.browser.payloads import PAYLOADS

TEXT = ["a", "br", "code", "del", "em", "p", "pre", "s", "small", "span", "strong"]
BLOCKS = ["blockquote", "div", "hr", "li", "ol", "ul", *(f"h{n}" for n in range(1, 7))]
TABLES = ["table", "tbody", "td", "th", "thead", "tr"]
ELEMENTS = {*TEXT, *BLOCKS, *TABLES}
ATTRIBUTES = {"href", "title", "rel", "target", "start", "style", "class", "dir"}


class Audit(HTMLParser):
    """Fails on any element, attribute or address that could do something."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            if name == "href":
                assert (value or "").lower().startswith(("http:", "https:", "mailto:"))
            if name == "style":
                assert value in ALIGNED, value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")


ALIGNED = {f"text-align:{side}" for side in ("left", "right", "center", "start")}
ALIGNED |= {"list-style:none", "background:none", CODE_BOX}


def audit(html: str) -> None:
    parser = Audit()
    parser.feed(html)
    parser.close()


def test_there_are_at_least_sixty_payloads():
    assert len(set(PAYLOADS)) >= 60


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_leaves_a_live_element(payload: str):
    for text in (payload, f"a\n\n{payload}\n\nb", f"- {payload}", f"| {payload} |"):
        audit(markdown_html(text))


@given(st.lists(st.sampled_from([*PAYLOADS, "\n", "`", "[", "](", ")", "**", "> "])))
def test_no_mixture_of_payloads_leaves_a_live_element(pieces: list[str]):
    audit(markdown_html("".join(pieces)))


def test_an_image_is_a_link_and_nothing_is_fetched():
    html = markdown_html("![chart](https://e.example/x.png?q=secret)")
    assert "<img" not in html
    assert ">image: chart</a>" in html


def test_a_link_that_claims_another_address_says_where_it_leads():
    html = markdown_html("[https://bank.example](https://evil.example/login)")
    assert "</a> (evil.example)" in html
    assert "(" not in markdown_html("[https://a.example/x](https://a.example/x)")


def test_code_wears_the_classes_that_lab_colours():
    html = markdown_html("```python\nreturn 1\n```")
    assert '<span class="k">return</span>' in html
    assert ">x &lt; 1" in markdown_html("```no-such-language\nx < 1\n```")


def test_a_price_is_not_taken_for_a_formula():
    transcript = Transcript()
    transcript.add(Passage("text", "It costs $5 and $10."))
    html = answer_html("", "done", transcript.entries, markdown=True)
    assert "mathjax_ignore" in html and "$5 and $10" in html


def test_an_answer_has_its_title_its_state_and_what_tools_said():
    transcript = Transcript()
    transcript.add(Passage("text", "Mild <b>."))
    html = answer_html("t<i>", "done", transcript.entries, markdown=False)
    assert "<strong>t&lt;i&gt;</strong> · done" in html
    assert "Mild &lt;b&gt;." in html
    assert answer_text("t", "done", transcript.entries) == "t · done\n\nMild <b>."
