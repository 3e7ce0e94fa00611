"""A message is translated by the parts it was made of, and loses nothing."""

from itertools import islice
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.language import phrases
from course_utils.language.templates import LONGEST, Phrases, template, ways

ENTRIES = {
    "`{call}` gave {got}.": "`{call}` gab {got}.",
    "The end is missing.": "Das Ende fehlt.",
    "With {scene},": "Im Fall „{scene}“:",
    "page 7 refused": "Seite 7 abgelehnt",
    "{page} has {got}: leave it out.": "{page} hat {got}: Lass sie weg.",
    "{one} or {other}": "{one} oder {other}",
    "done": "fertig",
    "{n} of {all} exercises": "{n} von {all} Aufgaben",
    "a {name}": "ein {name}",
    "{{}} is a dict": "{{}} ist ein Dict",
    "It raised `{error}`": "Es gab einen `{error}`",
}
SAID = Phrases(ENTRIES)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("`f(x)` gave 'a'. The end is missing.", "`f(x)` gab 'a'. Das Ende fehlt."),
        # What came has in it what also stands between the parts.
        (
            "`f(x)` gave 'a. b, gave c'. The end is missing.",
            "`f(x)` gab 'a. b, gave c'. Das Ende fehlt.",
        ),
        (
            "With page 7 refused, 'a' has 'x has y': leave it out.",
            "Im Fall „Seite 7 abgelehnt“: 'a' hat 'x has y': Lass sie weg.",
        ),
        ("f(1) or f(2) or f(3)", "f(1) oder f(2) oder f(3)"),
        ("1 of 2 exercises · 0 of 3 exercises", "1 von 2 Aufgaben · 0 von 3 Aufgaben"),
        ("{} is a dict", "{} ist ein Dict"),
        ("It raised `E`: odd {name} here", "Es gab einen `E`: odd {name} here"),
        ("  The end is missing.\n", "  Das Ende fehlt.\n"),
        ("`f()` gave a dict.", "`f()` gab ein dict."),
        ("done · 1 of 2 exercises", "fertig · 1 von 2 Aufgaben"),
        ("done: 1 of 2 exercises", "fertig: 1 von 2 Aufgaben"),
        # A name that a learner gave is no word of ours.
        ("`done` gave done.", "`done` gab done."),
        ("done or done", "done oder done"),
    ],
)
def test_a_message_is_read_as_the_parts_that_leave_least_of_it(english, german):
    assert SAID.translate(english) == german


@pytest.mark.parametrize(
    "text",
    [
        "a stream of text",
        "Does it wait or sleep?",
        "The end is missing",
        "",
        " \n",
        "{", "}", "{}", "{0}", "{name}",
        "x" * (LONGEST + 1),
    ],
)  # fmt: skip
def test_what_is_not_known_stays_as_it_is(text):
    assert SAID.translate(text) == text


@given(st.text(alphabet="a, {}'.\n:or", max_size=60))
def test_any_text_can_be_asked_for(text):
    assert isinstance(SAID.translate(text), str)


@given(st.lists(st.text(max_size=8), min_size=1), st.lists(st.text(max_size=3)))
def test_every_way_to_fill_the_holes_gives_the_text_back(parts, literals):
    literals = [*literals, "", ""][: len(parts) + 1]
    text = "".join(part for pair in zip(literals, parts, strict=False) for part in pair)
    for found in islice(ways(text, literals), 100):
        filled = [x for pair in zip(literals, [*found, ""], strict=True) for x in pair]
        assert "".join(filled) == text


HOLED = phrases("de")._holed


@pytest.mark.parametrize("one", HOLED, ids=lambda one: " ".join(one.literals)[:40])
def test_no_value_in_a_message_is_lost(one):
    values = [f"'{letter}. x, y: {letter}'" for letter in ascii_letters]
    values = values[: len(one.names)]
    holes = [*values, ""]
    english = "".join(x for pair in zip(one.literals, holes, strict=True) for x in pair)
    german = phrases("de").translate(english)
    assert [value for value in values if value not in german] == []


def test_a_template_has_the_braces_of_str_format():
    made = template("{{{a}}} and {b}", "{b} und {{{a}}}")
    assert made.literals == ("{", "} and ", "")
    assert made.names == ("a", "b")
