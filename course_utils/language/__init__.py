"""The language a learner is spoken to in: English, or one that has catalogues here.

What is shown asks here, at the moment it is shown. What no catalogue knows stays
English, and where none is wanted nothing is read.

    COURSE_LANGUAGE=de      # set it before, or in a notebook's first cell
"""

import os
from functools import cache
from pathlib import Path

from course_utils.language.catalogue import read_entries
from course_utils.language.templates import Phrases

__all__ = ["language", "languages", "translated"]

CATALOGUES = Path(__file__).parent


def languages() -> list[str]:
    """The languages that have catalogues here, English first."""
    return ["en", *sorted(path.parent.name for path in CATALOGUES.glob("*/package.po"))]


def language() -> str:
    """The language in `COURSE_LANGUAGE`; `en` where it is not set.

    A region does not count: `de_AT` is `de`.

    Raises:
        ValueError: There are no catalogues for it.
    """
    setting = os.environ.get("COURSE_LANGUAGE", "")
    if not setting:
        return "en"
    name = setting.replace("-", "_").partition("_")[0].lower()
    if name not in (known := languages()):
        raise ValueError(
            f"COURSE_LANGUAGE is one of {', '.join(known)}, got {setting!r}: "
            "docs/translation.md says how to add a language."
        )
    return name


def translated(text: str) -> str:
    """A text for a learner in the language of `COURSE_LANGUAGE`.

    >>> translated("Nothing came.")
    'Nothing came.'
    """
    if not os.environ.get("COURSE_LANGUAGE"):
        return text
    name = language()
    return text if name == "en" else phrases(name).translate(text)


@cache
def phrases(name: str) -> Phrases:
    """All that the package says in this language; read once, when first needed."""
    entries: dict[str, str] = {}
    for path in sorted((CATALOGUES / name).glob("*.po")):
        entries |= read_entries(path.read_text("utf-8"))
    return Phrases(entries)
