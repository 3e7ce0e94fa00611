"""What an English text and its translation have in common, whatever the language.

Code, links, numbers, holes and the marks of Markdown stay; only the words change.

    faults("Write `f(x)`.", "Schreib `f(y)`.")    # ["code: ['`f(x)`'] ['`f(y)`']"]
"""

import re
from collections import Counter
from collections.abc import Callable

Kept = Callable[[str], list[str]]

TABLE = re.compile(r"(?<!\\)\|")
OPENS = re.compile(r"\s*(#+ |- \[ \] |- |\d+\. |> |```\w*|\|)?")


def _found(pattern: str) -> Kept:
    return re.compile(pattern).findall


def lines(text: str) -> list[str]:
    """What each line is in Markdown: a heading, an item, a row of so many cells."""
    return [
        f"{number} {(OPENS.match(line) or [''])[0]}{len(TABLE.findall(line))}"
        for number, line in enumerate(text.split("\n"))
    ]


KEPT: dict[str, Kept] = {
    "code": _found(r"`[^`\n]+`"),
    "links": _found(r"\]\(([^)]+)\)"),
    "holes": _found(r"\{\w+\}"),
    "numbers": _found(r"\d+"),
    "tags": _found(r"</?\w+[^>]*>"),
    "bold": _found(r"\*\*"),
    "signs": _found(r"[✓✗…·]"),
    "calls": _found(r"\.\w+\("),
    "lines": lines,
}


def faults(english: str, here: str) -> list[str]:
    """What is in one of the two and not in the other."""
    return [
        f"{name}: {kept(english)} {kept(here)}"
        for name, kept in KEPT.items()
        if Counter(kept(english)) != Counter(kept(here))
    ]
