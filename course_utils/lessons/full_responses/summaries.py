"""The check of *ten pages, and one is refused*: each text stands under its own page.

What the model refuses, and with which error, differs from scene to scene.

    check_summaries(summaries)      # raises NotYet
"""

import asyncio
import inspect
from collections.abc import Sequence
from typing import Any

from langchain_core.exceptions import ModelRateLimitError

from course_utils.lessons.full_responses.crowds import Refusing
from course_utils.lessons.scenes import (
    NASTY,
    errors,
    interrupt,
    lets_through,
    on_purpose,
)
from course_utils.teaching.checks import NotYet, expect, shorten

PAGES = [f"page {number}" for number in range(10)]
ODD = {"page 1": NASTY, "page 2": "", "page 3": "No.", "page 4": "No."}


def _says(refused: Sequence[str], error: Exception) -> dict[str, Any]:
    """What a model says of ten pages of which it refuses some."""
    return {page: error if page in refused else f"On {page}." for page in PAGES}


def _scenes() -> dict[str, dict[str, Any]]:
    busy = ModelRateLimitError("on purpose")
    scenes = {
        "page 7 refused": _says(["page 7"], busy),
        "the first page refused": _says(["page 0"], busy),
        "the last page refused": _says(["page 9"], busy),
        "three pages refused": _says(["page 2", "page 3", "page 8"], busy),
        "every page refused": _says(PAGES, busy),
        "no page refused": _says([], busy),
        "no page at all": {},
        "odd texts": {"page 0": busy, **ODD},
    }
    for error in errors():
        name = type(error).__name__
        scenes[f"a {name} on page 7"] = _says(["page 7"], error)
    return scenes


def check_summaries(summaries: Any) -> None:
    """Go on if each page that was answered has its own text, and no other page."""
    for scene, says in _scenes().items():
        _judge(summaries, scene, Refusing(says=says), list(says))
    blocks = Refusing(says=ODD, blocks=True)
    _judge(summaries, "texts in blocks", blocks, list(ODD))
    twice = [*ODD, *ODD]
    _judge(summaries, "each page given twice", Refusing(says=ODD), twice)
    error = interrupt()
    stopped = Refusing(says={"page 0": error})
    lets_through(lambda: _given(summaries, stopped, ["page 0"]), error, "summaries")


def _judge(summaries: Any, scene: str, model: Refusing, pages: list[str]) -> None:
    case, mine = f"With {scene},", list(pages)
    try:
        got = _given(summaries, model, mine)
    except Exception as error:
        if not on_purpose(error):
            raise
        what = f"the {type(error).__name__} of one page reached the caller"
        raise NotYet(f"{case} {what}: keep the answers of the others.") from error
    fault = "the list of pages is another one now: it is the caller's, leave it alone."
    expect(mine == pages, f"{case} {fault}")
    expect(got is not None, f"{case} it gave None. Is a `return` missing?")
    if not isinstance(got, dict):
        raise NotYet(f"{case} it gave {shorten(got)}: a dict, please.")
    odd = next((page for page in model.requested if page not in model.says), None)
    expect(odd is None, f"{case} the model was asked {odd!r}: ask it the page itself.")
    for page in dict.fromkeys([*model.says, *got]):
        if why := _fault(page, model.says.get(page), got):
            raise NotYet(f"{case} {why}")
    count = f"{len(model.requested)} requests for {len(pages)} pages"
    why = f"{case} the model got {count}: ask once for each."
    expect(sorted(model.requested) == sorted(pages), why)


def _given(summaries: Any, model: Refusing, pages: list[str]) -> Any:
    made = summaries(model, pages)
    return asyncio.run(made) if inspect.iscoroutine(made) else made


def _fault(page: Any, said: Any, got: dict[Any, Any]) -> str:
    """What is wrong with one page of the answer; empty if nothing is."""
    if not isinstance(said, str):
        if page not in got:
            return ""
        return (
            f"{shorten(page)} has {shorten(got[page])}: it was refused, leave it out."
            if said is not None
            else f"there is {shorten(page)}, which is no page."
        )
    if page not in got:
        return f"{shorten(page)} is missing, and the model answered it."
    if got[page] == said:
        return ""
    if not isinstance(got[page], str):
        return f"{shorten(page)} has {shorten(got[page])}: its text is `.text`."
    return f"{shorten(page)} has {shorten(got[page])}, not its own {shorten(said)}."
