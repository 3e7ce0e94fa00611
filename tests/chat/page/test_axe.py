"""axe-core finds no fault in the page, by day and by night, whatever state it is in."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
FAULTS = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  const said = ({ html, failureSummary }) => html + failureSummary;
  return violations.map(({ id, nodes }) => [id, ...nodes.map(said)]);
}"""
ANSWER = """# Title

Some *text* with `code` and a [link](https://example.org).

```python
x = "code"  # and why
```

| a | b |
|---|---|
| 1 | 2 |

- one
- two
"""


@pytest.fixture
def faults(person):
    """A function that asks axe for the page's faults."""
    if not AXE.is_file():
        pytest.skip("no axe-core here: npm ci --prefix tests/chat/page brings it")
    source = AXE.read_text("utf-8")

    def found():
        person.page.evaluate(source)
        return person.page.evaluate(FAULTS)

    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_before_in_and_after_an_answer(person, faults, scheme):
    person.page.emulate_media(color_scheme=scheme)
    assert faults() == []
    person.ask("What is streaming?")
    person.model.say(ANSWER)
    person.sees("streaming")
    assert faults() == []
    person.model.finish()
    person.sees("done")
    assert faults() == []


def test_axe_sees_a_fault_where_there_is_one(person, faults):
    person.page.evaluate("document.querySelector('label').remove()")
    assert "label" in [name for name, *_ in faults()]
