"""Write docs/forms.md: every documented form, run, and what it keeps silent about.

python -m tests.forms.page
"""

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler

from course_utils.passages import Passage, passages
from tests.forms.cases import CASES, Case
from tests.forms.page.headings import HEADINGS, page_of
from tests.forms.page.printed import PRINTED

PAGE = Path(__file__).parents[3] / "docs" / "forms.md"
PACKAGES = ("langchain", "langchain-core", "langgraph")
VERSIONS = "Run with "  # how the line of versions begins
HEAD = """\
# The forms of a stream

Every streaming snippet of LangChain's pages, as an equivalent of our own that runs \
offline (`tests/forms/cases.py`). Each was run, and beside it stood a handler that saw \
what happened; what the stream did not tell of it stands in the last column. Silent \
about *growing text* means that a text comes whole, at its end. Written by \
`python -m tests.forms.page`.
"""
COLUMNS = ("case", "page: heading", "form", "the loop runs as printed", "silent about")


class Witness(BaseCallbackHandler):
    """Sees what happens in a run, below its stream."""

    run_inline = True

    def __init__(self) -> None:
        self.saw: set[str] = set()
        self.texts = 0  # messages with text, of all models

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        message = response.generations[0][0].message
        if message.text:
            self.saw |= {"text", "growing text"}
            self.texts += 1
        if message.tool_calls:
            self.saw.add("tool calls")
        if any(block["type"] == "reasoning" for block in message.content_blocks):
            self.saw.add("thinking")
        if message.usage_metadata:
            self.saw.add("usage")
        self.saw.add("finish reason")

    def on_tool_start(self, serialized: Any, input_str: str, **kwargs: Any) -> None:
        if serialized["name"] == "chatty":
            self.saw.add("progress")

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        if kwargs.get("name") in ("refine", "guard.after_agent"):
            self.saw.add("progress")

    def on_tool_end(self, output: Any, **kwargs: Any) -> None:
        self.saw.add("tool results")


KINDS = {
    "text": "text",
    "reasoning": "thinking",
    "tool_call": "tool calls",
    "tool_result": "tool results",
    "progress": "progress",
    "usage": "usage",
    "finish": "finish reason",
    "interrupt": "question",
}
ONE = "one model's text"
ORDER = ("text", ONE, "growing text", *list(KINDS.values())[1:])


def told_by(found: Iterable[Passage]) -> set[str]:
    """What these passages tell, in the words of the page."""
    told = set()
    for passage in found:
        told.add(KINDS.get(passage.kind, ""))
        if passage.kind == "text" and not passage.whole:
            told.add("growing text")
    return told


async def silence_of(case: Case) -> str:
    """What happened in a run of this case and its stream did not tell."""
    run, witness = case.run(), Witness()
    run.config = {**(run.config or {}), "callbacks": [witness]}
    found = [passage async for passage in passages(await run.astream())]
    told = told_by(found)
    texts = len({p.message for p in found if p.kind == "text"})
    if 0 < texts < witness.texts:
        witness.saw.add(ONE)
    if getattr(run.runnable, "checkpointer", None):
        state = await run.runnable.aget_state(run.config)
        witness.saw |= {"question"} if state.interrupts else set()
    silent = witness.saw - told
    if "text" in silent:
        silent.discard("growing text")
    return ", ".join(word for word in ORDER if word in silent) or "–"


async def rows() -> list[tuple[str, ...]]:
    """The table, in the order of the cases."""
    found: list[tuple[str, ...]] = []
    for case in CASES:
        if case.id == "lc-e7b":  # the page prints it without its await
            printed = await PRINTED["lc-e7"]()
            place = f"{page_of(case.id)}: {HEADINGS['lc-e7']}"
            found.append(("lc-e7", place, "v3: gather", printed, "everything"))
        printed = await PRINTED[case.id]() if case.id in PRINTED else "yes"
        place = f"{page_of(case.id)}: {HEADINGS[case.id]}"
        found.append((case.id, place, case.form, printed, await silence_of(case)))
    return found


def versions() -> str:
    found = [f"{name} {version(name)}" for name in PACKAGES]
    return f"{VERSIONS}{', '.join(found)}, Python {platform.python_version()}."


async def made() -> str:
    """The page, made anew."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *await rows()]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{HEAD}\n{versions()}\n\n{table}\n"
